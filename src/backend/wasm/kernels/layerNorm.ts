/**
 * Layer normalization (Ba, Kiros and Hinton 2016) of rows, population variance, epsilon inside the root.
 *
 * A row is read three times, from memory only the first time: for its mean, for the differences from it and their
 * squares, for the result. The sum of the differences, which would be 0 but for the mean's rounding, puts mean and
 * variance right, so no digits are lost where a mean is large. Sixteen numbers at most are added one after the other
 * in float32; the rest in float64.
 */
import {address, int, madd, partStart} from './call';

/** Bytes that four vectors of sums take in float32: 256 numbers. */
const BLOCK: usize = 1024;

/** The sum of four numbers. */
// @ts-ignore: decorator
@inline
export function sumOf(x: v128): f64 {
  const high = i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  const both = f64x2.add(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(high));
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
}

/** The sum of a row. */
function sumOfRow(row: usize, bytes: usize): f64 {
  let sum: f64 = 0;
  let j: usize = 0;
  while (j < bytes) {
    const end = min(bytes, j + BLOCK);
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (; j + 64 <= end; j += 64) {
      a = f32x4.add(a, v128.load(row + j));
      b = f32x4.add(b, v128.load(row + j, 16));
      c = f32x4.add(c, v128.load(row + j, 32));
      d = f32x4.add(d, v128.load(row + j, 48));
    }
    for (; j + 16 <= end; j += 16) a = f32x4.add(a, v128.load(row + j));
    sum += sumOf(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
    for (; j < end; j += 4) sum += <f64>load<f32>(row + j);
  }
  return sum;
}

/**
 * `y = (x − mean) / √(variance + ε) · γ + β` of each row. A chunk is some rows.
 *
 * @param args x, gamma and beta (0 for none), y, mean, inverse deviation (a number a row), rows, width, epsilon, chunks
 */
export function layerNorm(args: usize, chunk: i32, _scratch: usize): void {
  const rows = int(args, 6);
  const width = int(args, 7);
  const epsilon = load<f64>(args, 64);
  const chunks = int(args, 9);
  const bytes = <usize>width << 2;
  const end = partStart(chunk + 1, chunks, rows, 1);
  for (let i = partStart(chunk, chunks, rows, 1); i < end; i++) {
    const row = address(args, 0) + <usize>i * bytes;
    const centre = <f32>(sumOfRow(row, bytes) / <f64>width);
    const middle = f32x4.splat(centre);
    let rest: f64 = 0;
    let squares: f64 = 0;
    let j: usize = 0;
    while (j < bytes) {
      const stop = min(bytes, j + (BLOCK >> 1));
      let restA = f32x4.splat(0);
      let restB = restA;
      let squaresA = restA;
      let squaresB = restA;
      for (; j + 32 <= stop; j += 32) {
        const a = f32x4.sub(v128.load(row + j), middle);
        const b = f32x4.sub(v128.load(row + j, 16), middle);
        restA = f32x4.add(restA, a);
        restB = f32x4.add(restB, b);
        squaresA = madd(a, a, squaresA);
        squaresB = madd(b, b, squaresB);
      }
      for (; j + 16 <= stop; j += 16) {
        const a = f32x4.sub(v128.load(row + j), middle);
        restA = f32x4.add(restA, a);
        squaresA = madd(a, a, squaresA);
      }
      rest += sumOf(f32x4.add(restA, restB));
      squares += sumOf(f32x4.add(squaresA, squaresB));
      for (; j < stop; j += 4) {
        const a = load<f32>(row + j) - centre;
        rest += <f64>a;
        squares += <f64>a * <f64>a;
      }
    }
    const shift = rest / <f64>width;
    const mean = <f32>(<f64>centre + shift);
    // Rounding may leave less than 0 where all numbers are the same; NaN passes on.
    const variance = max<f64>(squares / <f64>width - shift * shift, 0);
    const inverse = <f32>(1 / sqrt(variance + epsilon));
    store<f32>(address(args, 4) + (<usize>i << 2), mean);
    store<f32>(address(args, 5) + (<usize>i << 2), inverse);
    applyToRow(args, row, address(args, 3) + <usize>i * bytes, bytes, mean, inverse);
  }
}

// @ts-ignore: decorator
@inline
function applyToRow(args: usize, row: usize, to: usize, bytes: usize, mean: f32, inverse: f32): void {
  const gamma = address(args, 1);
  const beta = address(args, 2);
  const middle = f32x4.splat(mean);
  const factor = f32x4.splat(inverse);
  let j: usize = 0;
  for (; j + 16 <= bytes; j += 16) {
    let y = f32x4.mul(f32x4.sub(v128.load(row + j), middle), factor);
    if (gamma != 0) y = f32x4.mul(y, v128.load(gamma + j));
    if (beta != 0) y = f32x4.add(y, v128.load(beta + j));
    v128.store(to + j, y);
  }
  for (; j < bytes; j += 4) {
    let y = (load<f32>(row + j) - mean) * inverse;
    if (gamma != 0) y *= load<f32>(gamma + j);
    if (beta != 0) y += load<f32>(beta + j);
    store<f32>(to + j, y);
  }
}
