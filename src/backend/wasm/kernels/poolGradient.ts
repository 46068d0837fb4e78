/**
 * The gradients of pooling: the first of a window's largest numbers gets the window's gradient, or each number
 * inside the image its share.
 */
import {address, int, partStart} from './call';
import {windowEnd, windowStart} from './pool';

/**
 * Windows of any shape, which may overlap. A chunk is some images, or some blocks of sixteen channels of them, so
 * that no two add to the same number.
 *
 * @param args x (0 for the mean), dy, dx, batch, channels, then of rows and of columns: input, output, taps,
 *   stride, pad; channel blocks, chunks
 */
export function poolGradient(args: usize, chunk: i32, _scratch: usize): void {
  const x = address(args, 0);
  const batch = int(args, 3);
  const channels = int(args, 4);
  const inRows = int(args, 5);
  const outRows = int(args, 6);
  const rowTaps = int(args, 7);
  const rowStride = int(args, 8);
  const padTop = int(args, 9);
  const inColumns = int(args, 10);
  const outColumns = int(args, 11);
  const columnTaps = int(args, 12);
  const columnStride = int(args, 13);
  const padLeft = int(args, 14);
  const blocks = int(args, 15);
  const chunks = int(args, 16);
  const pixel = (<usize>channels) << 2;
  const line = pixel * <usize>inColumns;
  const last = partStart(chunk + 1, chunks, batch * blocks, 1);
  for (let unit = partStart(chunk, chunks, batch * blocks, 1); unit < last; unit++) {
    const firstByte = blocks == 1 ? 0 : (<usize>(unit % blocks)) << 6;
    const bytes = blocks == 1 ? pixel : min(64, pixel - firstByte);
    const image = <usize>(unit / blocks) * <usize>inRows * line + firstByte;
    const dx = address(args, 2) + image;
    if (blocks == 1) memory.fill(dx, 0, <usize>inRows * line);
    else for (let i = 0; i < inRows * inColumns; i++) memory.fill(dx + <usize>i * pixel, 0, bytes);
    let dy = address(args, 1) + <usize>(unit / blocks) * <usize>(outRows * outColumns) * pixel + firstByte;
    for (let row = 0; row < outRows; row++) {
      const top = windowStart(row, rowStride, padTop);
      const rows = windowEnd(row, rowStride, padTop, rowTaps, inRows) - top;
      for (let column = 0; column < outColumns; column++) {
        const left = windowStart(column, columnStride, padLeft);
        const columns = windowEnd(column, columnStride, padLeft, columnTaps, inColumns) - left;
        const corner = <usize>top * line + <usize>left * pixel;
        if (x == 0) shareOut(dx + corner, line, rows, pixel, columns, dy, bytes);
        else toLargest(x + image + corner, dx + corner, line, rows, pixel, columns, dy, bytes);
        dy += pixel;
      }
    }
  }
}

/** One window: its gradient goes to the first of the largest; a NaN never is, nor is −∞. */
function toLargest(
  x: usize,
  dx: usize,
  line: usize,
  rows: i32,
  pixel: usize,
  columns: i32,
  dy: usize,
  bytes: usize,
): void {
  let c: usize = 0;
  for (; c + 16 <= bytes; c += 16) {
    let best = f32x4.splat(-Infinity);
    let where = i32x4.splat(-1);
    let tap = 0;
    for (let i = 0; i < rows; i++) {
      let p = x + c + <usize>i * line;
      for (let j = 0; j < columns; j++) {
        const value = v128.load(p);
        const isLarger = f32x4.gt(value, best);
        best = v128.bitselect(value, best, isLarger);
        where = v128.bitselect(i32x4.splat(tap), where, isLarger);
        p += pixel;
        tap++;
      }
    }
    const gradient = v128.load(dy + c);
    tap = 0;
    for (let i = 0; i < rows; i++) {
      let p = dx + c + <usize>i * line;
      for (let j = 0; j < columns; j++) {
        const share = v128.and(gradient, i32x4.eq(where, i32x4.splat(tap)));
        v128.store(p, f32x4.add(v128.load(p), share));
        p += pixel;
        tap++;
      }
    }
  }
  for (; c < bytes; c += 4) {
    let best: f32 = -Infinity;
    let where: usize = 0;
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        const at = <usize>i * line + <usize>j * pixel + c;
        const value = load<f32>(x + at);
        if (value > best) {
          best = value;
          where = dx + at;
        }
      }
    if (where != 0) store<f32>(where, load<f32>(where) + load<f32>(dy + c));
  }
}

/** One window: each of its numbers gets an equal share. */
function shareOut(
  dx: usize,
  line: usize,
  rows: i32,
  pixel: usize,
  columns: i32,
  dy: usize,
  bytes: usize,
): void {
  const count = f32(rows * columns);
  let c: usize = 0;
  for (; c + 16 <= bytes; c += 16) {
    const share = f32x4.div(v128.load(dy + c), f32x4.splat(count));
    for (let i = 0; i < rows; i++) {
      let p = dx + c + <usize>i * line;
      for (let j = 0; j < columns; j++) {
        v128.store(p, f32x4.add(v128.load(p), share));
        p += pixel;
      }
    }
  }
  for (; c < bytes; c += 4) {
    const share = load<f32>(dy + c) / count;
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        const p = dx + c + <usize>i * line + <usize>j * pixel;
        store<f32>(p, load<f32>(p) + share);
      }
  }
}
