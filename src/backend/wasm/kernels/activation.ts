/** Activations that a product applies on its way to memory. The codes are those of `engine/activations.ts`. */

/** Codes of the activations. */
export const LINEAR: i32 = 0;
export const RELU: i32 = 1;
export const RELU6: i32 = 2;

/** `activation(x)`. NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function activate(x: v128, activation: i32): v128 {
  if (activation == LINEAR) return x;
  const positive = f32x4.max(x, f32x4.splat(0));
  return activation == RELU ? positive : f32x4.min(positive, f32x4.splat(6));
}

/** `activation(x)` of one number. */
// @ts-ignore: decorator
@inline
export function activateOne(x: f32, activation: i32): f32 {
  if (activation == LINEAR) return x;
  const positive = max<f32>(x, 0);
  return activation == RELU ? positive : min<f32>(positive, 6);
}

/** The derivative of an activation where it came to `y`. NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function gradientFactor(y: v128, activation: i32): v128 {
  const one = f32x4.splat(1);
  if (activation == LINEAR) return one;
  // Not plainly 0 where y is not positive: a NaN shall show.
  const isBetween = f32x4.gt(y, f32x4.splat(0));
  const inside = activation == RELU ? isBetween : v128.and(isBetween, f32x4.lt(y, f32x4.splat(6)));
  return v128.bitselect(one, f32x4.mul(y, f32x4.splat(0)), inside);
}
