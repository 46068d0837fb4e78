/**
 * Axes in another order, for numbers of 4 bytes. The host merges axes that stay neighbours; then either the last
 * axis stays the last, and lines are copied, or it changes places with another one, and matrices are turned.
 */
import {address, int, partStart} from './call';
import {turn} from './pack';

/** Copies `count` lines of `bytes`, a multiple of 4, from places `step` bytes apart. */
// @ts-ignore: decorator
@inline
function copyLines(to: usize, from: usize, step: usize, count: i32, bytes: usize): void {
  for (let line = 0; line < count; line++) {
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(to + i, v128.load(from + i));
    for (; i < bytes; i += 4) store<i32>(to + i, load<i32>(from + i));
    from += step;
    to += bytes;
  }
}

/**
 * An output of `n0 × n1 × n2` lines of `width` numbers. A chunk is a range of the lines.
 *
 * @param args x, to, n0, n1, n2, numbers from a line to the next in x along each of these axes (3), width, chunks
 */
export function transposeLines(args: usize, chunk: i32, _scratch: usize): void {
  const n1 = int(args, 3);
  const n2 = int(args, 4);
  const step = (<usize>int(args, 7)) << 2;
  const bytes = (<usize>int(args, 8)) << 2;
  const chunks = int(args, 9);
  const lines = int(args, 2) * n1 * n2;
  let done = partStart(chunk, chunks, lines, 1);
  const end = partStart(chunk + 1, chunks, lines, 1);
  let outer = done / n2;
  let start = done - outer * n2;
  while (done < end) {
    const count = min(n2 - start, end - done);
    const i0 = outer / n1;
    const from = i0 * int(args, 5) + (outer - i0 * n1) * int(args, 6);
    copyLines(
      address(args, 1) + <usize>done * bytes,
      address(args, 0) + ((<usize>from) << 2) + <usize>start * step,
      step,
      count,
      bytes,
    );
    done += count;
    outer++;
    start = 0;
  }
}

/** Rows and columns of the pieces that a matrix is cut into. */
const PIECE: i32 = 64;
/** Of a piece so many columns are turned at a time: their lines in the output lie in the nearest cache together. */
const COLUMNS: i32 = 16;

/**
 * `n0 × n1 × n2` matrices of `rows` × `columns`, turned. A chunk is a range of pieces of them.
 *
 * @param args x, to, n0, n1, n2, numbers from a matrix to the next in x along each of these axes (3), the same in the
 *   output (3), rows, columns, numbers from a row to the next in x, numbers from a column to the next in the output,
 *   chunks
 */
export function transposeMatrices(args: usize, chunk: i32, _scratch: usize): void {
  const n1 = int(args, 3);
  const n2 = int(args, 4);
  const rows = int(args, 11);
  const columns = int(args, 12);
  const fromStep = (<usize>int(args, 13)) << 2;
  const toStep = (<usize>int(args, 14)) << 2;
  const chunks = int(args, 15);
  const down = (rows + PIECE - 1) / PIECE;
  const across = (columns + PIECE - 1) / PIECE;
  const pieces = int(args, 2) * n1 * n2 * down * across;
  const end = partStart(chunk + 1, chunks, pieces, 1);
  for (let piece = partStart(chunk, chunks, pieces, 1); piece < end; piece++) {
    const column = (piece % across) * PIECE;
    const strip = piece / across;
    const row = (strip % down) * PIECE;
    const i012 = strip / down;
    const i01 = i012 / n2;
    const i2 = i012 - i01 * n2;
    const i0 = i01 / n1;
    const i1 = i01 - i0 * n1;
    const matrix = i0 * int(args, 5) + i1 * int(args, 6) + i2 * int(args, 7);
    const turned = i0 * int(args, 8) + i1 * int(args, 9) + i2 * int(args, 10);
    const from = address(args, 0) + ((<usize>matrix) << 2) + <usize>row * fromStep;
    const to = address(args, 1) + ((<usize>(turned + row)) << 2);
    const height = min(PIECE, rows - row);
    const last = min(column + PIECE, columns);
    for (let j = column; j < last; j += COLUMNS)
      turn(from + ((<usize>j) << 2), fromStep, to + <usize>j * toStep, toStep, height, min(COLUMNS, last - j));
  }
}
