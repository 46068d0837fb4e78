import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {convGeometry} from './geometry';
import type {ConvAttrs, Geometry} from './geometry';
import {inputGradient} from './inputGradient';
import {copyPhase, reach, tapsOf} from './phases';
import {sumRows} from './sumRows';
import {floats, stockKernel, wasmKernel} from './tfjsInternals';
import type {Scratch, StockKernel} from './tfjsInternals';

/** Elements of the input at a time: few enough for the cache, enough to make little of the cost of a call. */
const CHUNK = 1 << 17;

/** `DepthwiseConv2dNativeBackpropInput`, on the forward kernel. */
export function depthwiseBackpropInput(): KernelConfig {
  const conv = stockKernel(tf.DepthwiseConv2dNative);
  const slice = stockKernel(tf.Slice);
  const sum = stockKernel(tf.Sum);
  return wasmKernel<Record<'dy' | 'filter', TensorInfo>, ConvAttrs & {inputShape: number[]}>(
    tf.DepthwiseConv2dNativeBackpropInput,
    ({inputs: {dy, filter}, attrs, scratch}) => {
      const [, , channels, times] = filter.shape as [number, number, number, number];
      const dx = inputGradient(scratch, convGeometry(attrs.inputShape, filter.shape, attrs, true), dy, {
        conv,
        slice,
        turnFilter: (rows, columns) => turnedFilter(scratch, filter, rows, columns),
        channels: channels * times,
      });
      if (times === 1) return dx;
      const shares = scratch.reshape(dx, [tf.util.sizeFromShape(attrs.inputShape), times]);
      return scratch.rename(sum(scratch, {x: shares}, {axis: [1], keepDims: false}), attrs.inputShape);
    },
  );
}

/** The given taps of a filter [h, w, channels, times], as [rows, columns, channels · times, 1]. */
function turnedFilter(scratch: Scratch, filter: TensorInfo, rows: number[], columns: number[]): TensorInfo {
  const [, width, channels, times] = filter.shape as [number, number, number, number];
  const length = channels * times;
  const turned = scratch.make([rows.length, columns.length, length, 1]);
  const from = floats(scratch.backend, filter);
  const to = floats(scratch.backend, turned);
  let target = 0;
  for (const i of rows) {
    for (const j of columns) {
      const source = (i * width + j) * length;
      to.set(from.subarray(source, source + length), target);
      target += length;
    }
  }
  return turned;
}

interface Stock {
  multiply: StockKernel;
  add: StockKernel;
}

/**
 * `DepthwiseConv2dNativeBackpropFilter`: for each tap, the product of the input, shifted, with `dy`, summed
 * over images and positions. Both lie on the grid of the padded input, so that a shift is a mere offset; `dy` is
 * zero where the output has no pixel. An infinite or NaN pixel shows as NaN in every tap of its channel.
 */
export function depthwiseBackpropFilter(): KernelConfig {
  const stock = {multiply: stockKernel(tf.Multiply), add: stockKernel(tf.Add)};
  return wasmKernel<Record<'x' | 'dy', TensorInfo>, ConvAttrs & {filterShape: number[]}>(
    tf.DepthwiseConv2dNativeBackpropFilter,
    ({inputs: {x, dy}, attrs, scratch}) => {
      const geometry = convGeometry(x.shape, attrs.filterShape, attrs, true);
      const times = attrs.filterShape[3]!;
      const repeated = times === 1 ? x : repeatChannels(scratch, x, times);
      return filterGradient(scratch, stock, geometry, repeated, dy, attrs.filterShape);
    },
  );
}

function filterGradient(
  scratch: Scratch,
  stock: Stock,
  geometry: Geometry,
  x: TensorInfo,
  dy: TensorInfo,
  filterShape: number[],
): TensorInfo {
  const {batch, height, width, outChannels: channels} = geometry;
  const rows = height.output + reach(height);
  const columns = width.output + reach(width);
  const size = rows * columns * channels;
  const images = Math.max(1, Math.min(batch, Math.floor(CHUNK / size)));
  const rowTaps = tapsOf(height);
  const columnTaps = tapsOf(width);
  const sums = new Map<number, TensorInfo>();
  for (let image = 0; image < batch; image += images) {
    const count = Math.min(images, batch - image);
    const gradient = onGrid(scratch, geometry, dy, image, images, count);
    const pixels = scratch.make([images * size]);
    for (const rowPhase of new Set(rowTaps.map(tap => tap.phase))) {
      for (const columnPhase of new Set(columnTaps.map(tap => tap.phase))) {
        const to = floats(scratch.backend, pixels);
        // A shorter last chunk is filled up with zeros, so that all have one length.
        if (count < images) to.fill(0);
        copyPhase(floats(scratch.backend, x), to, height, width, channels, {
          image,
          images: count,
          row: 0,
          rows,
          columns,
          rowPhase,
          columnPhase,
        });
        rowTaps.forEach((rowTap, i) => {
          columnTaps.forEach((columnTap, j) => {
            if (rowTap.phase !== rowPhase || columnTap.phase !== columnPhase) return;
            const offset = (rowTap.shift * columns + columnTap.shift) * channels;
            const length = [images * size - offset];
            const product = stock.multiply(
              scratch,
              {a: scratch.view(pixels, offset, length), b: scratch.view(gradient, 0, length)},
              {},
            );
            const tap = i * width.taps + j;
            const before = sums.get(tap);
            sums.set(tap, before === undefined ? product : addTo(scratch, stock.add, before, product));
          });
        });
      }
    }
    scratch.free(pixels);
    scratch.free(gradient);
  }
  const parts = [...sums].map(([tap, sum]) => ({
    tap,
    part: sumRows(scratch, stock.add, sum, sum.shape[0]! / channels, channels),
  }));
  const out = scratch.make(filterShape);
  const to = floats(scratch.backend, out);
  for (const {tap, part} of parts) to.set(floats(scratch.backend, part), tap * channels);
  return out;
}

function addTo(scratch: Scratch, add: StockKernel, sum: TensorInfo, term: TensorInfo): TensorInfo {
  const total = add(scratch, {a: sum, b: term}, {});
  scratch.free(sum);
  scratch.free(term);
  return total;
}

/** `count` images of `dy`, each on the grid of the padded input, zeros elsewhere. */
function onGrid(
  scratch: Scratch,
  {height, width, outChannels}: Geometry,
  dy: TensorInfo,
  image: number,
  images: number,
  count: number,
): TensorInfo {
  const rows = height.output + reach(height);
  const columns = width.output + reach(width);
  const grid = scratch.make([images * rows * columns * outChannels]);
  const to = floats(scratch.backend, grid).fill(0);
  const from = floats(scratch.backend, dy);
  const length = width.output * outChannels;
  for (let b = 0; b < count; b++) {
    for (let y = 0; y < height.output; y++) {
      const source = ((image + b) * height.output + y) * length;
      to.set(from.subarray(source, source + length), (b * rows + y) * columns * outChannels);
    }
  }
  return grid;
}

/** Each channel `times` times in a row. */
function repeatChannels(scratch: Scratch, x: TensorInfo, times: number): TensorInfo {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const repeated = scratch.make([batch, height, width, channels * times]);
  const from = floats(scratch.backend, x);
  const to = floats(scratch.backend, repeated);
  let target = 0;
  for (let i = 0; i < from.length; i++) {
    const value = from[i]!;
    for (let q = 0; q < times; q++) to[target++] = value;
  }
  return repeated;
}
