/** The filter's gradient of a 3×3 convolution by Winograd's F(4×4, 3×3), see winograd.ts. */
import {address, int, partStart} from './call';
import {turn} from './pack';
import {COLUMNS, tileRows} from './tile';
import {PRODUCTS, maskedPatch, panelsOf, pixel, transformPatch} from './winogradPatch';
import {transformFilterGradient, transformGradient} from './winogradTransforms';

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
        tileRows(
          turned,
          blockBytes,
          inputs,
          segment,
          1,
          count,
          b + ((<usize>panel) << 6),
          wide,
          c + ((<usize>panel) << 6),
          outBytes,
          width,
          true,
          0,
          0,
          spill,
        );
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
