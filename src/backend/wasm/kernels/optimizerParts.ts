/** What the rules of optimizers are made of, four elements at a time. */
import {real} from './call';

/** Number `index` of a rule, four times. */
// @ts-ignore: decorator
@inline
export function splat(numbers: usize, index: i32): v128 {
  return f32x4.splat(real(numbers, index));
}

/** The weight after weight decay; the branch keeps an infinite weight that does not decay from becoming NaN. */
// @ts-ignore: decorator
@inline
export function decayed(at: usize, decays: bool, decay: v128): v128 {
  const w = v128.load(at);
  return decays ? f32x4.sub(w, f32x4.mul(w, decay)) : w;
}

/** `mean + (newest − mean) · share` */
// @ts-ignore: decorator
@inline
export function decayingMean(mean: v128, newest: v128, share: v128): v128 {
  return f32x4.add(mean, f32x4.mul(f32x4.sub(newest, mean), share));
}
