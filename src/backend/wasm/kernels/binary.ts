/**
 * Functions of two tensors, number by number, with broadcasting. The host merges axes until the last one is a
 * line along which each operand goes on or stands still; a loop for each of these cases, with the function a
 * constant in it, is all there is. Gradients of functions of one tensor, `f(dy, x or y)`, are such functions too.
 */
import {address, int, partStart, real} from './call';
import {choose, exp, sigmoid} from './math';

/** The functions, as types: what they are is then known where a loop is compiled. */
class Add {}
class Sub {}
class Multiply {}
class Divide {}
class Maximum {}
class Minimum {}
class SquaredDifference {}
/** Gradients: a is dy, and b is what the function was of; its result for elu, sigmoid and tanh. */
class Relu {}
class Elu {}
class Sigmoid {}
class Tanh {}
class Relu6 {}
class Selu {}
class LeakyRelu {}
class Abs {}
class Square {}
class Sqrt {}
class Rsqrt {}
class Softplus {}
class Erf {}

const SELU_SCALE: f32 = 1.0507009873554804934193349852946;
const SELU_ALPHA: f32 = 1.7580993408473768599402175208123;
/** 2 / √π */
const ERF_SLOPE: f32 = 1.1283791670955125738961589031215;

/** `op(a, b)`; `alpha` is the slope of a leaky function below zero. */
// @ts-ignore: decorator
@inline
function apply<Op>(a: v128, b: v128, alpha: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (idof<Op>() == idof<Add>()) return f32x4.add(a, b);
  if (idof<Op>() == idof<Sub>()) return f32x4.sub(a, b);
  if (idof<Op>() == idof<Multiply>()) return f32x4.mul(a, b);
  if (idof<Op>() == idof<Divide>()) return f32x4.div(a, b);
  if (idof<Op>() == idof<Maximum>()) return f32x4.max(a, b);
  if (idof<Op>() == idof<Minimum>()) return f32x4.min(a, b);
  if (idof<Op>() == idof<SquaredDifference>()) {
    const difference = f32x4.sub(a, b);
    return f32x4.mul(difference, difference);
  }
  // Where b is no number the gradient is none either, as a product with b would be.
  if (idof<Op>() == idof<Relu>()) return v128.or(v128.and(a, f32x4.gt(b, zero)), f32x4.ne(b, b));
  if (idof<Op>() == idof<Relu6>()) {
    const inside = v128.and(f32x4.gt(b, zero), f32x4.le(b, f32x4.splat(6)));
    return v128.or(v128.and(a, inside), f32x4.ne(b, b));
  }
  if (idof<Op>() == idof<Elu>()) return choose(f32x4.ge(b, zero), a, f32x4.mul(a, f32x4.add(b, one)));
  if (idof<Op>() == idof<Sigmoid>()) return f32x4.mul(a, f32x4.mul(b, f32x4.sub(one, b)));
  if (idof<Op>() == idof<Tanh>()) return f32x4.mul(a, f32x4.sub(one, f32x4.mul(b, b)));
  if (idof<Op>() == idof<Selu>()) {
    const below = f32x4.mul(f32x4.mul(a, f32x4.splat(SELU_ALPHA)), exp(b));
    return choose(f32x4.gt(b, zero), f32x4.mul(a, f32x4.splat(SELU_SCALE)), below);
  }
  if (idof<Op>() == idof<LeakyRelu>()) return choose(f32x4.gt(b, zero), a, f32x4.mul(a, alpha));
  if (idof<Op>() == idof<Abs>()) {
    const turned = choose(f32x4.gt(b, zero), a, f32x4.neg(a));
    return v128.or(turned, f32x4.ne(b, b));
  }
  if (idof<Op>() == idof<Square>()) return f32x4.mul(a, f32x4.add(b, b));
  if (idof<Op>() == idof<Sqrt>()) {
    const root = f32x4.sqrt(b);
    return f32x4.div(a, f32x4.add(root, root));
  }
  if (idof<Op>() == idof<Rsqrt>()) return f32x4.div(f32x4.mul(a, f32x4.splat(-0.5)), f32x4.mul(b, f32x4.sqrt(b)));
  if (idof<Op>() == idof<Softplus>()) return f32x4.mul(a, sigmoid(b));
  return f32x4.mul(a, f32x4.mul(f32x4.splat(ERF_SLOPE), exp(f32x4.neg(f32x4.mul(b, b)))));
}

/** Whether a function takes so little time that the loop around it counts. */
// @ts-ignore: decorator
@inline
function isShort<Op>(): bool {
  return (
    idof<Op>() == idof<Add>() ||
    idof<Op>() == idof<Sub>() ||
    idof<Op>() == idof<Multiply>() ||
    idof<Op>() == idof<Relu>()
  );
}

function both<Op>(a: usize, b: usize, to: usize, bytes: usize, alpha: v128): void {
  let i: usize = 0;
  if (isShort<Op>()) {
    for (; i + 64 <= bytes; i += 64) {
      const x = a + i;
      const y = b + i;
      const z = to + i;
      const r0 = apply<Op>(v128.load(x), v128.load(y), alpha);
      const r1 = apply<Op>(v128.load(x, 16), v128.load(y, 16), alpha);
      const r2 = apply<Op>(v128.load(x, 32), v128.load(y, 32), alpha);
      const r3 = apply<Op>(v128.load(x, 48), v128.load(y, 48), alpha);
      v128.store(z, r0);
      v128.store(z, r1, 16);
      v128.store(z, r2, 32);
      v128.store(z, r3, 48);
    }
  }
  for (; i + 16 <= bytes; i += 16)
    v128.store(to + i, apply<Op>(v128.load(a + i), v128.load(b + i), alpha));
  for (; i < bytes; i += 4)
    v128.store_lane<f32>(to + i, apply<Op>(v128.load32_splat(a + i), v128.load32_splat(b + i), alpha), 0);
}

/** One line of the output: `stillA` and `stillB` say which operand is one number for all of it. */
function line<Op>(
  a: usize,
  b: usize,
  to: usize,
  bytes: usize,
  stillA: bool,
  stillB: bool,
  alpha: v128,
): void {
  if (!stillA && !stillB) return both<Op>(a, b, to, bytes, alpha);
  let i: usize = 0;
  if (stillB) {
    const second = v128.load32_splat(b);
    for (; i + 16 <= bytes; i += 16) v128.store(to + i, apply<Op>(v128.load(a + i), second, alpha));
    for (; i < bytes; i += 4)
      v128.store_lane<f32>(to + i, apply<Op>(v128.load32_splat(a + i), second, alpha), 0);
  } else {
    const first = v128.load32_splat(a);
    for (; i + 16 <= bytes; i += 16) v128.store(to + i, apply<Op>(first, v128.load(b + i), alpha));
    for (; i < bytes; i += 4)
      v128.store_lane<f32>(to + i, apply<Op>(first, v128.load32_splat(b + i), alpha), 0);
  }
}

function lineOf(
  op: i32,
  a: usize,
  b: usize,
  to: usize,
  bytes: usize,
  stillA: bool,
  stillB: bool,
  alpha: v128,
): void {
  switch (op) {
    case 0: return line<Add>(a, b, to, bytes, stillA, stillB, alpha);
    case 1: return line<Sub>(a, b, to, bytes, stillA, stillB, alpha);
    case 2: return line<Multiply>(a, b, to, bytes, stillA, stillB, alpha);
    case 3: return line<Divide>(a, b, to, bytes, stillA, stillB, alpha);
    case 4: return line<Maximum>(a, b, to, bytes, stillA, stillB, alpha);
    case 5: return line<Minimum>(a, b, to, bytes, stillA, stillB, alpha);
    case 6: return line<SquaredDifference>(a, b, to, bytes, stillA, stillB, alpha);
    case 7: return both<Relu>(a, b, to, bytes, alpha);
    case 11: return both<Relu6>(a, b, to, bytes, alpha);
    case 8: return both<Elu>(a, b, to, bytes, alpha);
    case 12: return both<Selu>(a, b, to, bytes, alpha);
    case 13: return both<LeakyRelu>(a, b, to, bytes, alpha);
    case 9: return both<Sigmoid>(a, b, to, bytes, alpha);
    case 10: return both<Tanh>(a, b, to, bytes, alpha);
    case 14: return both<Abs>(a, b, to, bytes, alpha);
    case 15: return both<Square>(a, b, to, bytes, alpha);
    case 16: return both<Sqrt>(a, b, to, bytes, alpha);
    case 17: return both<Rsqrt>(a, b, to, bytes, alpha);
    case 18: return both<Softplus>(a, b, to, bytes, alpha);
    case 19: return both<Erf>(a, b, to, bytes, alpha);
  }
}

/**
 * `to = op(a, b)` over an output of `n0 × n1 × n2 × length`. Of the last axis each operand has all numbers or
 * one; its steps along the others are in numbers, 0 where it is repeated.
 *
 * @param args a, b, to, op, alpha, chunks, n0, n1, n2, length, steps of a along the axes (3), whether a stands
 *   still along a line, the same of b (4)
 */
export function binary(args: usize, chunk: i32, _scratch: usize): void {
  const to = address(args, 2);
  const op = int(args, 3);
  const alpha = f32x4.splat(real(args, 4));
  const chunks = int(args, 5);
  const n1 = int(args, 7);
  const n2 = int(args, 8);
  const length = int(args, 9);
  const stillA = int(args, 13) != 0;
  const stillB = int(args, 17) != 0;
  const total = int(args, 6) * n1 * n2 * length;
  let done = partStart(chunk, chunks, total, 16);
  const end = partStart(chunk + 1, chunks, total, 16);
  const stepA = (<usize>int(args, 12)) << 2;
  const stepB = (<usize>int(args, 16)) << 2;
  let row = done / length;
  let start = done - row * length;
  while (done < end) {
    // The lines along n2 one after the other, as divisions take as long as a short line.
    const outer = row / n2;
    const i2 = row - outer * n2;
    const i0 = outer / n1;
    const i1 = outer - i0 * n1;
    let a = address(args, 0) + ((<usize>(i0 * int(args, 10) + i1 * int(args, 11))) << 2) + <usize>i2 * stepA;
    let b = address(args, 1) + ((<usize>(i0 * int(args, 14) + i1 * int(args, 15))) << 2) + <usize>i2 * stepB;
    row += n2 - i2;
    for (let left = n2 - i2; left > 0 && done < end; left--) {
      const count = min(length - start, end - done);
      const within = (<usize>start) << 2;
      lineOf(
        op,
        stillA ? a : a + within,
        stillB ? b : b + within,
        to + ((<usize>done) << 2),
        (<usize>count) << 2,
        stillA,
        stillB,
        alpha,
      );
      a += stepA;
      b += stepB;
      done += count;
      start = 0;
    }
  }
}
