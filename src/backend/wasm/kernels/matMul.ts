/** Products of matrices, one or a batch. */
import {address, int, partStart} from './call';
import {packPanel, turn} from './pack';
import {COLUMNS, ROWS, tileRows} from './tile';

/** Steps of the sum at a time: a panel of B then takes 16 kB, half of a first-level cache. */
const DEPTH: i32 = 256;

/**
 * `C = activation(A · B + bias)`. A chunk is some products of the batch, or some rows and columns of one. It packs B
 * panel by panel, right before its rows need it; or reads it where it lies, if `plain` and the columns fill panels.
 *
 * Scratch: 80 bytes, `16 · min(depth, 256)` numbers for the panel, and where A is turned also
 * `min(depth, 256) · rowsPerChunk`.
 *
 * @param args a, b, c, rows, depth, columns, turnedA (A is depth × rows), turnedB (B is columns × depth), stepA and
 *   stepB (bytes from a matrix to the batch's next; 0 for one that all share), bias (0 for none), activation,
 *   rowChunks, columnChunks, plain, batch, batchChunks
 */
export function matMul(args: usize, chunk: i32, scratch: usize): void {
  const parts = int(args, 12) * int(args, 13);
  const batch = int(args, 15);
  const batchChunks = int(args, 16);
  const end = partStart(chunk / parts + 1, batchChunks, batch, 1);
  for (let member = partStart(chunk / parts, batchChunks, batch, 1); member < end; member++)
    multiplyPart(args, <usize>member, chunk % parts, scratch);
}

function multiplyPart(args: usize, member: usize, part: i32, scratch: usize): void {
  const rows = int(args, 3);
  const depth = int(args, 4);
  const columns = int(args, 5);
  const turnedA = int(args, 6) != 0;
  const turnedB = int(args, 7) != 0;
  const bias = address(args, 10);
  const activation = int(args, 11);
  const rowChunks = int(args, 12);
  const columnChunks = int(args, 13);
  const plain = int(args, 14) != 0;
  const a = address(args, 0) + member * address(args, 8);
  const b = address(args, 1) + member * address(args, 9);
  const c = address(args, 2) + ((member * <usize>rows * <usize>columns) << 2);
  const first = partStart(part / columnChunks, rowChunks, rows, ROWS);
  const last = partStart(part / columnChunks + 1, rowChunks, rows, ROWS);
  const firstColumn = partStart(part % columnChunks, columnChunks, columns, COLUMNS);
  const lastColumn = partStart((part % columnChunks) + 1, columnChunks, columns, COLUMNS);
  const spill = scratch;
  const segment = scratch + 64;
  store<i32>(segment, 0);
  const packed = scratch + 80;
  const rowsOfA = packed + ((<usize>min(depth, DEPTH)) << 6);
  const stepC = (<usize>columns) << 2;
  for (let k = 0; k < depth; k += DEPTH) {
    const length = min(DEPTH, depth - k);
    const isLast = k + length == depth;
    let block = a + ((<usize>first * <usize>depth + <usize>k) << 2);
    let stepOfA = (<usize>depth) << 2;
    if (turnedA) {
      const from = a + ((<usize>k * <usize>rows + <usize>first) << 2);
      stepOfA = (<usize>length) << 2;
      turn(from, (<usize>rows) << 2, rowsOfA, stepOfA, length, last - first);
      block = rowsOfA;
    }
    for (let j = firstColumn; j < lastColumn; j += COLUMNS) {
      if (!plain) packPanel(b, depth, columns, turnedB, j, k, length, packed);
      tileRows(
        block,
        stepOfA,
        last - first,
        segment,
        1,
        length,
        plain ? b + ((<usize>k * <usize>columns + <usize>j) << 2) : packed,
        plain ? stepC : 64,
        c + <usize>first * stepC + ((<usize>j) << 2),
        stepC,
        min(COLUMNS, columns - j),
        k > 0,
        isLast && bias != 0 ? bias + ((<usize>j) << 2) : 0,
        isLast ? activation : 0,
        spill,
      );
    }
  }
}
