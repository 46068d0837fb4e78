/**
 * What the recurrent kernels share. A chunk of them is some rows of the batch and all time steps: a row's steps wait
 * for each other, but rows know nothing of one another, so chunks need no agreement between steps. A chunk keeps its
 * rows' states and gates in scratch memory, which stays in the cache; only what the gradient needs goes out.
 */
import {COLUMNS, tileRows} from './tile';

/** Scratch bytes that `multiplyRows` needs. */
export const SPILL: usize = 128;
/** Steps of a sum at a time, as in matMul.ts. */
const DEPTH: i32 = 256;

/**
 * `C = A · B (+ bias)`, or `C += A · B (+ bias)`, for a few rows, with B in panels of sixteen columns.
 *
 * @param stepA bytes from a row of A to the next; `stepC` likewise
 * @param bias address of as many numbers as there are columns; 0 for none
 * @param spill `SPILL` bytes of scratch
 */
export function multiplyRows(
  a: usize,
  stepA: usize,
  rows: i32,
  panels: usize,
  depth: i32,
  columns: i32,
  c: usize,
  stepC: usize,
  accumulate: bool,
  bias: usize,
  spill: usize,
): void {
  const segment = spill + 64;
  store<i32>(segment, 0);
  for (let k = 0; k < depth; k += DEPTH) {
    const length = min(DEPTH, depth - k);
    const isLast = k + length == depth;
    for (let j = 0; j < columns; j += COLUMNS) {
      const panel = panels + ((<usize>j * <usize>depth + <usize>k * <usize>COLUMNS) << 2);
      const width = min(COLUMNS, columns - j);
      const columnBias = isLast && bias != 0 ? bias + ((<usize>j) << 2) : 0;
      tileRows(
        a + ((<usize>k) << 2),
        stepA,
        rows,
        segment,
        1,
        length,
        panel,
        64,
        c + ((<usize>j) << 2),
        stepC,
        width,
        accumulate || k > 0,
        columnBias,
        0,
        spill,
      );
    }
  }
}

/** Four numbers at `from`; where only `count` of them exist, the rest are zeros. */
// @ts-ignore: decorator
@inline
export function take(from: usize, count: i32): v128 {
  return count >= 4 ? v128.load(from) : takeSome(from, count);
}

function takeSome(from: usize, count: i32): v128 {
  let v = f32x4.replace_lane(f32x4.splat(0), 0, load<f32>(from));
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(from, 4));
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(from, 8));
  return v;
}

/** The first `count` of four numbers go to `to`. */
// @ts-ignore: decorator
@inline
export function put(to: usize, v: v128, count: i32): void {
  if (count >= 4) v128.store(to, v);
  else putSome(to, v, count);
}

function putSome(to: usize, v: v128, count: i32): void {
  store<f32>(to, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(to, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(to, f32x4.extract_lane(v, 2), 8);
}

/** Copies a state, or sets it to zero where there is none to copy. */
export function startState(state: usize, from: usize, bytes: usize): void {
  if (from != 0) memory.copy(state, from, bytes);
  else memory.fill(state, 0, bytes);
}

/** Whether the mask, `batch` × `steps` numbers at `mask` (0 for none), leaves a step out. */
// @ts-ignore: decorator
@inline
export function isMasked(mask: usize, row: i32, steps: i32, step: i32): bool {
  return mask != 0 && load<f32>(mask + ((<usize>row * <usize>steps + <usize>step) << 2)) == 0;
}
