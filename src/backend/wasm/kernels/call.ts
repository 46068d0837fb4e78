/**
 * How kernels are called: `kernel(args, chunk, scratch)`. `args` is a list of float64 numbers (addresses and
 * sizes are exact in them), `chunk` says which part of the work to do, and `scratch` is memory of the thread's
 * own. Chunks may run in any order and at the same time, so each writes its own part of the output.
 */

/** Argument `index`, a size, count or code. */
// @ts-ignore: decorator
@inline
export function int(args: usize, index: i32): i32 {
  return i32(load<f64>(args + (<usize>index << 3)));
}

/** Argument `index`, an address in bytes. */
// @ts-ignore: decorator
@inline
export function address(args: usize, index: i32): usize {
  return usize(u32(load<f64>(args + (<usize>index << 3))));
}

/** Argument `index`, a real number. */
// @ts-ignore: decorator
@inline
export function real(args: usize, index: i32): f32 {
  return f32(load<f64>(args + (<usize>index << 3)));
}

/** Where part `chunk` of `chunks` of `items` begins, in whole blocks of `block` items. */
// @ts-ignore: decorator
@inline
export function partStart(chunk: i32, chunks: i32, items: i32, block: i32): i32 {
  const blocks = (items + block - 1) / block;
  const start = i32((<i64>blocks * chunk) / chunks) * block;
  return min(start, items);
}

/** `a · b + c`: fused where the module is compiled with relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  // @ts-ignore: a constant of the compiler
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}
