/**
 * The gradients of pooling over windows of 2 × 2 side by side, the usual ones: every number of `dx` is written once,
 * and never read.
 */
import {address, int, partStart} from './call';

/**
 * A chunk is some rows of windows. Rows and columns that no window has get zeros.
 *
 * @param args x (0 for the mean), dy, dx, batch, channels, inRows, inColumns, outRows, outColumns, chunks
 */
export function poolGradientTwo(args: usize, chunk: i32, _scratch: usize): void {
  const x = address(args, 0);
  const batch = int(args, 3);
  const channels = int(args, 4);
  const inRows = int(args, 5);
  const inColumns = int(args, 6);
  const outRows = int(args, 7);
  const outColumns = int(args, 8);
  const chunks = int(args, 9);
  const pixel = (<usize>channels) << 2;
  const line = pixel * <usize>inColumns;
  const covered = min(line, <usize>outColumns * 2 * pixel);
  const first = partStart(chunk, chunks, batch * outRows, 1);
  const last = partStart(chunk + 1, chunks, batch * outRows, 1);
  let dy = address(args, 1) + <usize>first * <usize>outColumns * pixel;
  for (let row = first; row < last; row++) {
    const y = row % outRows;
    const start = <usize>((row / outRows) * inRows + 2 * y) * line;
    const dx = address(args, 2) + start;
    // A window that hangs over the edge has its second row, or column, where the first is. The first is written
    // last, and gets all, as the first of equals.
    const down = 2 * y + 1 < inRows ? line : 0;
    for (let column = 0; column < outColumns; column++) {
      const right = 2 * column + 1 < inColumns ? pixel : 0;
      const at = <usize>column * 2 * pixel;
      if (x == 0) shareOut(dx + at, down, right, pixel, dy);
      else toLargest(x + start + at, dx + at, down, right, pixel, dy);
      dy += pixel;
    }
    if (covered < line) {
      memory.fill(dx + covered, 0, line - covered);
      memory.fill(dx + down + covered, 0, line - covered);
    }
    if (y == outRows - 1 && 2 * outRows < inRows)
      memory.fill(dx + 2 * line, 0, <usize>(inRows - 2 * outRows) * line);
  }
}

/** One window: its gradient goes to the first of the largest; a NaN never is, nor is −∞. */
// @ts-ignore: decorator
@inline
function toLargest(x: usize, dx: usize, down: usize, right: usize, pixel: usize, dy: usize): void {
  const none = f32x4.splat(-Infinity);
  let c: usize = 0;
  for (; c + 16 <= pixel; c += 16) {
    const p = x + c;
    const v0 = v128.load(p);
    const v1 = v128.load(p + right);
    const v2 = v128.load(p + down);
    const v3 = v128.load(p + down + right);
    const best = f32x4.pmax(f32x4.pmax(f32x4.pmax(f32x4.pmax(none, v0), v1), v2), v3);
    const is0 = f32x4.eq(v0, best);
    const is1 = f32x4.eq(v1, best);
    const is2 = f32x4.eq(v2, best);
    const is3 = f32x4.eq(v3, best);
    const g0 = v128.and(v128.load(dy + c), f32x4.gt(best, none));
    const g1 = v128.andnot(g0, is0);
    const g2 = v128.andnot(g1, is1);
    const q = dx + c;
    v128.store(q + down + right, v128.and(v128.andnot(g2, is2), is3));
    v128.store(q + down, v128.and(g2, is2));
    v128.store(q + right, v128.and(g1, is1));
    v128.store(q, v128.and(g0, is0));
  }
  for (; c < pixel; c += 4) {
    const p = x + c;
    let best: f32 = -Infinity;
    let where: usize = -1;
    if (load<f32>(p) > best) {
      best = load<f32>(p);
      where = 0;
    }
    if (load<f32>(p + right) > best) {
      best = load<f32>(p + right);
      where = right;
    }
    if (load<f32>(p + down) > best) {
      best = load<f32>(p + down);
      where = down;
    }
    if (load<f32>(p + down + right) > best) where = down + right;
    const q = dx + c;
    store<f32>(q, 0);
    store<f32>(q + right, 0);
    store<f32>(q + down, 0);
    store<f32>(q + down + right, 0);
    if (where != -1) store<f32>(q + where, load<f32>(dy + c));
  }
}

/** One window: each of its numbers gets an equal share. */
// @ts-ignore: decorator
@inline
function shareOut(dx: usize, down: usize, right: usize, pixel: usize, dy: usize): void {
  const share: f32 = (down == 0 ? 1 : 0.5) * (right == 0 ? 1 : 0.5);
  let c: usize = 0;
  for (; c + 16 <= pixel; c += 16) {
    const value = f32x4.mul(v128.load(dy + c), f32x4.splat(share));
    const q = dx + c;
    v128.store(q, value);
    v128.store(q + right, value);
    v128.store(q + down, value);
    v128.store(q + down + right, value);
  }
  for (; c < pixel; c += 4) {
    const value = load<f32>(dy + c) * share;
    const q = dx + c;
    store<f32>(q, value);
    store<f32>(q + right, value);
    store<f32>(q + down, value);
    store<f32>(q + down + right, value);
  }
}
