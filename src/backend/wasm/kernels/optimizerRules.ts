/**
 * The rules of src/optimizers, four elements at a time, each in the order of operations that its definition has.
 * A rule reads the weight at `w`, its gradient at `g`, its slots at `s0`, `s1` and `s2` (0 for one that it does not
 * have) and writes the weight to `o`, the slots to `t0`, `t1` and `t2`. `numbers` are its decay and its numbers.
 */
import {adam, adamax, lamb, nadam} from './adamRules';
import {real} from './call';
import {decayed, decayingMean, splat} from './optimizerParts';

/** Codes of the rules, as in ../engineOptimizers.ts. */
const SGD: i32 = 0;
const ADAM: i32 = 1;
const ADAMAX: i32 = 2;
const NADAM: i32 = 3;
const RMSPROP: i32 = 4;
const ADAGRAD: i32 = 5;
const ADADELTA: i32 = 6;
const LION: i32 = 7;
const LAMB: i32 = 8;

/** `bytes` of one weight, a multiple of 16. LAMB leaves sums of squares at `sums`, if not 0. */
export function update(
  rule: i32,
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
  sums: usize,
): void {
  if (rule == SGD) sgd(numbers, w, g, o, s0, t0, bytes);
  else if (rule == ADAM) adam(numbers, w, g, o, s0, t0, s1, t1, s2, t2, bytes);
  else if (rule == ADAMAX) adamax(numbers, w, g, o, s0, t0, s1, t1, bytes);
  else if (rule == NADAM) nadam(numbers, w, g, o, s0, t0, s1, t1, bytes);
  else if (rule == RMSPROP) rmsprop(numbers, w, g, o, s0, t0, s1, t1, s2, t2, bytes);
  else if (rule == ADAGRAD) adagrad(numbers, w, g, o, s0, t0, bytes);
  else if (rule == ADADELTA) adadelta(numbers, w, g, o, s0, t0, s1, t1, bytes);
  else if (rule == LION) lion(numbers, w, g, o, s0, t0, bytes);
  else if (rule == LAMB) lamb(numbers, w, g, o, s0, t0, s1, t1, bytes, sums);
}

/** Numbers: rate, momentum, whether Nesterov's. Slots: momentum or none. */
function sgd(numbers: usize, w: usize, g: usize, o: usize, s0: usize, t0: usize, bytes: usize): void {
  const decay = splat(numbers, 0);
  const decays = real(numbers, 0) != 0;
  const rate = splat(numbers, 1);
  const share = splat(numbers, 2);
  const nesterov = real(numbers, 3) != 0;
  for (let i: usize = 0; i < bytes; i += 16) {
    const value = decayed(w + i, decays, decay);
    const descent = f32x4.mul(v128.load(g + i), rate);
    if (s0 == 0) {
      v128.store(o + i, f32x4.sub(value, descent));
      continue;
    }
    const momentum = f32x4.sub(f32x4.mul(v128.load(s0 + i), share), descent);
    const step = nesterov ? f32x4.sub(f32x4.mul(momentum, share), descent) : momentum;
    v128.store(t0 + i, momentum);
    v128.store(o + i, f32x4.add(value, step));
  }
}

/** Numbers: share, rate, epsilon, momentum. Slots: v, mean if centered, momentum or none. */
function rmsprop(
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
  const rate = splat(numbers, 2);
  const epsilon = splat(numbers, 3);
  const momentumShare = splat(numbers, 4);
  for (let i: usize = 0; i < bytes; i += 16) {
    const gradient = v128.load(g + i);
    const v = decayingMean(v128.load(s0 + i), f32x4.mul(gradient, gradient), share);
    v128.store(t0 + i, v);
    let variance = v;
    if (s1 != 0) {
      const mean = decayingMean(v128.load(s1 + i), gradient, share);
      v128.store(t1 + i, mean);
      variance = f32x4.max(f32x4.sub(v, f32x4.mul(mean, mean)), f32x4.splat(0));
    }
    let step = f32x4.div(f32x4.mul(gradient, rate), f32x4.sqrt(f32x4.add(variance, epsilon)));
    if (s2 != 0) {
      step = f32x4.add(f32x4.mul(v128.load(s2 + i), momentumShare), step);
      v128.store(t2 + i, step);
    }
    v128.store(o + i, f32x4.sub(decayed(w + i, decays, decay), step));
  }
}

/** Numbers: rate, epsilon. Slots: accumulator. */
function adagrad(numbers: usize, w: usize, g: usize, o: usize, s0: usize, t0: usize, bytes: usize): void {
  const decay = splat(numbers, 0);
  const decays = real(numbers, 0) != 0;
  const rate = splat(numbers, 1);
  const epsilon = splat(numbers, 2);
  for (let i: usize = 0; i < bytes; i += 16) {
    const gradient = v128.load(g + i);
    const accumulator = f32x4.add(v128.load(s0 + i), f32x4.mul(gradient, gradient));
    v128.store(t0 + i, accumulator);
    const step = f32x4.div(f32x4.mul(gradient, rate), f32x4.sqrt(f32x4.add(accumulator, epsilon)));
    v128.store(o + i, f32x4.sub(decayed(w + i, decays, decay), step));
  }
}

/** Numbers: share, rate, epsilon. Slots: gradients, steps. */
function adadelta(
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
  const rate = splat(numbers, 2);
  const epsilon = splat(numbers, 3);
  for (let i: usize = 0; i < bytes; i += 16) {
    const gradient = v128.load(g + i);
    const gradients = decayingMean(v128.load(s0 + i), f32x4.mul(gradient, gradient), share);
    const steps = v128.load(s1 + i);
    const ratio = f32x4.div(f32x4.add(steps, epsilon), f32x4.add(gradients, epsilon));
    const step = f32x4.mul(gradient, f32x4.sqrt(ratio));
    v128.store(t0 + i, gradients);
    v128.store(t1 + i, decayingMean(steps, f32x4.mul(step, step), share));
    v128.store(o + i, f32x4.sub(decayed(w + i, decays, decay), f32x4.mul(step, rate)));
  }
}

/** Numbers: shares of the difference in the direction and in the momentum, rate. Slots: m. */
function lion(numbers: usize, w: usize, g: usize, o: usize, s0: usize, t0: usize, bytes: usize): void {
  const decay = splat(numbers, 0);
  const decays = real(numbers, 0) != 0;
  const share = splat(numbers, 1);
  const momentumShare = splat(numbers, 2);
  const rate = splat(numbers, 3);
  const zero = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const m = v128.load(s0 + i);
    const difference = f32x4.sub(v128.load(g + i), m);
    const direction = f32x4.add(m, f32x4.mul(difference, share));
    // The comparisons give −1 as an integer where they hold.
    const sign = f32x4.convert_i32x4_s(i32x4.sub(f32x4.lt(direction, zero), f32x4.gt(direction, zero)));
    v128.store(t0 + i, f32x4.add(m, f32x4.mul(difference, momentumShare)));
    v128.store(o + i, f32x4.sub(decayed(w + i, decays, decay), f32x4.mul(sign, rate)));
  }
}
