/**
 * The inner loop of every product: two rows of A times one panel of B, sixteen columns wide. A row of A is
 * read where it lies, so an image needs no patches laid out. The eight sums, four numbers of B, one of A and a product
 * fit the fifteen registers that V8 gives out on x64; and the loop is not unrolled, since V8 would bring the
 * loads of several steps to the front of the loop and keep them on the stack.
 */
import {activate, activateOne} from './activation';
import {madd} from './call';

/** Rows of a tile. */
export const ROWS: i32 = 2;
/** Columns of a tile, and of a packed panel. */
export const COLUMNS: i32 = 16;

/**
 * One row of sums goes to memory: added to what is there if `accumulate`, then bias (or 0), then activation.
 */
// @ts-ignore: decorator
@inline
function writeRow(
  c: usize,
  v0: v128,
  v1: v128,
  v2: v128,
  v3: v128,
  columns: i32,
  accumulate: bool,
  bias: usize,
  activation: i32,
  spill: usize,
): void {
  if (columns == COLUMNS) {
    if (accumulate) {
      v0 = f32x4.add(v0, v128.load(c));
      v1 = f32x4.add(v1, v128.load(c, 16));
      v2 = f32x4.add(v2, v128.load(c, 32));
      v3 = f32x4.add(v3, v128.load(c, 48));
    }
    if (bias != 0) {
      v0 = f32x4.add(v0, v128.load(bias));
      v1 = f32x4.add(v1, v128.load(bias, 16));
      v2 = f32x4.add(v2, v128.load(bias, 32));
      v3 = f32x4.add(v3, v128.load(bias, 48));
    }
    v128.store(c, activate(v0, activation));
    v128.store(c, activate(v1, activation), 16);
    v128.store(c, activate(v2, activation), 32);
    v128.store(c, activate(v3, activation), 48);
    return;
  }
  v128.store(spill, v0);
  v128.store(spill, v1, 16);
  v128.store(spill, v2, 32);
  v128.store(spill, v3, 48);
  for (let j: usize = 0; j < (<usize>columns) << 2; j += 4) {
    let value = load<f32>(spill + j);
    if (accumulate) value += load<f32>(c + j);
    if (bias != 0) value += load<f32>(bias + j);
    store<f32>(c + j, activateOne(value, activation));
  }
}

/**
 * `C[r][0, columns) (+)= Σ_s Σ_k A_r[segment_s + k] · B[s·length + k]`, for two rows.
 *
 * @param a0 where row 0 of A begins; `a1` likewise. A row that does not exist repeats the other.
 * @param segments addresses an int32 for each of the `count` runs that make up a row of A: where it begins,
 *   in bytes from the row's address. A row of a matrix is one run; a row of image patches is one a filter row.
 * @param length numbers in a run
 * @param b where the panel begins: 16 numbers for each step of the sum, `bStep` bytes apart (64 if packed)
 * @param c0 where row 0 of the sums goes; `c1` likewise
 * @param rows how many of the two rows exist
 * @param columns how many of the sixteen columns exist; of the panel all are read
 * @param accumulate adds to what is in C
 * @param bias address of the panel's bias, or 0
 * @param spill 64 bytes of scratch
 */
// @ts-ignore: decorator
@inline
export function tile(
  a0: usize,
  a1: usize,
  segments: usize,
  count: i32,
  length: i32,
  b: usize,
  bStep: usize,
  c0: usize,
  c1: usize,
  rows: i32,
  columns: i32,
  accumulate: bool,
  bias: usize,
  activation: i32,
  spill: usize,
): void {
  let s00 = f32x4.splat(0);
  let s01 = f32x4.splat(0);
  let s02 = f32x4.splat(0);
  let s03 = f32x4.splat(0);
  let s10 = f32x4.splat(0);
  let s11 = f32x4.splat(0);
  let s12 = f32x4.splat(0);
  let s13 = f32x4.splat(0);
  const runBytes = <usize>length * bStep;
  for (let s = 0; s < count; s++) {
    const offset = <usize>load<i32>(segments + ((<usize>s) << 2));
    let p0 = a0 + offset;
    let p1 = a1 + offset;
    for (const end = b + runBytes; b != end; b += bStep) {
      const w0 = v128.load(b);
      const w1 = v128.load(b, 16);
      const w2 = v128.load(b, 32);
      const w3 = v128.load(b, 48);
      const x0 = v128.load32_splat(p0);
      s00 = madd(x0, w0, s00);
      s01 = madd(x0, w1, s01);
      s02 = madd(x0, w2, s02);
      s03 = madd(x0, w3, s03);
      const x1 = v128.load32_splat(p1);
      s10 = madd(x1, w0, s10);
      s11 = madd(x1, w1, s11);
      s12 = madd(x1, w2, s12);
      s13 = madd(x1, w3, s13);
      p0 += 4;
      p1 += 4;
    }
  }
  writeRow(c0, s00, s01, s02, s03, columns, accumulate, bias, activation, spill);
  if (rows > 1) writeRow(c1, s10, s11, s12, s13, columns, accumulate, bias, activation, spill);
}

/**
 * `C[0, rows) [0, columns) (+)= A · B` for one panel of B: `tile` for rows that lie `aStep` bytes apart and go
 * `cStep` bytes apart; the rest as there.
 */
export function tileRows(
  a: usize,
  aStep: usize,
  rows: i32,
  segments: usize,
  count: i32,
  length: i32,
  b: usize,
  bStep: usize,
  c: usize,
  cStep: usize,
  columns: i32,
  accumulate: bool,
  bias: usize,
  activation: i32,
  spill: usize,
): void {
  for (; rows > 0; rows -= ROWS) {
    const a1 = rows > 1 ? a + aStep : a;
    const c1 = c + cStep;
    tile(a, a1, segments, count, length, b, bStep, c, c1, rows, columns, accumulate, bias, activation, spill);
    a += <usize>ROWS * aStep;
    c += <usize>ROWS * cStep;
  }
}
