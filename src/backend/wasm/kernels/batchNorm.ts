/**
 * Batch normalization over rows of channels. Several rows are taken as one wide row of at least sixteen numbers, a
 * multiple of four, so that any number of channels fills whole vectors; the few rows that are left are done one
 * number at a time. Sums are taken in groups of rows, each of which is read twice while it is in the first-level
 * cache: its mean, then differences from it and their squares. The sum of the differences, which would be 0 but for
 * the mean's rounding, puts that right. The groups' moments are put together in float64 (Chan,
 * Golub and LeVeque 1983), so no digits are lost where a mean is large, and x is read from memory only once.
 */
import {address, int, madd, partStart} from './call';

// @ts-ignore: decorator
@inline
function one(at: usize, index: i32): f32 {
  return load<f32>(at + (<usize>index << 2));
}

/**
 * Mean, and sums of differences from it and of their squares, of each wide channel over each group of wide rows.
 *
 * @param args x, partials (three wide rows a group), width, wide rows, rows of a group, groups, chunks
 */
export function batchNormMoments(args: usize, chunk: i32, _scratch: usize): void {
  const x = address(args, 0);
  const partials = address(args, 1);
  const width = int(args, 2);
  const rows = int(args, 3);
  const each = int(args, 4);
  const groups = int(args, 5);
  const chunks = int(args, 6);
  const rowBytes = <usize>width << 2;
  const end = partStart(chunk + 1, chunks, groups, 1);
  for (let group = partStart(chunk, chunks, groups, 1); group < end; group++) {
    const first = group * each;
    const count = min(each, rows - first);
    const from = x + <usize>first * rowBytes;
    const to = partials + <usize>group * rowBytes * 3;
    const share = f32x4.splat(<f32>1 / <f32>count);
    for (let j: usize = 0; j < rowBytes; j += 16) {
      let sum = f32x4.splat(0);
      let at = from + j;
      for (let i = 0; i < count; i++) {
        sum = f32x4.add(sum, v128.load(at));
        at += rowBytes;
      }
      const mean = f32x4.mul(sum, share);
      let rest = f32x4.splat(0);
      let squares = f32x4.splat(0);
      at = from + j;
      for (let i = 0; i < count; i++) {
        const difference = f32x4.sub(v128.load(at), mean);
        rest = f32x4.add(rest, difference);
        squares = madd(difference, difference, squares);
        at += rowBytes;
      }
      v128.store(to + j, mean);
      v128.store(to + rowBytes + j, rest);
      v128.store(to + 2 * rowBytes + j, squares);
    }
  }
}

/**
 * Puts the groups' moments together and lays out what `batchNormApply` reads. A chunk is some channels.
 *
 * @param args x, partials, channels, fold (rows in a wide row), rows, wide rows, rows of a group, groups, gamma and
 *   beta (0 for none), epsilon, mean, variance, inverse deviation, wide (three wide rows: mean, factor, offset), chunks
 */
export function batchNormMerge(args: usize, chunk: i32, _scratch: usize): void {
  const x = address(args, 0);
  const partials = address(args, 1);
  const channels = int(args, 2);
  const fold = int(args, 3);
  const rows = int(args, 4);
  const wideRows = int(args, 5);
  const each = int(args, 6);
  const groups = int(args, 7);
  const epsilon = load<f64>(args, 80);
  const chunks = int(args, 15);
  const width = channels * fold;
  const end = partStart(chunk + 1, chunks, channels, 1);
  for (let c = partStart(chunk, chunks, channels, 1); c < end; c++) {
    let sum: f64 = 0;
    for (let group = 0; group < groups; group++) {
      const count = <f64>min(each, wideRows - group * each);
      const at = partials + (<usize>(group * 3 * width) << 2);
      for (let j = c; j < width; j += channels) sum += count * <f64>one(at, j) + <f64>one(at, width + j);
    }
    for (let i = wideRows * fold; i < rows; i++) sum += <f64>one(x, i * channels + c);
    const mean = sum / <f64>rows;
    let squares: f64 = 0;
    for (let group = 0; group < groups; group++) {
      const count = <f64>min(each, wideRows - group * each);
      const at = partials + (<usize>(group * 3 * width) << 2);
      for (let j = c; j < width; j += channels) {
        // Σ (x − mean)² from sums about another centre.
        const shift = <f64>one(at, j) - mean;
        squares += <f64>one(at, 2 * width + j) + shift * (2 * <f64>one(at, width + j) + count * shift);
      }
    }
    for (let i = wideRows * fold; i < rows; i++) {
      const difference = <f64>one(x, i * channels + c) - mean;
      squares += difference * difference;
    }
    const variance = squares / <f64>rows;
    finish(args, c, mean, variance, 1 / sqrt(variance + epsilon), channels, width);
  }
}

function finish(args: usize, c: i32, mean: f64, variance: f64, inverse: f64, channels: i32, width: i32): void {
  const at = <usize>c << 2;
  store<f32>(address(args, 11) + at, <f32>mean);
  store<f32>(address(args, 12) + at, <f32>variance);
  store<f32>(address(args, 13) + at, <f32>inverse);
  layOut(address(args, 14), c, channels, width, mean, inverse, address(args, 8), address(args, 9));
}

// @ts-ignore: decorator
@inline
function layOut(
  wide: usize,
  c: i32,
  channels: i32,
  width: i32,
  mean: f64,
  inverse: f64,
  gamma: usize,
  beta: usize,
): void {
  const factor = <f32>(gamma != 0 ? inverse * <f64>one(gamma, c) : inverse);
  const offset: f32 = beta != 0 ? one(beta, c) : 0;
  for (let j = c; j < width; j += channels) {
    store<f32>(wide + (<usize>j << 2), <f32>mean);
    store<f32>(wide + (<usize>(width + j) << 2), factor);
    store<f32>(wide + (<usize>(2 * width + j) << 2), offset);
  }
}

/**
 * Lays out what `batchNormApply` reads, from moments that are given.
 *
 * @param args channels, fold, mean, variance, epsilon, gamma and beta (0 for none), wide
 */
export function batchNormGiven(args: usize, _chunk: i32, _scratch: usize): void {
  const channels = int(args, 0);
  const width = channels * int(args, 1);
  const epsilon = load<f64>(args, 32);
  for (let c = 0; c < channels; c++) {
    const inverse = 1 / sqrt(<f64>one(address(args, 3), c) + epsilon);
    const mean = <f64>one(address(args, 2), c);
    layOut(address(args, 7), c, channels, width, mean, inverse, address(args, 5), address(args, 6));
  }
}

/**
 * `y = (x − mean) · factor + offset`. A chunk is some wide rows, the last also the rows that are left.
 *
 * @param args x, y, width, wide rows, numbers in all, wide (mean, factor, offset), chunks
 */
export function batchNormApply(args: usize, chunk: i32, _scratch: usize): void {
  const x = address(args, 0);
  const y = address(args, 1);
  const width = int(args, 2);
  const rows = int(args, 3);
  const size = int(args, 4);
  const wide = address(args, 5);
  const chunks = int(args, 6);
  const rowBytes = <usize>width << 2;
  const end = partStart(chunk + 1, chunks, rows, 1);
  let at = <usize>partStart(chunk, chunks, rows, 1) * rowBytes;
  const stop = <usize>end * rowBytes;
  while (at < stop) {
    for (let j: usize = 0; j < rowBytes; j += 16) {
      const centred = f32x4.sub(v128.load(x + at), v128.load(wide + j));
      v128.store(y + at, madd(centred, v128.load(wide + rowBytes + j), v128.load(wide + 2 * rowBytes + j)));
      at += 16;
    }
  }
  if (chunk < chunks - 1) return;
  const done = rows * width;
  for (let i = done; i < size; i++) {
    const value = (one(x, i) - one(wide, i - done)) * one(wide, width + i - done) + one(wide, 2 * width + i - done);
    store<f32>(y + (<usize>i << 2), value);
  }
}
