/** The inner loops of depthwise convolution: a run of pixels of a row that all meet the same taps. */
import {activate, activateOne} from './activation';
import {madd} from './call';

/** Pixels at a time: their sums, three taps and what is read of the source stay in registers. */
const BLOCK: i32 = 8;

/**
 * `count` pixels. Where they are not a multiple of a block, the last block begins earlier, and writes the same
 * numbers once more; so do the last four channels.
 *
 * @param source where the source of the first pixel lies, before the offsets of taps
 * @param sourceStep bytes from the source of a pixel to the next's
 * @param rowList pairs of int32: bytes to a row of the source, and to a row of the filter
 * @param columnList the same of columns
 * @param out where the first pixel goes; `outStep` bytes to the next
 */
export function pixels(
  source: usize,
  sourceStep: usize,
  rowList: usize,
  rowCount: i32,
  columnList: usize,
  columnCount: i32,
  filter: usize,
  out: usize,
  outStep: usize,
  count: i32,
  channels: i32,
  bias: usize,
  activation: i32,
): void {
  const end = (<usize>channels) << 2;
  if (channels < 4 || count < BLOCK || !slides(columnList, columnCount, sourceStep)) {
    for (let n = 0; n < count; n++) {
      one(source, rowList, rowCount, columnList, columnCount, filter, out, end, bias, activation);
      source += sourceStep;
      out += outStep;
    }
    return;
  }
  source += load<i32>(columnList);
  filter += load<i32>(columnList, 4);
  const filterStep = load<i32>(columnList, 12) - load<i32>(columnList, 4);
  // Pixels inside, channels outside: the other way round, what is read lies where something was just written, seen
  // from the last twelve bits of its address, for sizes that are powers of two; the processor then waits.
  for (let c: usize = 0; c < end; c += 16) {
    const quad = min(c, end - 16);
    const start = bias != 0 ? v128.load(bias + quad) : f32x4.splat(0);
    for (let n = 0; n < count; n += BLOCK) {
      const first = <usize>min(n, count - BLOCK);
      threeTaps(
        source + first * sourceStep + quad,
        sourceStep,
        rowList,
        rowCount,
        filter + quad,
        filterStep,
        out + first * outStep + quad,
        outStep,
        start,
        activation,
      );
    }
  }
}

/** Whether there are three taps as far apart as the pixels are, so that neighbours share what they read. */
function slides(list: usize, count: i32, step: usize): bool {
  return (
    count == 3 &&
    <usize>(load<i32>(list, 8) - load<i32>(list)) == step &&
    <usize>(load<i32>(list, 16) - load<i32>(list, 8)) == step &&
    load<i32>(list, 20) - load<i32>(list, 12) == load<i32>(list, 12) - load<i32>(list, 4)
  );
}

/** Eight pixels, four channels, rows of three taps that lie side by side, as the pixels do. */
function threeTaps(
  source: usize,
  step: usize,
  rowList: usize,
  rowCount: i32,
  filter: usize,
  filterStep: usize,
  out: usize,
  outStep: usize,
  start: v128,
  activation: i32,
): void {
  let s0 = start, s1 = start, s2 = start, s3 = start;
  let s4 = start, s5 = start, s6 = start, s7 = start;
  const rowEnd = rowList + ((<usize>rowCount) << 3);
  for (; rowList < rowEnd; rowList += 8) {
    let p = source + load<i32>(rowList);
    let w = filter + load<i32>(rowList, 4);
    const w0 = v128.load(w);
    w += filterStep;
    const w1 = v128.load(w);
    w += filterStep;
    const w2 = v128.load(w);
    let x = v128.load(p);
    s0 = madd(x, w0, s0);
    p += step;
    x = v128.load(p);
    s0 = madd(x, w1, s0);
    s1 = madd(x, w0, s1);
    p += step;
    x = v128.load(p);
    s0 = madd(x, w2, s0);
    s1 = madd(x, w1, s1);
    s2 = madd(x, w0, s2);
    p += step;
    x = v128.load(p);
    s1 = madd(x, w2, s1);
    s2 = madd(x, w1, s2);
    s3 = madd(x, w0, s3);
    p += step;
    x = v128.load(p);
    s2 = madd(x, w2, s2);
    s3 = madd(x, w1, s3);
    s4 = madd(x, w0, s4);
    p += step;
    x = v128.load(p);
    s3 = madd(x, w2, s3);
    s4 = madd(x, w1, s4);
    s5 = madd(x, w0, s5);
    p += step;
    x = v128.load(p);
    s4 = madd(x, w2, s4);
    s5 = madd(x, w1, s5);
    s6 = madd(x, w0, s6);
    p += step;
    x = v128.load(p);
    s5 = madd(x, w2, s5);
    s6 = madd(x, w1, s6);
    s7 = madd(x, w0, s7);
    p += step;
    x = v128.load(p);
    s6 = madd(x, w2, s6);
    s7 = madd(x, w1, s7);
    p += step;
    x = v128.load(p);
    s7 = madd(x, w2, s7);
  }
  write(out, outStep, s0, s1, s2, s3, s4, s5, s6, s7, activation);
}

// @ts-ignore: decorator
@inline
function write(
  out: usize,
  step: usize,
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
  s4: v128,
  s5: v128,
  s6: v128,
  s7: v128,
  activation: i32,
): void {
  v128.store(out, activate(s0, activation));
  out += step;
  v128.store(out, activate(s1, activation));
  out += step;
  v128.store(out, activate(s2, activation));
  out += step;
  v128.store(out, activate(s3, activation));
  out += step;
  v128.store(out, activate(s4, activation));
  out += step;
  v128.store(out, activate(s5, activation));
  out += step;
  v128.store(out, activate(s6, activation));
  out += step;
  v128.store(out, activate(s7, activation));
}

/** One pixel: sixteen channels at a time, so that their sums do not wait for each other, then what is left. */
function one(
  source: usize,
  rowList: usize,
  rowCount: i32,
  columnList: usize,
  columnCount: i32,
  filter: usize,
  out: usize,
  end: usize,
  bias: usize,
  activation: i32,
): void {
  const columnEnd = columnList + ((<usize>columnCount) << 3);
  const rowEnd = rowList + ((<usize>rowCount) << 3);
  let c: usize = 0;
  while (c < end) {
    if (c + 64 <= end) {
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      if (bias != 0) {
        s0 = v128.load(bias + c);
        s1 = v128.load(bias + c, 16);
        s2 = v128.load(bias + c, 32);
        s3 = v128.load(bias + c, 48);
      }
      for (let row = rowList; row < rowEnd; row += 8) {
        const p = source + c + load<i32>(row);
        const w = filter + c + load<i32>(row, 4);
        for (let column = columnList; column < columnEnd; column += 8) {
          const x = p + load<i32>(column);
          const tap = w + load<i32>(column, 4);
          s0 = madd(v128.load(x), v128.load(tap), s0);
          s1 = madd(v128.load(x, 16), v128.load(tap, 16), s1);
          s2 = madd(v128.load(x, 32), v128.load(tap, 32), s2);
          s3 = madd(v128.load(x, 48), v128.load(tap, 48), s3);
        }
      }
      v128.store(out + c, activate(s0, activation));
      v128.store(out + c, activate(s1, activation), 16);
      v128.store(out + c, activate(s2, activation), 32);
      v128.store(out + c, activate(s3, activation), 48);
      c += 64;
    } else if (c + 16 <= end) {
      let sum = bias != 0 ? v128.load(bias + c) : f32x4.splat(0);
      for (let row = rowList; row < rowEnd; row += 8) {
        const p = source + c + load<i32>(row);
        const w = filter + c + load<i32>(row, 4);
        for (let column = columnList; column < columnEnd; column += 8)
          sum = madd(v128.load(p + load<i32>(column)), v128.load(w + load<i32>(column, 4)), sum);
      }
      v128.store(out + c, activate(sum, activation));
      c += 16;
    } else {
      let sum: f32 = bias != 0 ? load<f32>(bias + c) : 0;
      for (let row = rowList; row < rowEnd; row += 8) {
        const p = source + c + load<i32>(row);
        const w = filter + c + load<i32>(row, 4);
        for (let column = columnList; column < columnEnd; column += 8)
          sum += load<f32>(p + load<i32>(column)) * load<f32>(w + load<i32>(column, 4));
      }
      store<f32>(out + c, activateOne(sum, activation));
      c += 4;
    }
  }
}
