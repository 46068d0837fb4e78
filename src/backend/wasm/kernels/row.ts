/** What kernels that go along rows share: the numbers that do not fill a vector, and sums. */

/** The numbers that are left of a row, fewer than four, and `fill` where there are none. */
export function rest(at: usize, count: i32, fill: f32): v128 {
  let x = f32x4.splat(fill);
  x = f32x4.replace_lane(x, 0, load<f32>(at));
  if (count > 1) x = f32x4.replace_lane(x, 1, load<f32>(at, 4));
  if (count > 2) x = f32x4.replace_lane(x, 2, load<f32>(at, 8));
  return x;
}

/** Stores the first numbers of a vector, fewer than four. */
export function storeRest(at: usize, count: i32, x: v128): void {
  store<f32>(at, f32x4.extract_lane(x, 0));
  if (count > 1) store<f32>(at, f32x4.extract_lane(x, 1), 4);
  if (count > 2) store<f32>(at, f32x4.extract_lane(x, 2), 8);
}

/** The sum of the four numbers of a vector. */
// @ts-ignore: decorator
@inline
export function total(x: v128): f32 {
  const half = f32x4.add(x, i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return f32x4.extract_lane(half, 0) + f32x4.extract_lane(half, 1);
}
