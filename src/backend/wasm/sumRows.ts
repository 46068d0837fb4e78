import type {TensorInfo} from '@tensorflow/tfjs-core';
import {floats} from './tfjsInternals';
import type {Scratch, StockKernel} from './tfjsInternals';

/** Below this many elements a loop is faster than a call of a kernel. */
const LOOP = 1 << 12;

/**
 * Sums the rows of a matrix [rows, width] that lies at `start` of `x`: the lower half is added to the upper
 * one until few rows are left. Besides being fast, this keeps the rounding error small.
 */
export function sumRows(
  scratch: Scratch,
  add: StockKernel,
  x: TensorInfo,
  rows: number,
  width: number,
  start = 0,
): TensorInfo {
  const leftOver: TensorInfo[] = [];
  let part = x;
  let offset = start;
  while (rows > 1 && rows * width > LOOP) {
    const half = Math.floor(rows / 2);
    const length = [half * width];
    const sum = add(
      scratch,
      {a: scratch.view(part, offset, length), b: scratch.view(part, offset + half * width, length)},
      {},
    );
    if (rows % 2 === 1) leftOver.push(copy(scratch, part, offset + 2 * half * width, width));
    if (part !== x) scratch.free(part);
    part = sum;
    offset = 0;
    rows = half;
  }
  const out = scratch.make([width]);
  const to = floats(scratch.backend, out).fill(0);
  const from = floats(scratch.backend, part);
  const sum = new Float64Array(width);
  for (let r = 0; r < rows; r++) {
    const row = offset + r * width;
    for (let j = 0; j < width; j++) sum[j]! += from[row + j]!;
  }
  for (const row of leftOver) {
    const values = floats(scratch.backend, row);
    for (let j = 0; j < width; j++) sum[j]! += values[j]!;
  }
  to.set(sum);
  if (part !== x) scratch.free(part);
  for (const row of leftOver) scratch.free(row);
  return out;
}

function copy(scratch: Scratch, x: TensorInfo, start: number, length: number): TensorInfo {
  const row = scratch.make([length]);
  floats(scratch.backend, row).set(floats(scratch.backend, x).subarray(start, start + length));
  return row;
}
