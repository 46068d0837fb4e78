/** Functions of one tensor, number by number. */
import {address, int, partStart, real} from './call';
import {choose, erf, exp, expm1Negative, log, sigmoid, softplus, tanh} from './math';

/** Codes of the functions; as in ../engineElementwise.ts. */
const RELU: i32 = 0;
const RELU6: i32 = 1;
const ELU: i32 = 2;
const SELU: i32 = 3;
const LEAKY_RELU: i32 = 4;
const SIGMOID: i32 = 5;
const TANH: i32 = 6;
const EXP: i32 = 7;
const LOG: i32 = 8;
const SQRT: i32 = 9;
const RSQRT: i32 = 10;
const SQUARE: i32 = 11;
const NEG: i32 = 12;
const ABS: i32 = 13;
const STEP: i32 = 14;
const SOFTPLUS: i32 = 15;
const ERF: i32 = 16;
const RECIPROCAL: i32 = 17;

const SELU_SCALE: f32 = 1.0507009873554804934193349852946;
const SELU_ALPHA: f32 = 1.7580993408473768599402175208123;

/** `op(x)`; `alpha` is the slope of a leaky or stepping one below zero. */
// @ts-ignore: decorator
@inline
function apply(op: i32, x: v128, alpha: v128): v128 {
  const zero = f32x4.splat(0);
  if (op == RELU) return f32x4.max(x, zero);
  if (op == RELU6) return f32x4.min(f32x4.max(x, zero), f32x4.splat(6));
  if (op == ELU) return choose(f32x4.ge(x, zero), x, expm1Negative(f32x4.pmin(x, zero)));
  if (op == SELU) {
    const below = f32x4.mul(f32x4.splat(SELU_ALPHA), expm1Negative(f32x4.pmin(x, zero)));
    return choose(f32x4.ge(x, zero), f32x4.mul(f32x4.splat(SELU_SCALE), x), below);
  }
  if (op == LEAKY_RELU) return choose(f32x4.lt(x, zero), f32x4.mul(alpha, x), x);
  if (op == SIGMOID) return sigmoid(x);
  if (op == TANH) return tanh(x);
  if (op == EXP) return exp(x);
  if (op == LOG) return log(x);
  if (op == SQRT) return f32x4.sqrt(x);
  if (op == RSQRT) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  if (op == SQUARE) return f32x4.mul(x, x);
  if (op == NEG) return f32x4.neg(x);
  if (op == ABS) return f32x4.abs(x);
  if (op == STEP) {
    const step = choose(f32x4.gt(x, zero), f32x4.splat(1), alpha);
    return choose(f32x4.eq(x, x), step, x);
  }
  if (op == SOFTPLUS) return softplus(x);
  if (op == ERF) return erf(x);
  return f32x4.div(f32x4.splat(1), x);
}

// @ts-ignore: decorator
@inline
function each(op: i32, x: usize, to: usize, bytes: usize, alpha: v128): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, apply(op, v128.load(x + i), alpha));
  for (; i < bytes; i += 4) v128.store_lane<f32>(to + i, apply(op, v128.load32_splat(x + i), alpha), 0);
}

/**
 * `to = op(x)`, number by number.
 *
 * @param args x, to, size, op, alpha, chunks
 */
export function unary(args: usize, chunk: i32, _scratch: usize): void {
  const size = int(args, 2);
  const op = int(args, 3);
  const alpha = f32x4.splat(real(args, 4));
  const chunks = int(args, 5);
  const start = (<usize>partStart(chunk, chunks, size, 16)) << 2;
  const bytes = ((<usize>partStart(chunk + 1, chunks, size, 16)) << 2) - start;
  const x = address(args, 0) + start;
  const to = address(args, 1) + start;
  // The function is a constant in each of the loops.
  switch (op) {
    case RELU: return each(RELU, x, to, bytes, alpha);
    case RELU6: return each(RELU6, x, to, bytes, alpha);
    case ELU: return each(ELU, x, to, bytes, alpha);
    case SELU: return each(SELU, x, to, bytes, alpha);
    case LEAKY_RELU: return each(LEAKY_RELU, x, to, bytes, alpha);
    case SIGMOID: return each(SIGMOID, x, to, bytes, alpha);
    case TANH: return each(TANH, x, to, bytes, alpha);
    case EXP: return each(EXP, x, to, bytes, alpha);
    case LOG: return each(LOG, x, to, bytes, alpha);
    case SQRT: return each(SQRT, x, to, bytes, alpha);
    case RSQRT: return each(RSQRT, x, to, bytes, alpha);
    case SQUARE: return each(SQUARE, x, to, bytes, alpha);
    case NEG: return each(NEG, x, to, bytes, alpha);
    case ABS: return each(ABS, x, to, bytes, alpha);
    case STEP: return each(STEP, x, to, bytes, alpha);
    case SOFTPLUS: return each(SOFTPLUS, x, to, bytes, alpha);
    case ERF: return each(ERF, x, to, bytes, alpha);
    case RECIPROCAL: return each(RECIPROCAL, x, to, bytes, alpha);
  }
}
