/**
 * 3×3 convolutions of stride 1 by Winograd's F(4×4, 3×3) (Lavin and Gray 2016): a block of 4×4 outputs takes 36
 * products a pair of channels instead of 144. Images lie as [batch, height, width, channels]; the numbers of
 * channels are multiples of four.
 *
 * A chunk works on its blocks a few at a time, so that their 36 small matrices stay in the second-level cache:
 * transform the pixels, multiply 36 times, transform back.
 */
import {address, int, partStart} from './call';
import {turn} from './pack';
import {COLUMNS, tileRows} from './tile';
import {PRODUCTS, panelsOf, transformPatch} from './winogradPatch';
import {finishOutput, transformFilter, transformOutput} from './winogradTransforms';

/**
 * `U = G g Gᵀ` for each pair of channels, as 36 matrices packed into panels of sixteen output channels. A chunk is
 * some input channels.
 *
 * Scratch: `(9 + 18 + 36) · outChannels` numbers, and where turned also `9 · inChannels · outChannels`.
 *
 * @param args filter [3, 3, inChannels, outChannels], to, inChannels, outChannels, turned (the convolution of the
 *   input's gradient: taps in reverse, and the filter is given as [3, 3, outChannels, inChannels]), chunks
 */
export function winogradFilter(args: usize, chunk: i32, scratch: usize): void {
  let filter = address(args, 0);
  const to = address(args, 1);
  const inputs = int(args, 2);
  const outputs = int(args, 3);
  const turned = int(args, 4) != 0;
  const chunks = int(args, 5);
  const rowBytes = (<usize>outputs) << 2;
  const tapBytes = <usize>inputs * rowBytes;
  const taps = scratch;
  const middle = taps + 9 * rowBytes;
  const full = middle + 18 * rowBytes;
  const first = partStart(chunk, chunks, inputs, 1);
  const last = partStart(chunk + 1, chunks, inputs, 1);
  if (turned) {
    const matrices = full + PRODUCTS * rowBytes;
    for (let tap: usize = 0; tap < 9; tap++)
      turn(
        filter + tap * tapBytes + ((<usize>first) << 2),
        (<usize>inputs) << 2,
        matrices + (8 - tap) * tapBytes + <usize>first * rowBytes,
        rowBytes,
        outputs,
        last - first,
      );
    filter = matrices;
  }
  const panels = panelsOf(outputs);
  const panelBytes = (<usize>inputs) << 6;
  for (let input = first; input < last; input++) {
    for (let tap: usize = 0; tap < 9; tap++)
      memory.copy(taps + tap * rowBytes, filter + tap * tapBytes + <usize>input * rowBytes, rowBytes);
    // Columns first: [3, 3] to [6, 3], then rows: [6, 3] to [6, 6].
    for (let j: usize = 0; j < 3; j++)
      transformFilter(taps + j * rowBytes, 3 * rowBytes, middle + j * rowBytes, 3 * rowBytes, outputs);
    for (let i: usize = 0; i < 6; i++)
      transformFilter(middle + i * 3 * rowBytes, rowBytes, full + i * 6 * rowBytes, rowBytes, outputs);
    for (let p: usize = 0; p < PRODUCTS; p++) {
      for (let panel = 0; panel < panels; panel++) {
        const target = to + (p * <usize>panels + <usize>panel) * panelBytes + ((<usize>input) << 6);
        const width = min(COLUMNS, outputs - panel * COLUMNS);
        if (width < COLUMNS) memory.fill(target, 0, 64);
        memory.copy(target, full + p * rowBytes + ((<usize>panel) << 6), (<usize>width) << 2);
      }
    }
  }
}

/**
 * The convolution `y = activation(x * filter + bias)`. A chunk is some of the batch's blocks of 4 × 4 outputs.
 *
 * Scratch: 80 bytes, `73 · inChannels + 24 · outChannels` numbers for transforms, and
 * `36 · blocks · (inChannels + outChannels)` for the matrices.
 *
 * @param args x, U (of `winogradFilter`), y, batch, height, width, inChannels, outHeight, outWidth, outChannels,
 *   padTop, padLeft, bias (0 for none), activation, blocks (at a time), chunks, mask (0, or the output whose
 *   activation's gradient x still has to pass), maskActivation
 */
export function winogradConv(args: usize, chunk: i32, scratch: usize): void {
  const x = address(args, 0);
  const filter = address(args, 1);
  const y = address(args, 2);
  const batch = int(args, 3);
  const height = int(args, 4);
  const width = int(args, 5);
  const inputs = int(args, 6);
  const outHeight = int(args, 7);
  const outWidth = int(args, 8);
  const outputs = int(args, 9);
  const padTop = int(args, 10);
  const padLeft = int(args, 11);
  const bias = address(args, 12);
  const activation = int(args, 13);
  const blocks = int(args, 14);
  const chunks = int(args, 15);
  const mask = address(args, 16);
  const maskActivation = int(args, 17);

  const across = (outWidth + 3) / 4;
  const perImage = across * ((outHeight + 3) / 4);
  const inBytes = (<usize>inputs) << 2;
  const outBytes = (<usize>outputs) << 2;
  const imageBytes = <usize>height * <usize>width * inBytes;
  const panels = panelsOf(outputs);
  const panelBytes = (<usize>inputs) << 6;

  const spill = scratch;
  const segment = scratch + 64;
  store<i32>(segment, 0);
  const zeros = scratch + 80;
  memory.fill(zeros, 0, inBytes);
  const rows = zeros + 73 * inBytes;
  const pixels = rows + 24 * outBytes;
  const products = pixels + PRODUCTS * <usize>blocks * inBytes;

  const last = partStart(chunk + 1, chunks, batch * perImage, blocks);
  for (let first = partStart(chunk, chunks, batch * perImage, blocks); first < last; first += blocks) {
    const count = min(blocks, last - first);
    for (let t = 0; t < count; t++) {
      const image = (first + t) / perImage;
      const block = (first + t) % perImage;
      transformPatch(
        x + <usize>image * imageBytes,
        mask == 0 ? 0 : mask + <usize>image * imageBytes,
        maskActivation,
        (block / across) * 4 - padTop,
        (block % across) * 4 - padLeft,
        height,
        width,
        inputs,
        pixels + <usize>t * inBytes,
        <usize>blocks * inBytes,
        zeros,
      );
    }
    for (let p: usize = 0; p < PRODUCTS; p++) {
      const a = pixels + p * <usize>blocks * inBytes;
      const c = products + p * <usize>blocks * outBytes;
      for (let panel = 0; panel < panels; panel++) {
        const b = filter + (p * <usize>panels + <usize>panel) * panelBytes;
        const columns = min(COLUMNS, outputs - panel * COLUMNS);
        const to = c + ((<usize>panel) << 6);
        tileRows(a, inBytes, count, segment, 1, inputs, b, 64, to, outBytes, columns, false, 0, 0, spill);
      }
    }
    for (let t = 0; t < count; t++) {
      const image = (first + t) / perImage;
      const block = (first + t) % perImage;
      const top = (block / across) * 4;
      const left = (block % across) * 4;
      const m = products + <usize>t * outBytes;
      const step = <usize>blocks * outBytes;
      for (let i: usize = 0; i < 6; i++)
        transformOutput(m + i * 6 * step, step, rows + i * 4 * outBytes, outBytes, outputs);
      for (let j = 0; j < 4; j++) {
        if (left + j >= outWidth) break;
        const target =
          y + ((<usize>image * <usize>outHeight + <usize>top) * <usize>outWidth + <usize>(left + j)) * outBytes;
        const line = <usize>outWidth * outBytes;
        finishOutput(
          rows + <usize>j * outBytes,
          4 * outBytes,
          target,
          top + 1 < outHeight ? target + line : 0,
          top + 2 < outHeight ? target + 2 * line : 0,
          top + 3 < outHeight ? target + 3 * line : 0,
          bias,
          activation,
          outputs,
        );
      }
    }
  }
}
