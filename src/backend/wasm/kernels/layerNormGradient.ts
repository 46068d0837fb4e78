/**
 * The gradient of layer normalization. With `g = dy · γ` and means over a row of n numbers,
 * `dx = (g − mean(g) − (x − mean) · slope) / σ`, where `slope = Σ g · (x − mean) / (n σ²)`.
 *
 * A row is read twice, from memory only the first time; on the second its share of the gradients of gamma and beta
 * goes into sums of its group of rows, which stay in the first-level cache. The groups' sums are then added up in
 * their order, in float64.
 */
import {address, int, madd, partStart} from './call';
import {sumOf} from './layerNorm';

/** Bytes of a row that are added up in float32: 128 numbers, sixteen for each lane of two vectors. */
const BLOCK: usize = 512;

/**
 * The gradient of x, and each group's share of those of gamma and beta. A chunk is some groups.
 *
 * @param args dy, x, mean, inverse deviation, gamma (0 for none), dx, partials (two rows a group: of gamma, of beta; 0
 *   if not wanted), rows, width, rows of a group, groups, chunks
 */
export function layerNormGradient(args: usize, chunk: i32, _scratch: usize): void {
  const gamma = address(args, 4);
  const partials = address(args, 6);
  const rows = int(args, 7);
  const width = int(args, 8);
  const each = int(args, 9);
  const groups = int(args, 10);
  const chunks = int(args, 11);
  const bytes = <usize>width << 2;
  const end = partStart(chunk + 1, chunks, groups, 1);
  for (let group = partStart(chunk, chunks, groups, 1); group < end; group++) {
    let sums: usize = 0;
    if (partials != 0) {
      sums = partials + <usize>group * bytes * 2;
      memory.fill(sums, 0, bytes * 2);
    }
    const stop = min((group + 1) * each, rows);
    for (let i = group * each; i < stop; i++) {
      const at = <usize>i * bytes;
      const mean = load<f32>(address(args, 2) + (<usize>i << 2));
      const inverse = load<f32>(address(args, 3) + (<usize>i << 2));
      const dx = address(args, 5) + at;
      gradientOfRow(address(args, 0) + at, address(args, 1) + at, gamma, dx, sums, width, mean, inverse);
    }
  }
}

// @ts-ignore: decorator
@inline
function scaled(dy: v128, gamma: usize): v128 {
  return gamma != 0 ? f32x4.mul(dy, v128.load(gamma)) : dy;
}

// @ts-ignore: decorator
@inline
function scaledOne(dy: f32, gamma: usize): f32 {
  return gamma != 0 ? dy * load<f32>(gamma) : dy;
}

function gradientOfRow(
  dy: usize,
  x: usize,
  gamma: usize,
  dx: usize,
  sums: usize,
  width: i32,
  mean: f32,
  inverse: f32,
): void {
  const bytes = <usize>width << 2;
  const middle = f32x4.splat(mean);
  // Where there is no gamma its address stays 0.
  const step: usize = gamma != 0 ? 1 : 0;
  let sum: f64 = 0;
  let products: f64 = 0;
  let j: usize = 0;
  while (j < bytes) {
    const stop = min(bytes, j + BLOCK);
    let sumA = f32x4.splat(0);
    let sumB = sumA;
    let productsA = sumA;
    let productsB = sumA;
    for (; j + 32 <= stop; j += 32) {
      const a = scaled(v128.load(dy + j), gamma + j * step);
      const b = scaled(v128.load(dy + j, 16), gamma + (j + 16) * step);
      sumA = f32x4.add(sumA, a);
      sumB = f32x4.add(sumB, b);
      productsA = madd(a, f32x4.sub(v128.load(x + j), middle), productsA);
      productsB = madd(b, f32x4.sub(v128.load(x + j, 16), middle), productsB);
    }
    for (; j + 16 <= stop; j += 16) {
      const a = scaled(v128.load(dy + j), gamma + j * step);
      sumA = f32x4.add(sumA, a);
      productsA = madd(a, f32x4.sub(v128.load(x + j), middle), productsA);
    }
    sum += sumOf(f32x4.add(sumA, sumB));
    products += sumOf(f32x4.add(productsA, productsB));
    for (; j < stop; j += 4) {
      const a = scaledOne(load<f32>(dy + j), gamma + j * step);
      sum += <f64>a;
      products += <f64>a * <f64>(load<f32>(x + j) - mean);
    }
  }
  const offset = <f32>(sum / <f64>width);
  const slope = <f32>((products * <f64>inverse * <f64>inverse) / <f64>width);
  const offsets = f32x4.splat(offset);
  const slopes = f32x4.splat(slope);
  const factor = f32x4.splat(inverse);
  for (j = 0; j + 16 <= bytes; j += 16) {
    const own = v128.load(dy + j);
    const centred = f32x4.sub(v128.load(x + j), middle);
    const rest = f32x4.sub(f32x4.sub(scaled(own, gamma + j * step), offsets), f32x4.mul(centred, slopes));
    v128.store(dx + j, f32x4.mul(rest, factor));
    if (sums != 0) {
      const ofBeta = sums + bytes + j;
      v128.store(sums + j, madd(own, f32x4.mul(centred, factor), v128.load(sums + j)));
      v128.store(ofBeta, f32x4.add(own, v128.load(ofBeta)));
    }
  }
  for (; j < bytes; j += 4) {
    const own = load<f32>(dy + j);
    const centred = load<f32>(x + j) - mean;
    store<f32>(dx + j, (scaledOne(own, gamma + j * step) - offset - centred * slope) * inverse);
    if (sums != 0) {
      const ofBeta = sums + bytes + j;
      store<f32>(sums + j, load<f32>(sums + j) + own * (centred * inverse));
      store<f32>(ofBeta, load<f32>(ofBeta) + own);
    }
  }
}

/**
 * The gradients of gamma and beta from the groups' sums. A chunk is some columns.
 *
 * @param args partials, dgamma, dbeta, width, groups, chunks
 */
export function layerNormParameters(args: usize, chunk: i32, _scratch: usize): void {
  const partials = address(args, 0);
  const width = int(args, 3);
  const groups = int(args, 4);
  const chunks = int(args, 5);
  const bytes = <usize>width << 2;
  const first = <usize>partStart(chunk, chunks, width, 4) << 2;
  const end = <usize>partStart(chunk + 1, chunks, width, 4) << 2;
  for (let row = 0; row < 2; row++) {
    const from = partials + <usize>row * bytes;
    const to = address(args, 1 + row);
    let j = first;
    for (; j + 16 <= end; j += 16) {
      let low = f64x2.splat(0);
      let high = low;
      let at = from + j;
      for (let group = 0; group < groups; group++, at += bytes * 2) {
        const part = v128.load(at);
        const upper = i8x16.shuffle(part, part, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
        low = f64x2.add(low, f64x2.promote_low_f32x4(part));
        high = f64x2.add(high, f64x2.promote_low_f32x4(upper));
      }
      const lowest = f32x4.demote_f64x2_zero(low);
      const highest = f32x4.demote_f64x2_zero(high);
      v128.store(to + j, i8x16.shuffle(lowest, highest, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
    }
    for (; j < end; j += 4) {
      let sum: f64 = 0;
      for (let group = 0; group < groups; group++) sum += <f64>load<f32>(from + j + <usize>group * bytes * 2);
      store<f32>(to + j, <f32>sum);
    }
  }
}
