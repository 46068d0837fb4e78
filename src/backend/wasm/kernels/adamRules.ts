/** The rules of Adam and its relatives, called as optimizerRules.ts says. */
import {real} from './call';
import {decayed, decayingMean, splat} from './optimizerParts';

/** Numbers: shares of gradient and square, rate, epsilon. Slots: m, v, vMax or none. */
export function adam(
  numbers: usize,
  w: usize,
  g: usize,
  o: usize,
  s0: usize,
  t0: usize,
  s1: usize,
  t1: usize,
  s2: usize,
  t2: usize,
  bytes: usize,
): void {
  const decay = splat(numbers, 0);
  const decays = real(numbers, 0) != 0;
  const share = splat(numbers, 1);
  const squareShare = splat(numbers, 2);
  const rate = splat(numbers, 3);
  const epsilon = splat(numbers, 4);
  for (let i: usize = 0; i < bytes; i += 16) {
    const gradient = v128.load(g + i);
    const m = decayingMean(v128.load(s0 + i), gradient, share);
    const v = decayingMean(v128.load(s1 + i), f32x4.mul(gradient, gradient), squareShare);
    v128.store(t0 + i, m);
    v128.store(t1 + i, v);
    let largest = v;
    if (s2 != 0) {
      largest = f32x4.max(v128.load(s2 + i), v);
      v128.store(t2 + i, largest);
    }
    const step = f32x4.div(f32x4.mul(m, rate), f32x4.add(f32x4.sqrt(largest), epsilon));
    v128.store(o + i, f32x4.sub(decayed(w + i, decays, decay), step));
  }
}

/** Numbers: share of the gradient, decay of the maximum, rate, epsilon. Slots: m, u. */
export function adamax(
  numbers: usize,
  w: usize,
  g: usize,
  o: usize,
  s0: usize,
  t0: usize,
  s1: usize,
  t1: usize,
  bytes: usize,
): void {
  const decay = splat(numbers, 0);
  const decays = real(numbers, 0) != 0;
  const share = splat(numbers, 1);
  const beta2 = splat(numbers, 2);
  const rate = splat(numbers, 3);
  const epsilon = splat(numbers, 4);
  for (let i: usize = 0; i < bytes; i += 16) {
    const gradient = v128.load(g + i);
    const m = decayingMean(v128.load(s0 + i), gradient, share);
    const u = f32x4.max(f32x4.mul(v128.load(s1 + i), beta2), f32x4.abs(gradient));
    v128.store(t0 + i, m);
    v128.store(t1 + i, u);
    const step = f32x4.div(f32x4.mul(m, rate), f32x4.add(u, epsilon));
    v128.store(o + i, f32x4.sub(decayed(w + i, decays, decay), step));
  }
}

/** Numbers: shares of gradient and square, rates of momentum and gradient, epsilon. Slots: m, v. */
export function nadam(
  numbers: usize,
  w: usize,
  g: usize,
  o: usize,
  s0: usize,
  t0: usize,
  s1: usize,
  t1: usize,
  bytes: usize,
): void {
  const decay = splat(numbers, 0);
  const decays = real(numbers, 0) != 0;
  const share = splat(numbers, 1);
  const squareShare = splat(numbers, 2);
  const momentumRate = splat(numbers, 3);
  const gradientRate = splat(numbers, 4);
  const epsilon = splat(numbers, 5);
  for (let i: usize = 0; i < bytes; i += 16) {
    const gradient = v128.load(g + i);
    const m = decayingMean(v128.load(s0 + i), gradient, share);
    const v = decayingMean(v128.load(s1 + i), f32x4.mul(gradient, gradient), squareShare);
    v128.store(t0 + i, m);
    v128.store(t1 + i, v);
    const ahead = f32x4.add(f32x4.mul(m, momentumRate), f32x4.mul(gradient, gradientRate));
    const step = f32x4.div(ahead, f32x4.add(f32x4.sqrt(v), epsilon));
    v128.store(o + i, f32x4.sub(decayed(w + i, decays, decay), step));
  }
}

/** Numbers: shares of gradient and square, correction, epsilon, rate. Slots: m, v. The step goes to `o`, and
 * the sums of squares of weights and steps to the two float64 at `sums`, unless 0. */
export function lamb(
  numbers: usize,
  w: usize,
  g: usize,
  o: usize,
  s0: usize,
  t0: usize,
  s1: usize,
  t1: usize,
  bytes: usize,
  sums: usize,
): void {
  const decay = splat(numbers, 0);
  const decays = real(numbers, 0) != 0;
  const share = splat(numbers, 1);
  const squareShare = splat(numbers, 2);
  const correction = splat(numbers, 3);
  const epsilon = splat(numbers, 4);
  let values = f32x4.splat(0);
  let steps = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const gradient = v128.load(g + i);
    const m = decayingMean(v128.load(s0 + i), gradient, share);
    const v = decayingMean(v128.load(s1 + i), f32x4.mul(gradient, gradient), squareShare);
    const step = f32x4.div(f32x4.mul(m, correction), f32x4.add(f32x4.sqrt(v), epsilon));
    v128.store(t0 + i, m);
    v128.store(t1 + i, v);
    v128.store(o + i, step);
    const value = decayed(w + i, decays, decay);
    values = f32x4.add(values, f32x4.mul(value, value));
    steps = f32x4.add(steps, f32x4.mul(step, step));
  }
  if (sums == 0) return;
  store<f64>(sums, total(values));
  store<f64>(sums, total(steps), 8);
}

function total(x: v128): f64 {
  return (
    <f64>f32x4.extract_lane(x, 0) +
    <f64>f32x4.extract_lane(x, 1) +
    <f64>f32x4.extract_lane(x, 2) +
    <f64>f32x4.extract_lane(x, 3)
  );
}

/** `o ← weight − o · rate`, for bytes `from` to `to`: the second half of LAMB. */
export function applyLamb(w: usize, o: usize, from: usize, to: usize, decay: f32, rate: f32): void {
  const decays = decay != 0;
  const decayFour = f32x4.splat(decay);
  const rateFour = f32x4.splat(rate);
  let i = from;
  for (; i + 16 <= to; i += 16) {
    const value = decayed(w + i, decays, decayFour);
    v128.store(o + i, f32x4.sub(value, f32x4.mul(v128.load(o + i), rateFour)));
  }
  for (; i < to; i += 4) {
    const weight = load<f32>(w + i);
    const value = decays ? weight - weight * decay : weight;
    store<f32>(o + i, value - load<f32>(o + i) * rate);
  }
}
