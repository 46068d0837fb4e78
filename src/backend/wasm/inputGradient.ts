/**
 * The input gradient of a convolution as convolutions: of `dy` with the filter turned by 180°. With a stride s,
 * the rows of the result fall into s phases that each see every s-th tap: s × s small convolutions, whose
 * results are interleaved.
 */
import type {TensorInfo} from '@tensorflow/tfjs-core';
import type {Axis, Geometry} from './geometry';
import {floats} from './tfjsInternals';
import type {Scratch, StockKernel} from './tfjsInternals';

/** The kind of convolution it is. */
export interface Forward {
  /** tfjs's kernel, with inputs `x` and `filter`. */
  conv: StockKernel;
  slice: StockKernel;
  /** The filter that maps `dy` back, of the given rows and columns of taps in the given order. */
  turnFilter(rows: number[], columns: number[]): TensorInfo;
  /** Channels of what that filter makes. */
  channels: number;
}

/** The gradient of the input of the convolution that made `dy`'s positions. */
export function inputGradient(
  scratch: Scratch,
  geometry: Geometry,
  dy: TensorInfo,
  forward: Forward,
): TensorInfo {
  const {height, width, batch} = geometry;
  const columns = phasesOf(width);
  const phases = phasesOf(height).map(row =>
    columns.map(column => onePhase(scratch, forward, dy, row, column)),
  );
  if (height.stride === 1 && width.stride === 1) return phases[0]![0]!;
  return interleave(scratch, phases, height, width, batch, forward.channels);
}

/** The part of one axis that the input rows of one phase see. */
interface Phase {
  /** The taps, in the order in which the turned filter has them. */
  taps: number[];
  dilation: number;
  /** Zeros to add in front and behind; negative to leave out rows. */
  before: number;
  after: number;
  /** Rows of the result. */
  size: number;
}

function phasesOf({input, output, taps, stride, dilation, pad}: Axis): Phase[] {
  if (stride === 1) {
    const before = (taps - 1) * dilation - pad;
    const all = Array.from({length: taps}, (_, i) => taps - 1 - i);
    return [{taps: all, dilation, before, after: input - output + pad, size: input}];
  }
  // In the count of the padded input, so that all phases are of one size and start at zero.
  const size = Math.ceil((input + pad) / stride);
  return Array.from({length: stride}, (_, phase) => {
    const own = Array.from({length: taps}, (_, i) => taps - 1 - i).filter(i => i % stride === phase);
    return {taps: own, dilation: 1, before: own.length - 1, after: size - output, size};
  });
}

function onePhase(
  scratch: Scratch,
  {conv, slice, turnFilter, channels}: Forward,
  dy: TensorInfo,
  row: Phase,
  column: Phase,
): TensorInfo {
  const [batch, height, width, depth] = dy.shape as [number, number, number, number];
  if (row.taps.length === 0 || column.taps.length === 0) {
    const zeros = scratch.make([batch, row.size, column.size, channels]);
    floats(scratch.backend, zeros).fill(0);
    return zeros;
  }
  const crop = (size: number): number => Math.max(0, -size);
  const pad = (size: number): number => Math.max(0, size);
  let x = dy;
  if (row.before < 0 || row.after < 0 || column.before < 0 || column.after < 0) {
    const begin = [0, crop(row.before), crop(column.before), 0];
    const size = [batch, height - begin[1]! - crop(row.after), width - begin[2]! - crop(column.after), depth];
    x = slice(scratch, {x: dy}, {begin, size});
  }
  return conv(
    scratch,
    {x, filter: turnFilter(row.taps, column.taps)},
    {
      strides: [1, 1],
      dilations: [row.dilation, column.dilation],
      dataFormat: 'NHWC',
      pad: [
        [0, 0],
        [pad(row.before), pad(row.after)],
        [pad(column.before), pad(column.after)],
        [0, 0],
      ],
    },
  );
}

/** Puts the pixels of row and column phases in between each other, without the padding. */
function interleave(
  scratch: Scratch,
  phases: TensorInfo[][],
  height: Axis,
  width: Axis,
  batch: number,
  channels: number,
): TensorInfo {
  const out = scratch.make([batch, height.input, width.input, channels]);
  const to = floats(scratch.backend, out);
  const from = phases.map(row => row.map(phase => floats(scratch.backend, phase)));
  const [, rows, columns] = phases[0]![0]!.shape as [number, number, number, number];
  // Phases count from the padded input, except along an axis without a stride, which has but one.
  const top = height.stride === 1 ? 0 : height.pad;
  const left = width.stride === 1 ? 0 : width.pad;
  let target = 0;
  for (let b = 0; b < batch; b++) {
    for (let y = top; y < top + height.input; y++) {
      const line = (b * rows + Math.floor(y / height.stride)) * columns;
      const row = from[y % height.stride]!;
      for (let x = left; x < left + width.input; x++, target += channels) {
        const source = (line + Math.floor(x / width.stride)) * channels;
        const phase = row[x % width.stride]!;
        for (let c = 0; c < channels; c++) to[target + c] = phase[source + c]!;
      }
    }
  }
  return out;
}
