/**
 * The filter gradient of depthwise convolution: for each tap and channel, the sum of input times gradient over all
 * pixels. Sums of a row are made in registers, three taps at a time, and added up in memory row by row, which also
 * keeps rounding errors small.
 */
import {address, int, madd, partStart} from './call';

/**
 * A chunk is some images; it writes sums of its own, which `addParts` adds up in order.
 *
 * @param args x, dy, sums (chunks × taps × channels), batch, channels, then of rows and of columns: input, output,
 *   taps, stride, dilation, pad; chunks
 */
export function depthwiseFilter(args: usize, chunk: i32, _scratch: usize): void {
  const batch = int(args, 3);
  const channels = int(args, 4);
  const inRows = int(args, 5);
  const outRows = int(args, 6);
  const rowTaps = int(args, 7);
  const rowStride = int(args, 8);
  const rowDilation = int(args, 9);
  const top = int(args, 10);
  const inColumns = int(args, 11);
  const outColumns = int(args, 12);
  const taps = int(args, 13);
  const stride = int(args, 14);
  const dilation = int(args, 15);
  const left = int(args, 16);
  const chunks = int(args, 17);
  const pixel = (<usize>channels) << 2;
  const xStep = <usize>stride * pixel;
  const sums = address(args, 2) + <usize>(chunk * rowTaps * taps) * pixel;
  memory.fill(sums, 0, <usize>(rowTaps * taps) * pixel);
  const last = partStart(chunk + 1, chunks, batch, 1);
  for (let image = partStart(chunk, chunks, batch, 1); image < last; image++) {
    for (let row = 0; row < outRows; row++) {
      const dy = address(args, 1) + <usize>((image * outRows + row) * outColumns) * pixel;
      for (let i = 0; i < rowTaps; i++) {
        const y = row * rowStride + i * rowDilation - top;
        if (y < 0 || y >= inRows) continue;
        const x = address(args, 0) + <usize>((image * inRows + y) * inColumns) * pixel;
        for (let j = 0; j < taps; j++) {
          const offset = j * dilation - left;
          const source = x + <usize>offset * pixel;
          const sum = sums + <usize>(i * taps + j) * pixel;
          const start = firstInside(offset, stride);
          const end = endInside(offset, stride, inColumns, outColumns);
          // Where all of three taps lie inside they share what they read.
          const tapStep = <usize>dilation * pixel;
          const common = j + 3 <= taps ? endInside(offset + 2 * dilation, stride, inColumns, outColumns) : 0;
          if (start >= common || channels < 4) {
            addOne(source + <usize>start * xStep, xStep, dy + <usize>start * pixel, pixel, end - start, sum);
            continue;
          }
          const shared = dy + <usize>start * pixel;
          addThree(source + <usize>start * xStep, xStep, tapStep, shared, pixel, common - start, sum);
          for (let k = 0; k < 3; k++) {
            const at = offset + k * dilation;
            const base = source + <usize>k * tapStep;
            const to = sum + <usize>k * pixel;
            const before = firstInside(at, stride);
            const after = endInside(at, stride, inColumns, outColumns);
            addOne(base + <usize>before * xStep, xStep, dy + <usize>before * pixel, pixel, start - before, to);
            addOne(base + <usize>common * xStep, xStep, dy + <usize>common * pixel, pixel, after - common, to);
          }
          j += 2;
        }
      }
    }
  }
}

/** The first output whose place, `offset` from its own, lies inside. */
// @ts-ignore: decorator
@inline
function firstInside(offset: i32, stride: i32): i32 {
  return offset >= 0 ? 0 : (stride - 1 - offset) / stride;
}

/** One past the last output whose place lies inside. */
// @ts-ignore: decorator
@inline
function endInside(offset: i32, stride: i32, inputs: i32, outputs: i32): i32 {
  return offset >= inputs ? 0 : min(outputs, (inputs - offset + stride - 1) / stride);
}

/** Adds to the sums of three taps, `tapStep` bytes apart in x, what `count` pixels give them. */
function addThree(
  x: usize,
  xStep: usize,
  tapStep: usize,
  dy: usize,
  pixel: usize,
  count: i32,
  sums: usize,
): void {
  const whole = pixel & ~15;
  for (let c: usize = 0; c < whole; c += 16) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0;
    let t0 = s0, t1 = s0, t2 = s0;
    let p = x + c;
    let q = dy + c;
    let n = count;
    for (; n >= 2; n -= 2) {
      let g = v128.load(q);
      s0 = madd(v128.load(p), g, s0);
      s1 = madd(v128.load(p + tapStep), g, s1);
      s2 = madd(v128.load(p + 2 * tapStep), g, s2);
      p += xStep;
      g = v128.load(q + pixel);
      t0 = madd(v128.load(p), g, t0);
      t1 = madd(v128.load(p + tapStep), g, t1);
      t2 = madd(v128.load(p + 2 * tapStep), g, t2);
      p += xStep;
      q += 2 * pixel;
    }
    if (n > 0) {
      const g = v128.load(q);
      s0 = madd(v128.load(p), g, s0);
      s1 = madd(v128.load(p + tapStep), g, s1);
      s2 = madd(v128.load(p + 2 * tapStep), g, s2);
    }
    let to = sums + c;
    v128.store(to, f32x4.add(v128.load(to), f32x4.add(s0, t0)));
    to += pixel;
    v128.store(to, f32x4.add(v128.load(to), f32x4.add(s1, t1)));
    to += pixel;
    v128.store(to, f32x4.add(v128.load(to), f32x4.add(s2, t2)));
  }
  for (let tap = 0; tap < 3; tap++) {
    addFew(x, xStep, dy, pixel, whole, count, sums);
    x += tapStep;
    sums += pixel;
  }
}

/** Adds to the sums of one tap what `count` pixels give it. */
function addOne(x: usize, xStep: usize, dy: usize, pixel: usize, count: i32, sums: usize): void {
  if (count <= 0) return;
  const whole = pixel & ~15;
  for (let c: usize = 0; c < whole; c += 16) {
    let sum = f32x4.splat(0), other = sum;
    let p = x + c;
    let q = dy + c;
    let n = count;
    for (; n >= 2; n -= 2) {
      sum = madd(v128.load(p), v128.load(q), sum);
      other = madd(v128.load(p + xStep), v128.load(q + pixel), other);
      p += 2 * xStep;
      q += 2 * pixel;
    }
    if (n > 0) sum = madd(v128.load(p), v128.load(q), sum);
    v128.store(sums + c, f32x4.add(v128.load(sums + c), f32x4.add(sum, other)));
  }
  addFew(x, xStep, dy, pixel, whole, count, sums);
}

/** The same for the last channels, from byte `first` on. */
function addFew(
  x: usize,
  xStep: usize,
  dy: usize,
  pixel: usize,
  first: usize,
  count: i32,
  sums: usize,
): void {
  for (let c = first; c < pixel; c += 4) {
    let sum: f32 = 0;
    for (let n: usize = 0; n < <usize>count; n++) sum += load<f32>(x + c + n * xStep) * load<f32>(dy + c + n * pixel);
    store<f32>(sums + c, load<f32>(sums + c) + sum);
  }
}

/**
 * Adds up the parts that chunks have left, first to last.
 *
 * @param args parts, out, count (parts), length (numbers of a part)
 */
export function addParts(args: usize, _chunk: i32, _scratch: usize): void {
  const parts = address(args, 0);
  const out = address(args, 1);
  const count = int(args, 2);
  const bytes = (<usize>int(args, 3)) << 2;
  for (let i: usize = 0; i < bytes; i += 4) {
    let sum: f32 = 0;
    for (let part: usize = 0; part < <usize>count; part++) sum += load<f32>(parts + part * bytes + i);
    store<f32>(out + i, sum);
  }
}
