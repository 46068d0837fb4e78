/**
 * 3×3 convolutions of stride 1 by Winograd's F(4×4, 3×3) (Lavin and Gray 2016): a block of 4×4 outputs takes 36
 * products a pair of channels instead of 144. Images lie as [batch, height, width, channels]; the numbers of
 * channels are multiples of four.
 *
 * A chunk works on its blocks a few at a time, so that their 36 small matrices stay in the second-level cache:
 * transform the pixels, multiply 36 times, transform back.
 */
import {address, int, partStart} from './call';
import {RELU6} from './activation';
import {turn} from './pack';
import {COLUMNS, ROWS, tile} from './tile';
import {
  finishOutput,
  transformFilter,
  transformFilterGradient,
  transformGradient,
  transformInput,
  transformOutput,
} from './winogradTransforms';

/** Products a block and pair of channels. */
const PRODUCTS: usize = 36;

/** Bytes of a panel of the transformed filter with `channels` rows. */
// @ts-ignore: decorator
@inline
function panelsOf(columns: i32): i32 {
  return (columns + COLUMNS - 1) / COLUMNS;
}

/**
 * `U = G g Gᵀ` for each pair of channels, as 36 matrices packed into panels of sixteen output channels. A chunk is
 * some input channels.
 *
 * Scratch: `(9 + 36) · outChannels` numbers, and where turned also `9 · inChannels · outChannels`.
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

/** Where the pixels of a block of images come from. */
// @ts-ignore: decorator
@inline
function pixel(image: usize, row: i32, column: i32, height: i32, width: i32, pixelBytes: usize, zeros: usize): usize {
  if (<u32>row >= <u32>height || <u32>column >= <u32>width) return zeros;
  return image + (<usize>row * <usize>width + <usize>column) * pixelBytes;
}

/** Four numbers of a gradient, zero where the activation that made `y` is flat. */
// @ts-ignore: decorator
@inline
function masked(gradient: v128, y: v128, activation: i32): v128 {
  const passed = v128.and(gradient, f32x4.gt(y, f32x4.splat(0)));
  return activation == RELU6 ? v128.and(passed, f32x4.lt(y, f32x4.splat(6))) : passed;
}

/** The pixels of a square of `size` × `size` with the gradient of an activation applied, zeros outside the image. */
function maskedPatch(
  gradient: usize,
  y: usize,
  activation: i32,
  top: i32,
  left: i32,
  size: i32,
  height: i32,
  width: i32,
  channels: i32,
  to: usize,
): void {
  const bytes = (<usize>channels) << 2;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++, to += bytes) {
      const row = top + i;
      const column = left + j;
      if (<u32>row >= <u32>height || <u32>column >= <u32>width) {
        memory.fill(to, 0, bytes);
        continue;
      }
      const offset = (<usize>row * <usize>width + <usize>column) * bytes;
      for (let c: usize = 0; c < bytes; c += 16)
        v128.store(to + c, masked(v128.load(gradient + offset + c), v128.load(y + offset + c), activation));
    }
  }
}

/**
 * `Bᵀ d B` of the 6 × 6 pixels at (top, left), as 36 rows of `channels` numbers, `step` bytes apart. Pixels outside
 * the image are zero. Where `y` is an address, pixels are gradients that still have to pass the activation.
 *
 * @param scratch `72 · channels` numbers and `channels` zeros before them
 */
function transformPatch(
  image: usize,
  y: usize,
  activation: i32,
  top: i32,
  left: i32,
  height: i32,
  width: i32,
  channels: i32,
  to: usize,
  step: usize,
  zeros: usize,
): void {
  const bytes = (<usize>channels) << 2;
  const columns = zeros + bytes;
  let source = image;
  if (y != 0) {
    source = columns + PRODUCTS * bytes;
    maskedPatch(image, y, activation, top, left, 6, height, width, channels, source);
    top = 0;
    left = 0;
    height = 6;
    width = 6;
  }
  for (let j = 0; j < 6; j++) {
    const column = left + j;
    transformInput(
      pixel(source, top, column, height, width, bytes, zeros),
      pixel(source, top + 1, column, height, width, bytes, zeros),
      pixel(source, top + 2, column, height, width, bytes, zeros),
      pixel(source, top + 3, column, height, width, bytes, zeros),
      pixel(source, top + 4, column, height, width, bytes, zeros),
      pixel(source, top + 5, column, height, width, bytes, zeros),
      columns + <usize>j * bytes,
      6 * bytes,
      channels,
    );
  }
  for (let i: usize = 0; i < 6; i++) {
    const row = columns + i * 6 * bytes;
    transformInput(
      row,
      row + bytes,
      row + 2 * bytes,
      row + 3 * bytes,
      row + 4 * bytes,
      row + 5 * bytes,
      to + i * 6 * step,
      step,
      channels,
    );
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
        for (let t = 0; t < count; t += ROWS) {
          const real = min(ROWS, count - t);
          const a0 = a + <usize>t * inBytes;
          const c0 = c + <usize>t * outBytes + ((<usize>panel) << 6);
          tile(
            a0, real > 1 ? a0 + inBytes : a0, real > 2 ? a0 + 2 * inBytes : a0, segment, 1, inputs, b, 64,
            c0, c0 + outBytes, c0 + 2 * outBytes, real, columns, false, 0, 0, spill,
          );
        }
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

/**
 * The filter's gradient among the transformed: `dU += V · Dᵀ` for each of the 36 products, summed over a chunk's
 * blocks, where V is the transformed input and D the transformed gradient of the output.
 *
 * Scratch: 80 bytes, `73 · inChannels + 41 · outChannels` numbers for transforms, and
 * `blocks · (37 · inChannels + 36 · outChannels rounded up to 16)` for the matrices.
 *
 * @param args x, dy, to (a chunk's sums: 36 × inChannels × outChannels numbers), batch, height, width, inChannels,
 *   outHeight, outWidth, outChannels, padTop, padLeft, blocks (at a time), chunks, mask (0, or the output whose
 *   activation's gradient dy still has to pass), maskActivation
 */
export function winogradFilterGradient(args: usize, chunk: i32, scratch: usize): void {
  const x = address(args, 0);
  const dy = address(args, 1);
  const batch = int(args, 3);
  const height = int(args, 4);
  const width = int(args, 5);
  const inputs = int(args, 6);
  const outHeight = int(args, 7);
  const outWidth = int(args, 8);
  const outputs = int(args, 9);
  const padTop = int(args, 10);
  const padLeft = int(args, 11);
  const blocks = int(args, 12);
  const chunks = int(args, 13);
  const mask = address(args, 14);
  const maskActivation = int(args, 15);

  const across = (outWidth + 3) / 4;
  const perImage = across * ((outHeight + 3) / 4);
  const inBytes = (<usize>inputs) << 2;
  const outBytes = (<usize>outputs) << 2;
  const blockBytes = (<usize>blocks) << 2;
  const panels = panelsOf(outputs);
  const wide = (<usize>panels) << 6;
  const sumsBytes = <usize>inputs * outBytes;
  const sums = address(args, 2) + <usize>chunk * PRODUCTS * sumsBytes;
  memory.fill(sums, 0, PRODUCTS * sumsBytes);

  const spill = scratch;
  const segment = scratch + 64;
  store<i32>(segment, 0);
  const zeros = scratch + 80;
  memory.fill(zeros, 0, inBytes);
  const outZeros = zeros + 73 * inBytes;
  memory.fill(outZeros, 0, outBytes);
  const columns = outZeros + outBytes;
  const patch = columns + 24 * outBytes;
  const pixels = patch + 16 * outBytes;
  const turned = pixels + PRODUCTS * <usize>blocks * inBytes;
  const gradients = turned + <usize>blocks * inBytes;
  const gradientStep = <usize>blocks * wide;
  // The columns beyond the last output channel are read.
  if (wide > outBytes) memory.fill(gradients, 0, PRODUCTS * gradientStep);

  const last = partStart(chunk + 1, chunks, batch * perImage, blocks);
  for (let first = partStart(chunk, chunks, batch * perImage, blocks); first < last; first += blocks) {
    const count = min(blocks, last - first);
    for (let t = 0; t < count; t++) {
      const image = <usize>((first + t) / perImage);
      const block = (first + t) % perImage;
      const top = (block / across) * 4;
      const left = (block % across) * 4;
      transformPatch(
        x + image * <usize>height * <usize>width * inBytes,
        0,
        0,
        top - padTop,
        left - padLeft,
        height,
        width,
        inputs,
        pixels + <usize>t * inBytes,
        <usize>blocks * inBytes,
        zeros,
      );
      const offset = image * <usize>outHeight * <usize>outWidth * outBytes;
      let source = dy + offset;
      let row = top;
      let column = left;
      let rows = outHeight;
      let wides = outWidth;
      if (mask != 0) {
        maskedPatch(source, mask + offset, maskActivation, top, left, 4, outHeight, outWidth, outputs, patch);
        source = patch;
        row = column = 0;
        rows = wides = 4;
      }
      for (let j = 0; j < 4; j++)
        transformGradient(
          pixel(source, row, column + j, rows, wides, outBytes, outZeros),
          pixel(source, row + 1, column + j, rows, wides, outBytes, outZeros),
          pixel(source, row + 2, column + j, rows, wides, outBytes, outZeros),
          pixel(source, row + 3, column + j, rows, wides, outBytes, outZeros),
          columns + <usize>j * outBytes,
          4 * outBytes,
          outputs,
        );
      for (let i: usize = 0; i < 6; i++) {
        const line = columns + i * 4 * outBytes;
        transformGradient(
          line,
          line + outBytes,
          line + 2 * outBytes,
          line + 3 * outBytes,
          gradients + i * 6 * gradientStep + <usize>t * wide,
          gradientStep,
          outputs,
        );
      }
    }
    for (let p: usize = 0; p < PRODUCTS; p++) {
      turn(pixels + p * <usize>blocks * inBytes, inBytes, turned, blockBytes, count, inputs);
      const b = gradients + p * gradientStep;
      const c = sums + p * sumsBytes;
      for (let panel = 0; panel < panels; panel++) {
        const width = min(COLUMNS, outputs - panel * COLUMNS);
        for (let i = 0; i < inputs; i += ROWS) {
          const real = min(ROWS, inputs - i);
          const a0 = turned + <usize>i * blockBytes;
          const c0 = c + <usize>i * outBytes + ((<usize>panel) << 6);
          tile(
            a0, real > 1 ? a0 + blockBytes : a0, real > 2 ? a0 + 2 * blockBytes : a0, segment, 1, count,
            b + ((<usize>panel) << 6), wide,
            c0, c0 + outBytes, c0 + 2 * outBytes, real, width, true, 0, 0, spill,
          );
        }
      }
    }
  }
}

/**
 * The filter's gradient `dW = Gᵀ dU G` from the parts of `winogradFilterGradient`, added up in their order. A chunk
 * is some input channels.
 *
 * Scratch: `54 · outChannels` numbers.
 *
 * @param args sums, to [3, 3, inChannels, outChannels], parts, inChannels, outChannels, chunks
 */
export function winogradFilterGradientSum(args: usize, chunk: i32, scratch: usize): void {
  const sums = address(args, 0);
  const to = address(args, 1);
  const parts = int(args, 2);
  const inputs = int(args, 3);
  const outputs = int(args, 4);
  const chunks = int(args, 5);
  const rowBytes = (<usize>outputs) << 2;
  const matrixBytes = <usize>inputs * rowBytes;
  const full = scratch;
  const middle = full + PRODUCTS * rowBytes;
  const last = partStart(chunk + 1, chunks, inputs, 1);
  for (let input = partStart(chunk, chunks, inputs, 1); input < last; input++) {
    for (let p: usize = 0; p < PRODUCTS; p++) {
      const row = full + p * rowBytes;
      const source = sums + p * matrixBytes + <usize>input * rowBytes;
      memory.copy(row, source, rowBytes);
      for (let part: usize = 1; part < <usize>parts; part++) {
        const other = source + part * PRODUCTS * matrixBytes;
        for (let c: usize = 0; c < rowBytes; c += 16)
          v128.store(row + c, f32x4.add(v128.load(row + c), v128.load(other + c)));
      }
    }
    for (let i: usize = 0; i < 6; i++)
      transformFilterGradient(full + i * 6 * rowBytes, rowBytes, middle + i * 3 * rowBytes, rowBytes, outputs);
    for (let j: usize = 0; j < 3; j++)
      transformFilterGradient(
        middle + j * rowBytes,
        3 * rowBytes,
        to + j * matrixBytes + <usize>input * rowBytes,
        3 * matrixBytes,
        outputs,
      );
  }
}
