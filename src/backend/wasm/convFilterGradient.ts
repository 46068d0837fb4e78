import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {convGeometry} from './geometry';
import type {ConvAttrs, Geometry} from './geometry';
import {copyPhase, reach, tapsOf} from './phases';
import {floats, stockKernel, wasmKernel} from './tfjsInternals';
import type {Scratch, StockKernel} from './tfjsInternals';

/** Columns of the patch matrix at a time: enough for the product to run at full rate, few enough for the cache. */
const COLUMNS = 1024;
/** Bound on the patch matrix, in elements (16 MB). */
const PATCH_LIMIT = 1 << 22;

/**
 * `Conv2DBackpropFilter`: the product of the patches that the filter saw, one row a tap and channel, with the
 * gradient of what it made of them, a few images (or a band of rows of one) at a time.
 *
 * The patches are laid out over the width with its padding, so that each is one copy; the gradient has zeros in
 * the surplus columns. An infinite or NaN pixel therefore shows as NaN in every tap of its channel.
 */
export function conv2dBackpropFilter(): KernelConfig {
  const stock = {transpose: stockKernel(tf.Transpose), matMul: stockKernel(tf.BatchMatMul)};
  return wasmKernel<Record<'x' | 'dy', TensorInfo>, ConvAttrs & {filterShape: number[]}>(
    tf.Conv2DBackpropFilter,
    ({inputs: {x, dy}, attrs, scratch}) => {
      const geometry = convGeometry(x.shape, attrs.filterShape, attrs);
      const out = scratch.make(attrs.filterShape);
      floats(scratch.backend, out).fill(0);
      for (const chunk of chunks(geometry)) addChunk(scratch, stock, geometry, chunk, x, dy, out);
      return out;
    },
  );
}

interface Chunk {
  image: number;
  images: number;
  row: number;
  rows: number;
}

function* chunks({batch, inChannels, height, width}: Geometry): Generator<Chunk> {
  const columns = width.output + reach(width);
  const patchRows = height.taps * width.taps * inChannels;
  const limit = Math.max(1, Math.min(COLUMNS, PATCH_LIMIT / patchRows) / columns);
  if (limit >= height.output) {
    const images = Math.floor(limit / height.output);
    for (let image = 0; image < batch; image += images) {
      yield {image, images: Math.min(images, batch - image), row: 0, rows: height.output};
    }
    return;
  }
  const rows = Math.floor(limit);
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < height.output; row += rows) {
      yield {image, images: 1, row, rows: Math.min(rows, height.output - row)};
    }
  }
}

function addChunk(
  scratch: Scratch,
  stock: {transpose: StockKernel; matMul: StockKernel},
  geometry: Geometry,
  chunk: Chunk,
  x: TensorInfo,
  dy: TensorInfo,
  out: TensorInfo,
): void {
  const taps = geometry.height.taps * geometry.width.taps;
  const columns = geometry.width.output + reach(geometry.width);
  const patches = makePatches(scratch, stock.transpose, geometry, chunk, x);
  const gradient = padColumns(scratch, geometry, chunk, dy);
  const sum = stock.matMul(
    scratch,
    {
      a: scratch.reshape(patches, [taps * geometry.inChannels, chunk.images * chunk.rows * columns]),
      b: scratch.reshape(gradient, [chunk.images * chunk.rows * columns, geometry.outChannels]),
    },
    {transposeA: false, transposeB: false},
  );
  const total = floats(scratch.backend, out);
  const part = floats(scratch.backend, sum);
  for (let i = 0; i < total.length; i++) total[i]! += part[i]!;
  for (const info of [patches, gradient, sum]) scratch.free(info);
}

/** The patches of a chunk as [taps · channels, images · rows · columns]. */
function makePatches(
  scratch: Scratch,
  transpose: StockKernel,
  geometry: Geometry,
  {image, images, row, rows}: Chunk,
  x: TensorInfo,
): TensorInfo {
  const {height, width, inChannels: channels} = geometry;
  const columns = width.output + reach(width);
  const phaseRows = rows + reach(height);
  const patches = scratch.make([height.taps * width.taps * channels, images * rows * columns]);
  const pixels = scratch.make([images * phaseRows * columns, channels]);
  const rowTaps = tapsOf(height);
  const columnTaps = tapsOf(width);
  for (const rowPhase of new Set(rowTaps.map(tap => tap.phase))) {
    for (const columnPhase of new Set(columnTaps.map(tap => tap.phase))) {
      copyPhase(floats(scratch.backend, x), floats(scratch.backend, pixels), height, width, channels, {
        image,
        images,
        row,
        rows: phaseRows,
        columns,
        rowPhase,
        columnPhase,
      });
      const planes = transpose(scratch, {x: pixels}, {perm: [1, 0]});
      const from = floats(scratch.backend, planes);
      const to = floats(scratch.backend, patches);
      rowTaps.forEach((rowTap, i) => {
        columnTaps.forEach((columnTap, j) => {
          if (rowTap.phase !== rowPhase || columnTap.phase !== columnPhase) return;
          const run = rows * columns;
          const shift = columnTap.shift;
          const first = (i * width.taps + j) * channels;
          for (let plane = 0; plane < channels * images; plane++) {
            const start = (plane * phaseRows + rowTap.shift) * columns + shift;
            const target = (first * images + plane) * run;
            to.set(from.subarray(start, start + run - shift), target);
            if (shift > 0) to.fill(0, target + run - shift, target + run);
          }
        });
      });
      scratch.free(planes);
    }
  }
  scratch.free(pixels);
  return patches;
}

/** The gradient of a chunk of outputs, with zeros where the patches run past the last output of a row. */
function padColumns(
  scratch: Scratch,
  {height, width, outChannels}: Geometry,
  {image, images, row, rows}: Chunk,
  dy: TensorInfo,
): TensorInfo {
  const columns = width.output + reach(width);
  const padded = scratch.make([images * rows * columns, outChannels]);
  const from = floats(scratch.backend, dy);
  const to = floats(scratch.backend, padded);
  const length = width.output * outChannels;
  let source = (image * height.output + row) * length;
  if (columns === width.output) {
    to.set(from.subarray(source, source + images * rows * length));
    return padded;
  }
  to.fill(0);
  for (let line = 0; line < images * rows; line++, source += length) {
    to.set(from.subarray(source, source + length), line * columns * outChannels);
  }
  return padded;
}
