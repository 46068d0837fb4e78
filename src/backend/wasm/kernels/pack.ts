/** Laying out operands of products the way that `tile` reads them. */
import {address, int, partStart} from './call';
import {COLUMNS} from './tile';

/**
 * Copies `rows` × `columns` numbers, turned: `to[j][i] = from[i][j]`.
 *
 * @param fromStep bytes from a row of `from` to the next; `toStep` likewise
 */
export function turn(from: usize, fromStep: usize, to: usize, toStep: usize, rows: i32, columns: i32): void {
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    const f0 = from + <usize>i * fromStep;
    const f1 = f0 + fromStep;
    const f2 = f1 + fromStep;
    const f3 = f2 + fromStep;
    let target = to + ((<usize>i) << 2);
    let j: usize = 0;
    const end = (<usize>columns) << 2;
    for (; j + 16 <= end; j += 16) {
      const a = v128.load(f0 + j);
      const b = v128.load(f1 + j);
      const c = v128.load(f2 + j);
      const d = v128.load(f3 + j);
      const ab = i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
      const cd = i8x16.shuffle(c, d, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
      const AB = i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
      const CD = i8x16.shuffle(c, d, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
      v128.store(target, i8x16.shuffle(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
      target += toStep;
      v128.store(target, i8x16.shuffle(ab, cd, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
      target += toStep;
      v128.store(target, i8x16.shuffle(AB, CD, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
      target += toStep;
      v128.store(target, i8x16.shuffle(AB, CD, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
      target += toStep;
    }
    for (; j < end; j += 4) {
      store<f32>(target, load<f32>(f0 + j));
      store<f32>(target, load<f32>(f1 + j), 4);
      store<f32>(target, load<f32>(f2 + j), 8);
      store<f32>(target, load<f32>(f3 + j), 12);
      target += toStep;
    }
  }
  for (; i < rows; i++) {
    let source = from + <usize>i * fromStep;
    let target = to + ((<usize>i) << 2);
    for (let j = 0; j < columns; j++) {
      store<f32>(target, load<f32>(source));
      source += 4;
      target += toStep;
    }
  }
}

/**
 * Part of a panel of B: of its columns `[first, first + 16)` the steps `[k, k + length)`, zeros beyond the last column.
 *
 * @param b address of the matrix, `depth` × `columns`, or `columns` × `depth` if `turned`
 */
export function packPanel(
  b: usize,
  depth: i32,
  columns: i32,
  turned: bool,
  first: i32,
  k: i32,
  length: i32,
  to: usize,
): void {
  const width = min(COLUMNS, columns - first);
  if (width < COLUMNS) memory.fill(to, 0, (<usize>length) << 6);
  if (turned) {
    const step = (<usize>depth) << 2;
    turn(b + <usize>first * step + ((<usize>k) << 2), step, to, COLUMNS << 2, width, length);
    return;
  }
  const rowBytes = (<usize>columns) << 2;
  let source = b + <usize>k * rowBytes + ((<usize>first) << 2);
  if (width == COLUMNS) {
    for (let i = 0; i < length; i++) {
      v128.store(to, v128.load(source));
      v128.store(to, v128.load(source, 16), 16);
      v128.store(to, v128.load(source, 32), 32);
      v128.store(to, v128.load(source, 48), 48);
      source += rowBytes;
      to += 64;
    }
    return;
  }
  for (let i = 0; i < length; i++) {
    for (let j: usize = 0; j < (<usize>width) << 2; j += 4) store<f32>(to + j, load<f32>(source + j));
    source += rowBytes;
    to += 64;
  }
}

/**
 * Packs a matrix of `depth` × `columns` into panels of sixteen columns.
 *
 * @param args b, to, depth, columns, chunks
 */
export function packColumns(args: usize, chunk: i32, _scratch: usize): void {
  const b = address(args, 0);
  const to = address(args, 1);
  const depth = int(args, 2);
  const columns = int(args, 3);
  const chunks = int(args, 4);
  const end = partStart(chunk + 1, chunks, columns, COLUMNS);
  for (let first = partStart(chunk, chunks, columns, COLUMNS); first < end; first += COLUMNS)
    packPanel(b, depth, columns, false, first, 0, depth, to + ((<usize>first * <usize>depth) << 2));
}
