/**
 * Sums, largest and smallest numbers over the middle axis of `[count, rows, width]`.
 *
 * At most 16 numbers are added one after the other in float32; what comes out goes into float64 accumulators, so
 * long sums keep their digits. Columns are taken 16 at a time, 16 rows down, which reads whole cache lines. A line
 * of numbers (width 1) is the same with its lanes as columns.
 */
import {address, int, partStart} from './call';

class Sum {}
class Max {}
class Min {}

/** Rows that are added up in float32. */
const BLOCK: i32 = 16;

// @ts-ignore: decorator
@inline
function combine<Op>(a: v128, b: v128): v128 {
  if (idof<Op>() == idof<Sum>()) return f32x4.add(a, b);
  if (idof<Op>() == idof<Max>()) return f32x4.max(a, b);
  return f32x4.min(a, b);
}

// @ts-ignore: decorator
@inline
function combineDoubles<Op>(a: v128, b: v128): v128 {
  if (idof<Op>() == idof<Sum>()) return f64x2.add(a, b);
  if (idof<Op>() == idof<Max>()) return f64x2.max(a, b);
  return f64x2.min(a, b);
}

// @ts-ignore: decorator
@inline
function combineOne<Op>(a: f64, b: f64): f64 {
  if (idof<Op>() == idof<Sum>()) return a + b;
  if (idof<Op>() == idof<Max>()) return max<f64>(a, b);
  return min<f64>(a, b);
}

/** What changes nothing. */
// @ts-ignore: decorator
@inline
function neutral<Op>(): f64 {
  if (idof<Op>() == idof<Sum>()) return 0;
  if (idof<Op>() == idof<Max>()) return -Infinity;
  return Infinity;
}

/** Four float32 into four float64 at `to`. */
// @ts-ignore: decorator
@inline
function accumulate<Op>(to: usize, value: v128): void {
  const high = i8x16.shuffle(value, value, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  v128.store(to, combineDoubles<Op>(v128.load(to), f64x2.promote_low_f32x4(value)));
  v128.store(to, combineDoubles<Op>(v128.load(to, 16), f64x2.promote_low_f32x4(high)), 16);
}

/** `sums[j] = op over r of x[r][j]` in float64, for `rows` rows that are `step` bytes apart. */
function columns<Op>(x: usize, step: usize, rows: i32, width: i32, sums: usize): void {
  for (let j = 0; j < width; j++) store<f64>(sums + ((<usize>j) << 3), neutral<Op>());
  for (let r = 0; r < rows; r += BLOCK) {
    const count = min(BLOCK, rows - r);
    const block = x + <usize>r * step;
    let j = 0;
    for (; j + 16 <= width; j += 16) {
      let row = block + ((<usize>j) << 2);
      let s0 = v128.load(row);
      let s1 = v128.load(row, 16);
      let s2 = v128.load(row, 32);
      let s3 = v128.load(row, 48);
      for (let i = 1; i < count; i++) {
        row += step;
        s0 = combine<Op>(s0, v128.load(row));
        s1 = combine<Op>(s1, v128.load(row, 16));
        s2 = combine<Op>(s2, v128.load(row, 32));
        s3 = combine<Op>(s3, v128.load(row, 48));
      }
      const to = sums + ((<usize>j) << 3);
      accumulate<Op>(to, s0);
      accumulate<Op>(to + 32, s1);
      accumulate<Op>(to + 64, s2);
      accumulate<Op>(to + 96, s3);
    }
    for (; j + 4 <= width; j += 4) {
      let row = block + ((<usize>j) << 2);
      let s = v128.load(row);
      for (let i = 1; i < count; i++) {
        row += step;
        s = combine<Op>(s, v128.load(row));
      }
      accumulate<Op>(sums + ((<usize>j) << 3), s);
    }
    for (; j < width; j++) {
      let row = block + ((<usize>j) << 2);
      let s: f64 = load<f32>(row);
      for (let i = 1; i < count; i++) {
        row += step;
        s = combineOne<Op>(s, load<f32>(row));
      }
      const to = sums + ((<usize>j) << 3);
      store<f64>(to, combineOne<Op>(load<f64>(to), s));
    }
  }
}

/** The four numbers of a vector, two and two, in float64. */
// @ts-ignore: decorator
@inline
function halves<Op>(value: v128): v128 {
  const high = i8x16.shuffle(value, value, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  return combineDoubles<Op>(f64x2.promote_low_f32x4(value), f64x2.promote_low_f32x4(high));
}

/** `sum = op over x[0, length)` in float64: sixteen lanes, as sixteen columns. */
function line<Op>(x: usize, length: i32, sum: usize): void {
  const end = x + ((<usize>length) << 2);
  let pairs = f64x2.splat(neutral<Op>());
  while (x + 64 <= end) {
    let s0 = v128.load(x);
    let s1 = v128.load(x, 16);
    let s2 = v128.load(x, 32);
    let s3 = v128.load(x, 48);
    const stop = min(x + ((<usize>BLOCK) << 6), end);
    x += 64;
    for (; x + 64 <= stop; x += 64) {
      s0 = combine<Op>(s0, v128.load(x));
      s1 = combine<Op>(s1, v128.load(x, 16));
      s2 = combine<Op>(s2, v128.load(x, 32));
      s3 = combine<Op>(s3, v128.load(x, 48));
    }
    pairs = combineDoubles<Op>(pairs, combineDoubles<Op>(halves<Op>(s0), halves<Op>(s1)));
    pairs = combineDoubles<Op>(pairs, combineDoubles<Op>(halves<Op>(s2), halves<Op>(s3)));
  }
  let result = combineOne<Op>(f64x2.extract_lane(pairs, 0), f64x2.extract_lane(pairs, 1));
  for (; x < end; x += 4) result = combineOne<Op>(result, load<f32>(x));
  store<f64>(sum, result);
}

function part<Op>(x: usize, rows: i32, width: i32, first: i32, wide: i32, sums: usize): void {
  if (width == 1) line<Op>(x, rows, sums);
  else columns<Op>(x + ((<usize>first) << 2), (<usize>width) << 2, rows, wide, sums);
}

/**
 * Reduces parts: a chunk is a range of the `count` matrices, one part of their rows, and one part of their columns.
 * With one part of the rows `to` gets float32, times `scale`; with more it gets what `reduceParts` needs, float64
 * of `[count, rowParts, width]`.
 *
 * Scratch: `8 · width` bytes.
 *
 * @param args x, to, op (0 sum, 1 largest, 2 smallest), count, rows, width, matrixParts, rowParts, columnParts, scale
 */
export function reduce(args: usize, chunk: i32, scratch: usize): void {
  const x = address(args, 0);
  const to = address(args, 1);
  const op = int(args, 2);
  const count = int(args, 3);
  const rows = int(args, 4);
  const width = int(args, 5);
  const rowParts = int(args, 7);
  const columnParts = int(args, 8);
  const scale = load<f64>(args + 72);
  const columnPart = chunk % columnParts;
  const rowPart = (chunk / columnParts) % rowParts;
  const matrixPart = chunk / columnParts / rowParts;
  const firstRow = partStart(rowPart, rowParts, rows, BLOCK);
  const height = partStart(rowPart + 1, rowParts, rows, BLOCK) - firstRow;
  const first = partStart(columnPart, columnParts, width, 16);
  const wide = partStart(columnPart + 1, columnParts, width, 16) - first;
  const last = partStart(matrixPart + 1, int(args, 6), count, 1);
  for (let m = partStart(matrixPart, int(args, 6), count, 1); m < last; m++) {
    const from = x + ((<usize>(m * rows + firstRow) * <usize>width) << 2);
    if (op == 0) part<Sum>(from, height, width, first, wide, scratch);
    else if (op == 1) part<Max>(from, height, width, first, wide, scratch);
    else part<Min>(from, height, width, first, wide, scratch);
    const place = <usize>(m * rowParts + rowPart) * <usize>width + <usize>first;
    if (rowParts > 1) {
      memory.copy(to + (place << 3), scratch, (<usize>wide) << 3);
    } else {
      for (let j: usize = 0; j < <usize>wide; j++)
        store<f32>(to + ((place + j) << 2), f32(load<f64>(scratch + (j << 3)) * scale));
    }
  }
}

/**
 * The parts that `reduce` has left, in their order, into float32.
 *
 * @param args parts, to, op, count, rowParts, width, scale
 */
export function reduceParts(args: usize, _chunk: i32, _scratch: usize): void {
  const parts = address(args, 0);
  const to = address(args, 1);
  const op = int(args, 2);
  const count = int(args, 3);
  const rowParts = int(args, 4);
  const width = int(args, 5);
  const scale = load<f64>(args + 48);
  for (let m = 0; m < count; m++) {
    for (let j = 0; j < width; j++) {
      let from = parts + ((<usize>(m * rowParts) * <usize>width + <usize>j) << 3);
      let value = load<f64>(from);
      for (let p = 1; p < rowParts; p++) {
        from += (<usize>width) << 3;
        const next = load<f64>(from);
        if (op == 0) value += next;
        else if (op == 1) value = max<f64>(value, next);
        else value = min<f64>(value, next);
      }
      store<f32>(to + ((<usize>(m * width + j)) << 2), f32(value * scale));
    }
  }
}
