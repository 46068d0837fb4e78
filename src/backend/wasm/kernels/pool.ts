/**
 * Pooling of images, channels last. A window is read where it lies, sixteen channels at a time; what of it hangs
 * over the edge is cut off before, so that the loops have no tests.
 */
import {address, int, partStart} from './call';

/** The first element of a window that lies inside. */
// @ts-ignore: decorator
@inline
export function windowStart(place: i32, stride: i32, pad: i32): i32 {
  return max(0, place * stride - pad);
}

/** One past the last element of a window that lies inside; the window may be empty. */
// @ts-ignore: decorator
@inline
export function windowEnd(place: i32, stride: i32, pad: i32, taps: i32, length: i32): i32 {
  return max(windowStart(place, stride, pad), min(length, place * stride - pad + taps));
}

/**
 * The largest number of each window (NaN never is; −∞ where there is none), or the mean of those inside the image.
 * A chunk is some rows of the output.
 *
 * @param args x, out, mean (1) or maximum (0), batch, channels, then of rows and of columns: input, output, taps,
 *   stride, pad; chunks
 */
export function pool(args: usize, chunk: i32, _scratch: usize): void {
  const x = address(args, 0);
  const isMean = int(args, 2) != 0;
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
  const chunks = int(args, 15);
  const pixel = (<usize>channels) << 2;
  const line = pixel * <usize>inColumns;
  const first = partStart(chunk, chunks, batch * outRows, 1);
  const last = partStart(chunk + 1, chunks, batch * outRows, 1);
  let out = address(args, 1) + <usize>first * <usize>outColumns * pixel;
  for (let row = first; row < last; row++) {
    const image = x + <usize>(row / outRows) * <usize>inRows * line;
    const top = windowStart(row % outRows, rowStride, padTop);
    const rows = windowEnd(row % outRows, rowStride, padTop, rowTaps, inRows) - top;
    for (let column = 0; column < outColumns; column++) {
      const left = windowStart(column, columnStride, padLeft);
      const columns = windowEnd(column, columnStride, padLeft, columnTaps, inColumns) - left;
      const corner = image + <usize>top * line + <usize>left * pixel;
      if (isMean) mean(corner, line, rows, pixel, columns, out);
      else if (rows == 2 && columns == 2) maximumOfFour(corner, corner + line, pixel, out);
      else maximum(corner, line, rows, pixel, columns, out);
      out += pixel;
    }
  }
}

/** The maxima of one window of 2 × 2. */
// @ts-ignore: decorator
@inline
function maximumOfFour(upper: usize, lower: usize, pixel: usize, out: usize): void {
  const none = f32x4.splat(-Infinity);
  let c: usize = 0;
  for (; c + 16 <= pixel; c += 16) {
    const a = f32x4.pmax(f32x4.pmax(none, v128.load(upper + c)), v128.load(upper + pixel + c));
    v128.store(out + c, f32x4.pmax(f32x4.pmax(a, v128.load(lower + c)), v128.load(lower + pixel + c)));
  }
  for (; c < pixel; c += 4) {
    let best: f32 = -Infinity;
    best = larger(best, load<f32>(upper + c));
    best = larger(best, load<f32>(upper + pixel + c));
    best = larger(best, load<f32>(lower + c));
    store<f32>(out + c, larger(best, load<f32>(lower + pixel + c)));
  }
}

// @ts-ignore: decorator
@inline
function larger(best: f32, x: f32): f32 {
  return x > best ? x : best;
}

/** The maxima of one window. */
function maximum(x: usize, line: usize, rows: i32, pixel: usize, columns: i32, out: usize): void {
  const none = f32x4.splat(-Infinity);
  let c: usize = 0;
  for (; c + 64 <= pixel; c += 64) {
    let m0 = none, m1 = none, m2 = none, m3 = none;
    let row = x + c;
    for (let i = 0; i < rows; i++) {
      let p = row;
      for (let j = 0; j < columns; j++) {
        m0 = f32x4.pmax(m0, v128.load(p));
        m1 = f32x4.pmax(m1, v128.load(p, 16));
        m2 = f32x4.pmax(m2, v128.load(p, 32));
        m3 = f32x4.pmax(m3, v128.load(p, 48));
        p += pixel;
      }
      row += line;
    }
    v128.store(out + c, m0);
    v128.store(out + c, m1, 16);
    v128.store(out + c, m2, 32);
    v128.store(out + c, m3, 48);
  }
  for (; c + 16 <= pixel; c += 16) {
    let best = none;
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        best = f32x4.pmax(best, v128.load(x + c + <usize>i * line + <usize>j * pixel));
    v128.store(out + c, best);
  }
  for (; c < pixel; c += 4) {
    let best: f32 = -Infinity;
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        best = larger(best, load<f32>(x + c + <usize>i * line + <usize>j * pixel));
    store<f32>(out + c, best);
  }
}

/** The means of one window. */
function mean(x: usize, line: usize, rows: i32, pixel: usize, columns: i32, out: usize): void {
  const count = f32x4.splat(f32(rows * columns));
  let c: usize = 0;
  for (; c + 64 <= pixel; c += 64) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let row = x + c;
    for (let i = 0; i < rows; i++) {
      let p = row;
      for (let j = 0; j < columns; j++) {
        s0 = f32x4.add(s0, v128.load(p));
        s1 = f32x4.add(s1, v128.load(p, 16));
        s2 = f32x4.add(s2, v128.load(p, 32));
        s3 = f32x4.add(s3, v128.load(p, 48));
        p += pixel;
      }
      row += line;
    }
    v128.store(out + c, f32x4.div(s0, count));
    v128.store(out + c, f32x4.div(s1, count), 16);
    v128.store(out + c, f32x4.div(s2, count), 32);
    v128.store(out + c, f32x4.div(s3, count), 48);
  }
  for (; c + 16 <= pixel; c += 16) {
    let sum = f32x4.splat(0);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        sum = f32x4.add(sum, v128.load(x + c + <usize>i * line + <usize>j * pixel));
    v128.store(out + c, f32x4.div(sum, count));
  }
  for (; c < pixel; c += 4) {
    let sum: f32 = 0;
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) sum += load<f32>(x + c + <usize>i * line + <usize>j * pixel);
    store<f32>(out + c, sum / f32(rows * columns));
  }
}
