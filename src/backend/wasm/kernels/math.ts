/**
 * Functions of four float32 numbers at once, each within a few ulp over the whole range, with NaN passing through
 * and the right limits at zero and infinity. Polynomials only, since the module may hold no tables.
 *
 * `exp`, `log` and their kin reduce the argument as Cephes does (S. Moshier, 1992) and use its polynomials;
 * `tanh` is `(1 − e^−2|x|) / (1 + e^−2|x|)` with `expm1`, so that small arguments keep their digits.
 */
import {madd} from './call';

/** 1.5 · 2²³: added to a number it leaves the nearest integer in the lowest bits. */
const ROUND: f32 = 12582912.0;
const ROUND_BITS: i32 = 0x4b400000;
const LOG2_E: f32 = 1.44269504088896341;
/** ln 2 in two parts, the first so short that its products with small integers are exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;

// @ts-ignore: decorator
@inline
function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** `chosen ? a : b` for each number; `chosen` is all ones or all zeros. */
// @ts-ignore: decorator
@inline
export function choose(chosen: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, chosen);
}

/** `n + ROUND` for the integer n nearest to `x / ln 2`. */
// @ts-ignore: decorator
@inline
function roundedExponent(x: v128): v128 {
  return madd(x, splat(LOG2_E), splat(ROUND));
}

/** `x − n · ln 2`. */
// @ts-ignore: decorator
@inline
function remainder(x: v128, n: v128): v128 {
  return madd(n, splat(-LN2_LOW), madd(n, splat(-LN2_HIGH), x));
}

/** `e^r − 1` for |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline
function expm1Small(r: v128): v128 {
  let p = splat(1.9875691500e-4);
  p = madd(p, r, splat(1.3981999507e-3));
  p = madd(p, r, splat(8.3334519073e-3));
  p = madd(p, r, splat(4.1665795894e-2));
  p = madd(p, r, splat(1.6666665459e-1));
  p = madd(p, r, splat(5.0000001201e-1));
  return madd(p, f32x4.mul(r, r), r);
}

/** `e^x`: 0 and infinity beyond the range of float32, denormal numbers where it ends. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  // pmin and pmax pass a NaN on.
  x = f32x4.pmax(f32x4.pmin(x, splat(89)), splat(-104));
  const rounded = roundedExponent(x);
  const e = f32x4.add(expm1Small(remainder(x, f32x4.sub(rounded, splat(ROUND)))), splat(1));
  // 2ⁿ in two factors, since n may be 128 or −150.
  const n = i32x4.sub(rounded, i32x4.splat(ROUND_BITS));
  const half = i32x4.shr_s(n, 1);
  const bias = i32x4.splat(127);
  const first = i32x4.shl(i32x4.add(half, bias), 23);
  const second = i32x4.shl(i32x4.add(i32x4.sub(n, half), bias), 23);
  return f32x4.mul(f32x4.mul(e, first), second);
}

/** `e^x − 1` for x ≤ 0. */
// @ts-ignore: decorator
@inline
export function expm1Negative(x: v128): v128 {
  x = f32x4.pmax(x, splat(-30));
  const rounded = roundedExponent(x);
  const e = expm1Small(remainder(x, f32x4.sub(rounded, splat(ROUND))));
  // The bits of the integer move up to where the exponent is; all above falls out.
  const power = i32x4.add(i32x4.shl(rounded, 23), i32x4.splat(0x3f800000));
  return madd(power, e, f32x4.sub(power, splat(1)));
}

/** `1 / (1 + e^−x)`. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = splat(1);
  // e^−x within what one power of two scales: beyond it the sum is 1, or infinite.
  const negative = f32x4.pmax(f32x4.pmin(f32x4.neg(x), splat(89)), splat(-87));
  const rounded = roundedExponent(negative);
  const e = expm1Small(remainder(negative, f32x4.sub(rounded, splat(ROUND))));
  const power = i32x4.add(i32x4.shl(rounded, 23), i32x4.splat(0x3f800000));
  // Not power · e + power: of an infinite power and a negative e that is NaN.
  return f32x4.div(one, f32x4.add(one, f32x4.mul(power, f32x4.add(one, e))));
}

// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const e = expm1Negative(f32x4.mul(f32x4.abs(x), splat(-2)));
  const positive = f32x4.div(f32x4.neg(e), f32x4.add(e, splat(2)));
  return v128.bitselect(x, positive, i32x4.splat(0x80000000));
}

/** The natural logarithm: −infinity of 0, NaN of what is less. */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const isDenormal = f32x4.lt(x, splat(1.17549435e-38));
  const scaled = choose(isDenormal, f32x4.mul(x, splat(8388608)), x);
  // x = 2ⁿ · m with m from √½ to √2.
  const offset = i32x4.sub(scaled, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.sub(i32x4.shr_s(offset, 23), v128.and(isDenormal, i32x4.splat(23)));
  const n = f32x4.convert_i32x4_s(exponent);
  const mantissa = i32x4.add(v128.and(offset, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const r = f32x4.sub(mantissa, splat(1));
  const square = f32x4.mul(r, r);
  let p = splat(7.0376836292e-2);
  p = madd(p, r, splat(-1.1514610310e-1));
  p = madd(p, r, splat(1.1676998740e-1));
  p = madd(p, r, splat(-1.2420140846e-1));
  p = madd(p, r, splat(1.4249322787e-1));
  p = madd(p, r, splat(-1.6668057665e-1));
  p = madd(p, r, splat(2.0000714765e-1));
  p = madd(p, r, splat(-2.4999993993e-1));
  p = madd(p, r, splat(3.3333331174e-1));
  p = f32x4.mul(p, f32x4.mul(r, square));
  p = madd(n, splat(LN2_LOW), p);
  p = madd(square, splat(-0.5), p);
  let y = madd(n, splat(LN2_HIGH), f32x4.add(r, p));
  // Infinity and NaN are their own logarithms; what is less than 0 has none.
  y = choose(f32x4.lt(x, splat(Infinity)), y, x);
  y = choose(f32x4.eq(x, splat(0)), splat(-Infinity), y);
  return v128.or(y, f32x4.lt(x, splat(0)));
}

/** `ln(1 + e^x)`. */
// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  const one = splat(1);
  const e = exp(f32x4.neg(f32x4.abs(x)));
  const sum = f32x4.add(one, e);
  // What the sum has rounded away counts for small e.
  const lost = f32x4.sub(e, f32x4.sub(sum, one));
  const tail = f32x4.add(log(sum), f32x4.div(lost, sum));
  return f32x4.add(f32x4.max(x, splat(0)), tail);
}

/** The error function: the rational approximation that Eigen and XLA use. */
// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const bounded = f32x4.pmax(f32x4.pmin(x, splat(4)), splat(-4));
  const square = f32x4.mul(bounded, bounded);
  let p = splat(-2.72614225801306e-10);
  p = madd(p, square, splat(2.77068142495902e-8));
  p = madd(p, square, splat(-2.10102402082508e-6));
  p = madd(p, square, splat(-5.69250639462346e-5));
  p = madd(p, square, splat(-7.34990630326855e-4));
  p = madd(p, square, splat(-2.95459980854025e-3));
  p = madd(p, square, splat(-1.60960333262415e-2));
  let q = splat(-1.45660718464996e-5);
  q = madd(q, square, splat(-2.13374055278905e-4));
  q = madd(q, square, splat(-1.68282697438203e-3));
  q = madd(q, square, splat(-7.37332916720468e-3));
  q = madd(q, square, splat(-1.42647390514189e-2));
  return f32x4.div(f32x4.mul(bounded, p), q);
}
