/**
 * Activations of gates. What is kept of a gate for its gradient is one number, from which value and slope follow:
 * the value itself, but of a hard sigmoid what it is before it is clipped, since tfjs passes a gradient where a clip
 * is just reached. The codes are those of `engineRecurrent.ts`.
 */
import {sigmoid, tanh} from './math';
import {put, take} from './recurrent';

const RELU: i32 = 1;
const TANH: i32 = 2;
const SIGMOID: i32 = 3;
const HARD_SIGMOID: i32 = 4;

/**
 * What to keep of `count` gates whose sums are at `from` goes to `to`, which may be the same place. Two vectors at a
 * time share the constants of the polynomials and hide each other's latency.
 */
export function toGates(from: usize, to: usize, count: i32, activation: i32): void {
  if (activation == TANH) {
    for (; count >= 8; count -= 8) {
      const a = tanh(v128.load(from));
      const b = tanh(v128.load(from, 16));
      v128.store(to, a);
      v128.store(to, b, 16);
      from += 32;
      to += 32;
    }
  } else if (activation == SIGMOID) {
    for (; count >= 8; count -= 8) {
      const a = sigmoid(v128.load(from));
      const b = sigmoid(v128.load(from, 16));
      v128.store(to, a);
      v128.store(to, b, 16);
      from += 32;
      to += 32;
    }
  }
  for (; count > 0; count -= 4) {
    put(to, gateOf(take(from, count), activation), count);
    from += 16;
    to += 16;
  }
}

function gateOf(x: v128, activation: i32): v128 {
  if (activation == TANH) return tanh(x);
  if (activation == SIGMOID) return sigmoid(x);
  if (activation == HARD_SIGMOID) return f32x4.add(f32x4.splat(0.5), f32x4.mul(f32x4.splat(0.2), x));
  return activation == RELU ? f32x4.max(x, f32x4.splat(0)) : x;
}

/** The value of a gate. */
// @ts-ignore: decorator
@inline
export function valueOf(gate: v128, activation: i32): v128 {
  if (activation != HARD_SIGMOID) return gate;
  return f32x4.min(f32x4.max(gate, f32x4.splat(0)), f32x4.splat(1));
}

/** How fast the value of a gate grows with its sum. */
// @ts-ignore: decorator
@inline
export function slopeOf(gate: v128, activation: i32): v128 {
  const one = f32x4.splat(1);
  if (activation == TANH) return f32x4.sub(one, f32x4.mul(gate, gate));
  if (activation == SIGMOID) return f32x4.mul(gate, f32x4.sub(one, gate));
  if (activation == HARD_SIGMOID) {
    const within = v128.and(f32x4.ge(gate, f32x4.splat(0)), f32x4.le(gate, one));
    return v128.and(within, f32x4.splat(0.2));
  }
  return activation == RELU ? v128.and(f32x4.gt(gate, f32x4.splat(0)), one) : one;
}
