/** The gradient of batch normalization, over wide rows in groups as in batchNorm.ts. */
import {address, int, madd, partStart} from './call';

// @ts-ignore: decorator
@inline
function one(at: usize, index: i32): f32 {
  return load<f32>(at + (<usize>index << 2));
}

/**
 * `Σ dy` and `Σ dy · (x − mean)` of each wide channel over each group of wide rows.
 *
 * @param args dy, x, wide (the mean first), partials (two wide rows a group), width, wide rows, rows of a group,
 *   groups, chunks
 */
export function batchNormSums(args: usize, chunk: i32, _scratch: usize): void {
  const dy = address(args, 0);
  const x = address(args, 1);
  const wide = address(args, 2);
  const partials = address(args, 3);
  const width = int(args, 4);
  const rows = int(args, 5);
  const each = int(args, 6);
  const groups = int(args, 7);
  const chunks = int(args, 8);
  const rowBytes = <usize>width << 2;
  const end = partStart(chunk + 1, chunks, groups, 1);
  for (let group = partStart(chunk, chunks, groups, 1); group < end; group++) {
    const first = group * each;
    const count = min(each, rows - first);
    const from = <usize>first * rowBytes;
    const to = partials + <usize>group * rowBytes * 2;
    for (let j: usize = 0; j < rowBytes; j += 16) {
      const mean = v128.load(wide + j);
      let sum = f32x4.splat(0);
      let products = f32x4.splat(0);
      let at = from + j;
      for (let i = 0; i < count; i++) {
        const slope = v128.load(dy + at);
        sum = f32x4.add(sum, slope);
        products = madd(slope, f32x4.sub(v128.load(x + at), mean), products);
        at += rowBytes;
      }
      v128.store(to + j, sum);
      v128.store(to + rowBytes + j, products);
    }
  }
}

/**
 * Lays out the mean as `batchNormSums` reads it.
 *
 * @param args mean, wide, channels, width
 */
export function batchNormSpread(args: usize, _chunk: i32, _scratch: usize): void {
  const mean = address(args, 0);
  const wide = address(args, 1);
  const channels = int(args, 2);
  const width = int(args, 3);
  for (let j = 0; j < width; j++) store<f32>(wide + (<usize>j << 2), one(mean, j % channels));
}

/**
 * The gradients of gamma and beta from the groups' sums, and what `batchNormInput` reads: with n rows,
 * `dx = (dy − Σdy/n − (x − mean) · slope) · γ/σ`, in this order since dy is mostly near the rest. A chunk is some channels.
 *
 * @param args dy, x, wide (four wide rows: mean, γ/σ, slope, Σdy/n), partials, channels, fold, rows, wide rows,
 *   groups, mean, inverse deviation, gamma (0 for none), dgamma, dbeta, chunks
 */
export function batchNormSlopes(args: usize, chunk: i32, _scratch: usize): void {
  const dy = address(args, 0);
  const x = address(args, 1);
  const wide = address(args, 2);
  const partials = address(args, 3);
  const channels = int(args, 4);
  const fold = int(args, 5);
  const rows = int(args, 6);
  const wideRows = int(args, 7);
  const groups = int(args, 8);
  const gamma = address(args, 11);
  const chunks = int(args, 14);
  const width = channels * fold;
  const end = partStart(chunk + 1, chunks, channels, 1);
  for (let c = partStart(chunk, chunks, channels, 1); c < end; c++) {
    const mean = one(address(args, 9), c);
    const inverse = <f64>one(address(args, 10), c);
    let sum: f64 = 0;
    let products: f64 = 0;
    for (let group = 0; group < groups; group++) {
      const at = partials + (<usize>(group * 2 * width) << 2);
      for (let j = c; j < width; j += channels) {
        sum += <f64>one(at, j);
        products += <f64>one(at, width + j);
      }
    }
    for (let i = wideRows * fold; i < rows; i++) {
      const slope = <f64>one(dy, i * channels + c);
      sum += slope;
      products += slope * <f64>(one(x, i * channels + c) - mean);
    }
    const dGamma = products * inverse;
    store<f32>(address(args, 12) + (<usize>c << 2), <f32>dGamma);
    store<f32>(address(args, 13) + (<usize>c << 2), <f32>sum);
    const factor = gamma != 0 ? inverse * <f64>one(gamma, c) : inverse;
    const slope = (inverse * dGamma) / <f64>rows;
    const meanSlope = sum / <f64>rows;
    for (let j = c; j < width; j += channels) {
      store<f32>(wide + (<usize>(width + j) << 2), <f32>factor);
      store<f32>(wide + (<usize>(2 * width + j) << 2), <f32>slope);
      store<f32>(wide + (<usize>(3 * width + j) << 2), <f32>meanSlope);
    }
  }
}

/**
 * The gradient of x. A chunk is some wide rows, the last also the rows that are left.
 *
 * @param args dy, x, dx, wide (mean, γ/σ, slope, Σdy/n), width, wide rows, numbers in all, chunks
 */
export function batchNormInput(args: usize, chunk: i32, _scratch: usize): void {
  const dy = address(args, 0);
  const x = address(args, 1);
  const dx = address(args, 2);
  const wide = address(args, 3);
  const width = int(args, 4);
  const rows = int(args, 5);
  const size = int(args, 6);
  const chunks = int(args, 7);
  const rowBytes = <usize>width << 2;
  const stop = <usize>partStart(chunk + 1, chunks, rows, 1) * rowBytes;
  let at = <usize>partStart(chunk, chunks, rows, 1) * rowBytes;
  while (at < stop) {
    for (let j: usize = 0; j < rowBytes; j += 16) {
      const centred = f32x4.sub(v128.load(x + at), v128.load(wide + j));
      const own = f32x4.sub(v128.load(dy + at), v128.load(wide + 3 * rowBytes + j));
      const rest = f32x4.sub(own, f32x4.mul(centred, v128.load(wide + 2 * rowBytes + j)));
      v128.store(dx + at, f32x4.mul(rest, v128.load(wide + rowBytes + j)));
      at += 16;
    }
  }
  if (chunk < chunks - 1) return;
  const done = rows * width;
  for (let i = done; i < size; i++) {
    const j = i - done;
    const shared = (one(x, i) - one(wide, j)) * one(wide, 2 * width + j);
    store<f32>(dx + (<usize>i << 2), (one(dy, i) - one(wide, 3 * width + j) - shared) * one(wide, width + j));
  }
}
