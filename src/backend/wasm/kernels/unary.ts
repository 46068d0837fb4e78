/** Functions of one tensor, number by number. */
import {address, int, partStart, real} from './call';
import {choose, erf, exp, expm1Negative, log, sigmoid, softplus, tanh} from './math';

/** The functions, as types: what they are is then known where a loop is compiled. */
class Relu {}
class Relu6 {}
class Elu {}
class Selu {}
class LeakyRelu {}
class Sigmoid {}
class Tanh {}
class Exp {}
class Log {}
class Sqrt {}
class Rsqrt {}
class Square {}
class Neg {}
class Abs {}
class Step {}
class Softplus {}
class Erf {}
class Reciprocal {}

const SELU_SCALE: f32 = 1.0507009873554804934193349852946;
const SELU_ALPHA: f32 = 1.7580993408473768599402175208123;

/** `op(x)`; `alpha` is the slope of a leaky or stepping one below zero. */
// @ts-ignore: decorator
@inline
function apply<Op>(x: v128, alpha: v128): v128 {
  const zero = f32x4.splat(0);
  // Not by min and max, which are slow where they must mind NaN; here a NaN is not below, and stays.
  const positive = v128.andnot(x, f32x4.le(x, zero));
  if (idof<Op>() == idof<Relu>()) return positive;
  if (idof<Op>() == idof<Relu6>()) return f32x4.pmin(positive, f32x4.splat(6));
  if (idof<Op>() == idof<Elu>()) return choose(f32x4.ge(x, zero), x, expm1Negative(f32x4.pmin(x, zero)));
  if (idof<Op>() == idof<Selu>()) {
    const below = f32x4.mul(f32x4.splat(SELU_ALPHA), expm1Negative(f32x4.pmin(x, zero)));
    return choose(f32x4.ge(x, zero), f32x4.mul(f32x4.splat(SELU_SCALE), x), below);
  }
  if (idof<Op>() == idof<LeakyRelu>()) return choose(f32x4.lt(x, zero), f32x4.mul(alpha, x), x);
  if (idof<Op>() == idof<Sigmoid>()) return sigmoid(x);
  if (idof<Op>() == idof<Tanh>()) return tanh(x);
  if (idof<Op>() == idof<Exp>()) return exp(x);
  if (idof<Op>() == idof<Log>()) return log(x);
  if (idof<Op>() == idof<Sqrt>()) return f32x4.sqrt(x);
  if (idof<Op>() == idof<Rsqrt>()) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  if (idof<Op>() == idof<Square>()) return f32x4.mul(x, x);
  if (idof<Op>() == idof<Neg>()) return f32x4.neg(x);
  if (idof<Op>() == idof<Abs>()) return f32x4.abs(x);
  if (idof<Op>() == idof<Step>()) {
    const step = choose(f32x4.gt(x, zero), f32x4.splat(1), alpha);
    return choose(f32x4.eq(x, x), step, x);
  }
  if (idof<Op>() == idof<Softplus>()) return softplus(x);
  if (idof<Op>() == idof<Erf>()) return erf(x);
  return f32x4.div(f32x4.splat(1), x);
}

function each<Op>(x: usize, to: usize, bytes: usize, alpha: v128): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, apply<Op>(v128.load(x + i), alpha));
  for (; i < bytes; i += 4) v128.store_lane<f32>(to + i, apply<Op>(v128.load32_splat(x + i), alpha), 0);
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
    case 0: return each<Relu>(x, to, bytes, alpha);
    case 1: return each<Relu6>(x, to, bytes, alpha);
    case 2: return each<Elu>(x, to, bytes, alpha);
    case 3: return each<Selu>(x, to, bytes, alpha);
    case 4: return each<LeakyRelu>(x, to, bytes, alpha);
    case 5: return each<Sigmoid>(x, to, bytes, alpha);
    case 6: return each<Tanh>(x, to, bytes, alpha);
    case 7: return each<Exp>(x, to, bytes, alpha);
    case 8: return each<Log>(x, to, bytes, alpha);
    case 9: return each<Sqrt>(x, to, bytes, alpha);
    case 10: return each<Rsqrt>(x, to, bytes, alpha);
    case 11: return each<Square>(x, to, bytes, alpha);
    case 12: return each<Neg>(x, to, bytes, alpha);
    case 13: return each<Abs>(x, to, bytes, alpha);
    case 14: return each<Step>(x, to, bytes, alpha);
    case 15: return each<Softplus>(x, to, bytes, alpha);
    case 16: return each<Erf>(x, to, bytes, alpha);
    case 17: return each<Reciprocal>(x, to, bytes, alpha);
  }
}
