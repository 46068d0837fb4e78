/**
 * Gradients of the sums of gates, laid out the way that products read their right operand: panels of sixteen columns,
 * each with a row for every example and time step. The products that make the gradients of weights then need no
 * packing, and read the panels once.
 */
import {address, int, partStart} from './call';
import {turn} from './pack';
import {put} from './recurrent';
import {COLUMNS, ROWS, tileRows} from './tile';

/** Steps of a sum at a time, as in matMul.ts. */
const DEPTH: i32 = 256;
/** As many panels make up so many steps. */
const DEPTH_PANELS: i32 = DEPTH / COLUMNS;

/** Copies a row of `count` times sixteen numbers to row `row` of as many panels of `rows` rows. */
// @ts-ignore: decorator
@inline
export function toPanels(from: usize, count: i32, panels: usize, rows: usize, row: usize): void {
  const panelBytes = rows << 6;
  let to = panels + (row << 6);
  for (let panel = 0; panel < count; panel++) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
    from += 64;
    to += panelBytes;
  }
}

/**
 * Packs some columns of a weight, `[first, first + columns)` of `width`, into panels: of the columns themselves, or,
 * turned, of the weight's rows. One chunk.
 *
 * @param args weight, to, rows of the weight, width, first, columns, turned, panelBytes (from a panel to the next). A
 *   turned panel has a row for each column, and rows of zeros up to a multiple of sixteen.
 */
export function packGates(args: usize, _chunk: i32, _scratch: usize): void {
  const from = address(args, 0) + (address(args, 4) << 2);
  let to = address(args, 1);
  const rows = int(args, 2);
  const step = address(args, 3) << 2;
  const columns = int(args, 5);
  const turned = int(args, 6) != 0;
  const panelBytes = address(args, 7);
  if (turned) {
    const padded = (<usize>((columns + COLUMNS - 1) / COLUMNS)) << 10;
    for (let row = 0; row < rows; row += COLUMNS) {
      memory.fill(to, 0, padded);
      turn(from + <usize>row * step, step, to, COLUMNS << 2, min(COLUMNS, rows - row), columns);
      to += panelBytes;
    }
    return;
  }
  for (let column = 0; column < columns; column += COLUMNS) {
    const width = (<usize>min(COLUMNS, columns - column)) << 2;
    let source = from + ((<usize>column) << 2);
    for (let row = 0; row < rows; row++) {
      const target = to + ((<usize>row) << 6);
      memory.fill(target, 0, 64);
      memory.copy(target, source, width);
      source += step;
    }
    to += panelBytes;
  }
}

/**
 * `C = Aᵀ · P`: the gradient of a weight, from what it was multiplied with. A chunk is some columns of A and some
 * panels. Scratch: 128 bytes, and 1 kB for each column of A in a chunk.
 *
 * @param args a (depth × rows), rows, panels, depth, columns, c, stepC (bytes from a row of C to the next), rowChunks,
 *   panelChunks
 */
export function multiplyTurned(args: usize, chunk: i32, scratch: usize): void {
  const a = address(args, 0);
  const rows = int(args, 1);
  const panels = address(args, 2);
  const depth = int(args, 3);
  const columns = int(args, 4);
  const c = address(args, 5);
  const stepC = address(args, 6);
  const rowChunks = int(args, 7);
  const panelChunks = int(args, 8);
  const first = partStart(chunk / panelChunks, rowChunks, rows, ROWS);
  const last = partStart(chunk / panelChunks + 1, rowChunks, rows, ROWS);
  const firstColumn = partStart(chunk % panelChunks, panelChunks, columns, COLUMNS);
  const lastColumn = partStart((chunk % panelChunks) + 1, panelChunks, columns, COLUMNS);
  const segment = scratch + 64;
  store<i32>(segment, 0);
  const turned = scratch + 128;
  const stepA = (<usize>rows) << 2;
  for (let k = 0; k < depth; k += DEPTH) {
    const length = min(DEPTH, depth - k);
    const step = (<usize>length) << 2;
    turn(a + <usize>k * stepA + ((<usize>first) << 2), stepA, turned, step, length, last - first);
    for (let j = firstColumn; j < lastColumn; j += COLUMNS) {
      const panel = panels + ((<usize>j * <usize>depth + <usize>k * <usize>COLUMNS) << 2);
      const width = min(COLUMNS, lastColumn - j);
      const to = c + <usize>first * stepC + ((<usize>j) << 2);
      const rowCount = last - first;
      tileRows(turned, step, rowCount, segment, 1, length, panel, 64, to, stepC, width, k > 0, 0, 0, scratch);
    }
  }
}

/**
 * `C = P · B`, with B's rows in panels too: the gradient of inputs. A chunk is some rows. Scratch: 64 bytes, and 4
 * for each panel.
 *
 * @param args panels, how many, b (packed, as many rows as the panels have columns), c (rows × columns), rows,
 *   columns, chunks
 */
export function multiplyPanels(args: usize, chunk: i32, scratch: usize): void {
  const panels = address(args, 0);
  const panelCount = int(args, 1);
  const b = address(args, 2);
  const c = address(args, 3);
  const rows = int(args, 4);
  const columns = int(args, 5);
  const chunks = int(args, 6);
  const first = partStart(chunk, chunks, rows, ROWS);
  const last = partStart(chunk + 1, chunks, rows, ROWS);
  const segments = scratch + 64;
  for (let panel = 0; panel < panelCount; panel++)
    store<i32>(segments + ((<usize>panel) << 2), i32((<usize>panel * <usize>rows) << 6));
  const stepC = (<usize>columns) << 2;
  for (let k = 0; k < panelCount; k += DEPTH_PANELS) {
    const count = min(DEPTH_PANELS, panelCount - k);
    for (let j = 0; j < columns; j += COLUMNS) {
      const panel = b + ((<usize>j * <usize>panelCount) << 6) + ((<usize>k) << 10);
      const width = min(COLUMNS, columns - j);
      tileRows(
        panels + ((<usize>first) << 6),
        64,
        last - first,
        segments + ((<usize>k) << 2),
        count,
        COLUMNS,
        panel,
        64,
        c + <usize>first * stepC + ((<usize>j) << 2),
        stepC,
        width,
        k > 0,
        0,
        0,
        scratch,
      );
    }
  }
}

/**
 * Sums of the columns: the gradient of a bias. A chunk is some panels. Sums of 64 rows are added up, so that little
 * is rounded away.
 *
 * @param args panels, rows, columns, to, chunks
 */
export function sumPanels(args: usize, chunk: i32, _scratch: usize): void {
  const rows = int(args, 1);
  const columns = int(args, 2);
  const to = address(args, 3);
  const chunks = int(args, 4);
  const last = partStart(chunk + 1, chunks, columns, COLUMNS);
  for (let column = partStart(chunk, chunks, columns, COLUMNS); column < last; column += COLUMNS) {
    const width = min(COLUMNS, last - column);
    for (let quarter = 0; quarter < width; quarter += 4) {
      let at = address(args, 0) + ((<usize>column * <usize>rows) << 2) + ((<usize>quarter) << 2);
      let total = f32x4.splat(0);
      for (let row = 0; row < rows; row += 64) {
        const count = min(64, rows - row);
        let sum = f32x4.splat(0);
        for (let i = 0; i < count; i++) {
          sum = f32x4.add(sum, v128.load(at));
          at += 64;
        }
        total = f32x4.add(total, sum);
      }
      put(to + ((<usize>(column + quarter)) << 2), total, width - quarter);
    }
  }
}
