/**
 * The inner loop of every product: three rows of A times one panel of B, sixteen columns wide. Twelve
 * accumulators stay in registers; a row of A is read where it lies, so an image needs no patches laid out.
 */
import {activate, activateOne} from './activation';
import {madd} from './call';

/** Rows of a tile. */
export const ROWS: i32 = 3;
/** Columns of a tile, and of a packed panel. */
export const COLUMNS: i32 = 16;

/** One row of sums goes to memory: added to what is there if `accumulate`, then bias (or 0), then activation. */
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
 * `C[r][0, columns) (+)= Σ_s Σ_k A_r[segment_s + k] · B[s·length + k]`, for three rows.
 *
 * @param a0 where row 0 of A begins; `a1`, `a2` likewise. A row that does not exist repeats another.
 * @param segments addresses an int32 for each of the `count` runs that make up a row of A: where it begins,
 *   in bytes from the row's address. A row of a matrix is one run; a row of image patches is one a filter row.
 * @param length numbers in a run
 * @param b where the panel begins: 16 numbers for each step of the sum, `bStep` bytes apart (64 if packed)
 * @param c0 where row 0 of the sums goes; `c1`, `c2` likewise
 * @param rows how many of the three rows exist
 * @param columns how many of the sixteen columns exist; of the panel all are read
 * @param accumulate adds to what is in C
 * @param bias address of the panel's bias, or 0
 * @param spill 64 bytes of scratch
 */
export function tile(
  a0: usize,
  a1: usize,
  a2: usize,
  segments: usize,
  count: i32,
  length: i32,
  b: usize,
  bStep: usize,
  c0: usize,
  c1: usize,
  c2: usize,
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
  let s20 = f32x4.splat(0);
  let s21 = f32x4.splat(0);
  let s22 = f32x4.splat(0);
  let s23 = f32x4.splat(0);
  let x: v128, w0: v128, w1: v128, w2: v128, w3: v128;
  for (let s = 0; s < count; s++) {
    const offset = <usize>load<i32>(segments + ((<usize>s) << 2));
    let p0 = a0 + offset;
    let p1 = a1 + offset;
    let p2 = a2 + offset;
    let k = length;
    for (; k >= 4; k -= 4) {
      w0 = v128.load(b);
      w1 = v128.load(b, 16);
      w2 = v128.load(b, 32);
      w3 = v128.load(b, 48);
      x = v128.load32_splat(p0);
      s00 = madd(x, w0, s00);
      s01 = madd(x, w1, s01);
      s02 = madd(x, w2, s02);
      s03 = madd(x, w3, s03);
      x = v128.load32_splat(p1);
      s10 = madd(x, w0, s10);
      s11 = madd(x, w1, s11);
      s12 = madd(x, w2, s12);
      s13 = madd(x, w3, s13);
      x = v128.load32_splat(p2);
      s20 = madd(x, w0, s20);
      s21 = madd(x, w1, s21);
      s22 = madd(x, w2, s22);
      s23 = madd(x, w3, s23);
      b += bStep;
      w0 = v128.load(b);
      w1 = v128.load(b, 16);
      w2 = v128.load(b, 32);
      w3 = v128.load(b, 48);
      x = v128.load32_splat(p0, 4);
      s00 = madd(x, w0, s00);
      s01 = madd(x, w1, s01);
      s02 = madd(x, w2, s02);
      s03 = madd(x, w3, s03);
      x = v128.load32_splat(p1, 4);
      s10 = madd(x, w0, s10);
      s11 = madd(x, w1, s11);
      s12 = madd(x, w2, s12);
      s13 = madd(x, w3, s13);
      x = v128.load32_splat(p2, 4);
      s20 = madd(x, w0, s20);
      s21 = madd(x, w1, s21);
      s22 = madd(x, w2, s22);
      s23 = madd(x, w3, s23);
      b += bStep;
      w0 = v128.load(b);
      w1 = v128.load(b, 16);
      w2 = v128.load(b, 32);
      w3 = v128.load(b, 48);
      x = v128.load32_splat(p0, 8);
      s00 = madd(x, w0, s00);
      s01 = madd(x, w1, s01);
      s02 = madd(x, w2, s02);
      s03 = madd(x, w3, s03);
      x = v128.load32_splat(p1, 8);
      s10 = madd(x, w0, s10);
      s11 = madd(x, w1, s11);
      s12 = madd(x, w2, s12);
      s13 = madd(x, w3, s13);
      x = v128.load32_splat(p2, 8);
      s20 = madd(x, w0, s20);
      s21 = madd(x, w1, s21);
      s22 = madd(x, w2, s22);
      s23 = madd(x, w3, s23);
      b += bStep;
      w0 = v128.load(b);
      w1 = v128.load(b, 16);
      w2 = v128.load(b, 32);
      w3 = v128.load(b, 48);
      x = v128.load32_splat(p0, 12);
      s00 = madd(x, w0, s00);
      s01 = madd(x, w1, s01);
      s02 = madd(x, w2, s02);
      s03 = madd(x, w3, s03);
      x = v128.load32_splat(p1, 12);
      s10 = madd(x, w0, s10);
      s11 = madd(x, w1, s11);
      s12 = madd(x, w2, s12);
      s13 = madd(x, w3, s13);
      x = v128.load32_splat(p2, 12);
      s20 = madd(x, w0, s20);
      s21 = madd(x, w1, s21);
      s22 = madd(x, w2, s22);
      s23 = madd(x, w3, s23);
      b += bStep;
      p0 += 16;
      p1 += 16;
      p2 += 16;
    }
    for (; k > 0; k--) {
      w0 = v128.load(b);
      w1 = v128.load(b, 16);
      w2 = v128.load(b, 32);
      w3 = v128.load(b, 48);
      x = v128.load32_splat(p0);
      s00 = madd(x, w0, s00);
      s01 = madd(x, w1, s01);
      s02 = madd(x, w2, s02);
      s03 = madd(x, w3, s03);
      x = v128.load32_splat(p1);
      s10 = madd(x, w0, s10);
      s11 = madd(x, w1, s11);
      s12 = madd(x, w2, s12);
      s13 = madd(x, w3, s13);
      x = v128.load32_splat(p2);
      s20 = madd(x, w0, s20);
      s21 = madd(x, w1, s21);
      s22 = madd(x, w2, s22);
      s23 = madd(x, w3, s23);
      b += bStep;
      p0 += 4;
      p1 += 4;
      p2 += 4;
    }
  }
  writeRow(c0, s00, s01, s02, s03, columns, accumulate, bias, activation, spill);
  if (rows > 1) writeRow(c1, s10, s11, s12, s13, columns, accumulate, bias, activation, spill);
  if (rows > 2) writeRow(c2, s20, s21, s22, s23, columns, accumulate, bias, activation, spill);
}
