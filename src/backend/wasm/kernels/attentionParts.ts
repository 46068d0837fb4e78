/** Parts of attention, forward and back: panels of a head's rows, products of them, and what masks forbid. */
import {address, int} from './call';
import {turn} from './pack';
import {COLUMNS, tileRows} from './tile';

/** `n` up to whole panels. */
// @ts-ignore: decorator
@inline
export function padded(n: i32): i32 {
  return (n + COLUMNS - 1) & -COLUMNS;
}

/**
 * Panels of sixteen columns of a matrix whose rows are `step` bytes apart; zeros beyond its columns, and from row
 * `rows` to row `steps`.
 */
export function packRows(from: usize, step: usize, rows: i32, columns: i32, steps: i32, to: usize): void {
  for (let first = 0; first < columns; first += COLUMNS) {
    const width = min(COLUMNS, columns - first);
    let source = from + ((<usize>first) << 2);
    if (width < COLUMNS || rows < steps) memory.fill(to, 0, (<usize>steps) << 6);
    let target = to;
    for (let i = 0; i < rows; i++) {
      if (width == COLUMNS) {
        v128.store(target, v128.load(source));
        v128.store(target, v128.load(source, 16), 16);
        v128.store(target, v128.load(source, 32), 32);
        v128.store(target, v128.load(source, 48), 48);
      } else {
        for (let j: usize = 0; j < (<usize>width) << 2; j += 4) store<f32>(target + j, load<f32>(source + j));
      }
      source += step;
      target += 64;
    }
    to += (<usize>steps) << 6;
  }
}

/** Panels of sixteen rows of such a matrix, turned: a row is a column of a panel. Zeros beyond the last. */
export function packTurned(from: usize, step: usize, rows: i32, columns: i32, to: usize): void {
  for (let first = 0; first < rows; first += COLUMNS) {
    const width = min(COLUMNS, rows - first);
    if (width < COLUMNS) memory.fill(to, 0, (<usize>columns) << 6);
    turn(from + <usize>first * step, step, to, 64, width, columns);
    to += (<usize>columns) << 6;
  }
}

/**
 * `C (+)= A · B` for `rows` rows of A, `aStep` bytes apart, and the panels of B, `panelBytes` apart, of which the
 * first `depth` steps count.
 */
export function multiply(
  a: usize,
  aStep: usize,
  rows: i32,
  b: usize,
  panelBytes: usize,
  depth: i32,
  c: usize,
  cStep: usize,
  columns: i32,
  accumulate: bool,
  spill: usize,
): void {
  for (let j = 0; j < columns; j += COLUMNS) {
    const width = min(COLUMNS, columns - j);
    const to = c + ((<usize>j) << 2);
    tileRows(a, aStep, rows, spill + 64, 1, depth, b, 64, to, cStep, width, accumulate, 0, 0, spill);
    b += panelBytes;
  }
}

/** Puts minus infinity where a mask (0 for none) has 0, and from column `visible` to column `columns`. */
export function forbid(row: usize, keyMask: usize, pairMask: usize, visible: i32, columns: i32): void {
  const end = (<usize>visible) << 2;
  for (let i: usize = 0; i < end; i += 4) {
    const allowed = (keyMask == 0 || load<f32>(keyMask + i) != 0) && (pairMask == 0 || load<f32>(pairMask + i) != 0);
    if (!allowed) store<f32>(row + i, -Infinity);
  }
  for (let i = end; i < (<usize>columns) << 2; i += 4) store<f32>(row + i, -Infinity);
}

/** Where the mask of pairs has the row of a query; 0 where there is none, or one value for the whole row. */
// @ts-ignore: decorator
@inline
export function pairRow(args: usize, batch: i32, head: i32, query: i32): usize {
  const pairs = address(args, 7);
  if (pairs == 0) return 0;
  const offset = batch * int(args, 15) + head * int(args, 16) + query * int(args, 17);
  return pairs + ((<usize>offset) << 2);
}

// @ts-ignore: decorator
@inline
export function horizontalSum(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}
