/** Products of matrices, one or a batch. */
import {address, int, partStart} from './call';
import {turn} from './pack';
import {COLUMNS, ROWS, tileRows} from './tile';

/** Steps of the sum at a time: a panel of B then takes 16 kB, half of a first-level cache. */
const DEPTH: i32 = 256;

/**
 * `C = A · B (+ bias, activation)`, with B packed by `packColumns`, or as it is where its columns fill panels. A chunk is some rows of one product.
 *
 * Scratch: 80 bytes, and where A is turned also `min(depth, 256) · rowsPerChunk` numbers.
 *
 * @param args a, b, c, batch, rows, depth, columns, turned (A is depth × rows), stepA and stepB (bytes from a
 *   matrix to the batch's next; 0 for one that all share), bias (0 for none), activation, rowChunks, plain (B is not packed)
 */
export function matMul(args: usize, chunk: i32, scratch: usize): void {
  const rows = int(args, 4);
  const depth = int(args, 5);
  const columns = int(args, 6);
  const turned = int(args, 7) != 0;
  const bias = address(args, 10);
  const activation = int(args, 11);
  const rowChunks = int(args, 12);
  const plain = int(args, 13) != 0;
  const member = <usize>(chunk / rowChunks);
  const part = chunk % rowChunks;
  const a = address(args, 0) + member * address(args, 8);
  const b = address(args, 1) + member * address(args, 9);
  const c = address(args, 2) + ((member * <usize>rows * <usize>columns) << 2);
  const first = partStart(part, rowChunks, rows, ROWS);
  const last = partStart(part + 1, rowChunks, rows, ROWS);
  const spill = scratch;
  const segment = scratch + 64;
  store<i32>(segment, 0);
  const turnedA = scratch + 80;
  const rowStepC = (<usize>columns) << 2;
  for (let k = 0; k < depth; k += DEPTH) {
    const length = min(DEPTH, depth - k);
    const isLast = k + length == depth;
    let block = a + ((<usize>first * <usize>depth + <usize>k) << 2);
    let rowStepA = (<usize>depth) << 2;
    if (turned) {
      turn(
        a + ((<usize>k * <usize>rows + <usize>first) << 2),
        (<usize>rows) << 2,
        turnedA,
        (<usize>length) << 2,
        length,
        last - first,
      );
      block = turnedA;
      rowStepA = (<usize>length) << 2;
    }
    for (let j = 0; j < columns; j += COLUMNS) {
      const panel = plain
        ? b + ((<usize>k * <usize>columns + <usize>j) << 2)
        : b + ((<usize>j * <usize>depth + <usize>k * <usize>COLUMNS) << 2);
      tileRows(
        block,
        rowStepA,
        last - first,
        segment,
        1,
        length,
        panel,
        plain ? rowStepC : 64,
        c + <usize>first * rowStepC + ((<usize>j) << 2),
        rowStepC,
        min(COLUMNS, columns - j),
        k > 0,
        isLast && bias != 0 ? bias + ((<usize>j) << 2) : 0,
        isLast ? activation : 0,
        spill,
      );
    }
  }
}
