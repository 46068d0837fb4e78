/**
 * Scaled dot-product attention and its gradient, head by head: of the matrix of probabilities only some rows exist at
 * a time, and the way back computes them again from two numbers a row (as FlashAttention, Dao et al. 2022).
 *
 * Queries, keys and values are `[batch, positions, heads, features]`, so a head's rows lie `heads · features` apart.
 */
import {address, int, madd, partStart, real} from './call';
import {exp} from './math';
import {turn} from './pack';
import {COLUMNS, tileRows} from './tile';

/** `n` up to whole panels. */
// @ts-ignore: decorator
@inline
function padded(n: i32): i32 {
  return (n + COLUMNS - 1) & -COLUMNS;
}

/**
 * Panels of sixteen columns of a matrix whose rows are `step` bytes apart; zeros beyond its columns, and from row
 * `rows` to row `steps`.
 */
function packRows(from: usize, step: usize, rows: i32, columns: i32, steps: i32, to: usize): void {
  for (let first = 0; first < columns; first += COLUMNS) {
    const width = min(COLUMNS, columns - first);
    let source = from + ((<usize>first) << 2);
    if (width < COLUMNS || rows < steps) memory.fill(to, 0, (<usize>steps) << 6);
    let target = to;
    for (let i = 0; i < rows; i++) {
      if (width == COLUMNS) {
        v128.store(target, v128.load(source));
        v128.store(target, v128.load(source, 16), 16);
        v128.store(target, v128.load(source, 32), 32);
        v128.store(target, v128.load(source, 48), 48);
      } else {
        for (let j: usize = 0; j < (<usize>width) << 2; j += 4) store<f32>(target + j, load<f32>(source + j));
      }
      source += step;
      target += 64;
    }
    to += (<usize>steps) << 6;
  }
}

/** Panels of sixteen rows of such a matrix, turned: a row is a column of a panel. Zeros beyond the last. */
function packTurned(from: usize, step: usize, rows: i32, columns: i32, to: usize): void {
  for (let first = 0; first < rows; first += COLUMNS) {
    const width = min(COLUMNS, rows - first);
    if (width < COLUMNS) memory.fill(to, 0, (<usize>columns) << 6);
    turn(from + <usize>first * step, step, to, 64, width, columns);
    to += (<usize>columns) << 6;
  }
}

/**
 * `C (+)= A · B` for `rows` rows of A, `aStep` bytes apart, and the panels of B, `panelBytes` apart, of which the
 * first `depth` steps count.
 */
function multiply(
  a: usize,
  aStep: usize,
  rows: i32,
  b: usize,
  panelBytes: usize,
  depth: i32,
  c: usize,
  cStep: usize,
  columns: i32,
  accumulate: bool,
  spill: usize,
): void {
  for (let j = 0; j < columns; j += COLUMNS) {
    const width = min(COLUMNS, columns - j);
    const to = c + ((<usize>j) << 2);
    tileRows(a, aStep, rows, spill + 64, 1, depth, b, 64, to, cStep, width, accumulate, 0, 0, spill);
    b += panelBytes;
  }
}

/** Puts minus infinity where a mask (0 for none) has 0, and from column `visible` to column `columns`. */
function forbid(row: usize, keyMask: usize, pairMask: usize, visible: i32, columns: i32): void {
  const end = (<usize>visible) << 2;
  for (let i: usize = 0; i < end; i += 4) {
    const allowed = (keyMask == 0 || load<f32>(keyMask + i) != 0) && (pairMask == 0 || load<f32>(pairMask + i) != 0);
    if (!allowed) store<f32>(row + i, -Infinity);
  }
  for (let i = end; i < (<usize>columns) << 2; i += 4) store<f32>(row + i, -Infinity);
}

/** Where the mask of pairs has the row of a query; 0 where there is none, or one value for the whole row. */
// @ts-ignore: decorator
@inline
function pairRow(args: usize, batch: i32, head: i32, query: i32): usize {
  const pairs = address(args, 7);
  if (pairs == 0) return 0;
  const offset = batch * int(args, 15) + head * int(args, 16) + query * int(args, 17);
  return pairs + ((<usize>offset) << 2);
}

// @ts-ignore: decorator
@inline
function horizontalMax(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

// @ts-ignore: decorator
@inline
function horizontalSum(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

/**
 * Turns a row of products into powers `e^(scale · (x − max))`, and writes the maximum and 1 ∕ Σ to `statistics`:
 * infinity and 0 where nothing is allowed, which make every probability 0.
 */
function powers(row: usize, columns: i32, scale: f32, statistics: usize): void {
  const end = (<usize>columns) << 2;
  let largest = v128.load(row);
  for (let i: usize = 16; i < end; i += 16) largest = f32x4.max(largest, v128.load(row + i));
  let top = horizontalMax(largest);
  if (top == -Infinity) {
    store<f32>(statistics, Infinity);
    store<f32>(statistics, 0, 4);
    memory.fill(row, 0, end);
    return;
  }
  const maximum = f32x4.splat(top);
  const factor = f32x4.splat(scale);
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < end; i += 16) {
    const power = exp(f32x4.mul(factor, f32x4.sub(v128.load(row + i), maximum)));
    v128.store(row + i, power);
    sum = f32x4.add(sum, power);
  }
  store<f32>(statistics, top);
  store<f32>(statistics, 1 / horizontalSum(sum), 4);
}

/** `row · factor`. */
function scaleRow(row: usize, columns: i32, factor: f32): void {
  const end = (<usize>columns) << 2;
  const factors = f32x4.splat(factor);
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) v128.store(row + i, f32x4.mul(v128.load(row + i), factors));
  for (; i < end; i += 4) store<f32>(row + i, load<f32>(row + i) * factor);
}

/**
 * `out = softmax(scale · Q·Kᵀ) · V`; a chunk is some heads of some sequences.
 *
 * Scratch, with S and V up to whole sixteens and `blockRows` rows at a time: 80 bytes,
 * `S·K + S·V + blockRows·S` numbers.
 *
 * @param args query, key, value, out, statistics (`[batch, heads, T, 2]`), queryMask, keyMask, pairs (masks: 0 for
 *   none), batch, T, S, heads, K, V (features), causal, pairStepBatch, pairStepHead, pairStepQuery, pairStepKey
 *   (numbers), scale, blockRows, chunks
 */
export function attention(args: usize, chunk: i32, scratch: usize): void {
  const queryMask = address(args, 5);
  const keyMask = address(args, 6);
  const pairs = address(args, 7);
  const targets = int(args, 9);
  const sources = int(args, 10);
  const heads = int(args, 11);
  const keyDim = int(args, 12);
  const valueDim = int(args, 13);
  const causal = int(args, 14) != 0;
  const onePerRow = int(args, 18) == 0;
  const scale = real(args, 19);
  const blockRows = int(args, 20);
  const chunks = int(args, 21);
  const items = int(args, 8) * heads;
  const steps = padded(sources);
  const keyStep = (<usize>(heads * keyDim)) << 2;
  const valueStep = (<usize>(heads * valueDim)) << 2;
  const rowStep = (<usize>steps) << 2;
  store<i32>(scratch + 64, 0);
  const keys = scratch + 80;
  const values = keys + <usize>keyDim * rowStep;
  const rows = values + <usize>padded(valueDim) * rowStep;
  const end = partStart(chunk + 1, chunks, items, 1);
  for (let item = partStart(chunk, chunks, items, 1); item < end; item++) {
    const batch = item / heads;
    const head = item % heads;
    const keyOffset = (<usize>(head * keyDim)) << 2;
    const valueOffset = (<usize>(head * valueDim)) << 2;
    const query = address(args, 0) + <usize>(batch * targets) * keyStep + keyOffset;
    const out = address(args, 3) + <usize>(batch * targets) * valueStep + valueOffset;
    const statistics = address(args, 4) + ((<usize>(item * targets)) << 3);
    const keyMaskRow = keyMask == 0 ? 0 : keyMask + ((<usize>(batch * sources)) << 2);
    packTurned(address(args, 1) + <usize>(batch * sources) * keyStep + keyOffset, keyStep, sources, keyDim, keys);
    packRows(
      address(args, 2) + <usize>(batch * sources) * valueStep + valueOffset,
      valueStep,
      sources,
      valueDim,
      steps,
      values,
    );
    for (let first = 0; first < targets; first += blockRows) {
      const count = min(blockRows, targets - first);
      const columns = causal ? min(steps, padded(first + count)) : steps;
      const start = query + <usize>first * keyStep;
      multiply(start, keyStep, count, keys, (<usize>keyDim) << 6, keyDim, rows, rowStep, columns, false, scratch);
      for (let i = 0; i < count; i++) {
        const t = first + i;
        const row = rows + <usize>i * rowStep;
        const pair = pairs == 0 ? 0 : pairRow(args, batch, head, t);
        const isHidden =
          (queryMask != 0 && load<f32>(queryMask + ((<usize>(batch * targets + t)) << 2)) == 0) ||
          (pair != 0 && onePerRow && load<f32>(pair) == 0);
        const visible = isHidden ? 0 : causal ? min(sources, t + 1) : sources;
        if (visible < columns || keyMask != 0 || pair != 0)
          forbid(row, keyMaskRow, onePerRow ? 0 : pair, visible, columns);
        powers(row, columns, scale, statistics + ((<usize>t) << 3));
      }
      const target = out + <usize>first * valueStep;
      multiply(rows, rowStep, count, values, (<usize>steps) << 6, columns, target, valueStep, valueDim, false, scratch);
      for (let i = 0; i < count; i++) {
        scaleRow(target + <usize>i * valueStep, valueDim, load<f32>(statistics + ((<usize>(first + i)) << 3), 4));
      }
    }
  }
}

/**
 * A row of products as probabilities, and one of their gradients as the products' own:
 * `p = e^(scale · (x − max)) ∕ Σ`, `dx = scale · p · (dp − Σ p·dp)`.
 */
function softmaxGradient(row: usize, gradient: usize, columns: i32, scale: f32, statistics: usize): void {
  const end = (<usize>columns) << 2;
  const maximum = v128.load32_splat(statistics);
  const inverse = v128.load32_splat(statistics, 4);
  const factor = f32x4.splat(scale);
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < end; i += 16) {
    const p = f32x4.mul(exp(f32x4.mul(factor, f32x4.sub(v128.load(row + i), maximum))), inverse);
    v128.store(row + i, p);
    sum = madd(p, v128.load(gradient + i), sum);
  }
  const mean = f32x4.splat(horizontalSum(sum));
  for (let i: usize = 0; i < end; i += 16) {
    const p = f32x4.mul(v128.load(row + i), factor);
    v128.store(gradient + i, f32x4.mul(p, f32x4.sub(v128.load(gradient + i), mean)));
  }
}

/** Sets `rows` rows of `columns` numbers to 0. */
function clear(to: usize, step: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) memory.fill(to + <usize>i * step, 0, (<usize>columns) << 2);
}

/**
 * The gradients of `attention`; a chunk is some heads of some sequences.
 *
 * Scratch, with S, K and V up to whole sixteens and `blockRows` rows at a time: 80 bytes,
 * `2·S·K + S·V + blockRows·(4·S + K + V)` numbers.
 *
 * @param args as of `attention`, but in place of `out` its gradient, and after them the addresses of the gradients of
 *   query, key and value
 */
export function attentionGradient(args: usize, chunk: i32, scratch: usize): void {
  const keyMask = address(args, 6);
  const pairs = address(args, 7);
  const targets = int(args, 9);
  const sources = int(args, 10);
  const heads = int(args, 11);
  const keyDim = int(args, 12);
  const valueDim = int(args, 13);
  const causal = int(args, 14) != 0;
  const onePerRow = int(args, 18) == 0;
  const scale = real(args, 19);
  const blockRows = int(args, 20);
  const chunks = int(args, 21);
  const items = int(args, 8) * heads;
  const steps = padded(sources);
  const keyStep = (<usize>(heads * keyDim)) << 2;
  const valueStep = (<usize>(heads * valueDim)) << 2;
  const rowStep = (<usize>steps) << 2;
  const blockBytes = (<usize>blockRows) << 2;
  store<i32>(scratch + 64, 0);
  const turnedKeys = scratch + 80;
  const keys = turnedKeys + <usize>keyDim * rowStep;
  const turnedValues = keys + <usize>padded(keyDim) * rowStep;
  const rows = turnedValues + <usize>valueDim * rowStep;
  const gradients = rows + <usize>blockRows * rowStep;
  const turnedRows = gradients + <usize>blockRows * rowStep;
  const turnedGradients = turnedRows + <usize>blockRows * rowStep;
  const queries = turnedGradients + <usize>blockRows * rowStep;
  const upstream = queries + <usize>padded(keyDim) * blockBytes;
  const end = partStart(chunk + 1, chunks, items, 1);
  for (let item = partStart(chunk, chunks, items, 1); item < end; item++) {
    const batch = item / heads;
    const head = item % heads;
    const keyOffset = (<usize>(head * keyDim)) << 2;
    const valueOffset = (<usize>(head * valueDim)) << 2;
    const sourceKeys = <usize>(batch * sources) * keyStep + keyOffset;
    const sourceValues = <usize>(batch * sources) * valueStep + valueOffset;
    const targetKeys = <usize>(batch * targets) * keyStep + keyOffset;
    const targetValues = <usize>(batch * targets) * valueStep + valueOffset;
    const dKey = address(args, 23) + sourceKeys;
    const dValue = address(args, 24) + sourceValues;
    const statistics = address(args, 4) + ((<usize>(item * targets)) << 3);
    const keyMaskRow = keyMask == 0 ? 0 : keyMask + ((<usize>(batch * sources)) << 2);
    const key = address(args, 1) + sourceKeys;
    packTurned(key, keyStep, sources, keyDim, turnedKeys);
    packRows(key, keyStep, sources, keyDim, steps, keys);
    packTurned(address(args, 2) + sourceValues, valueStep, sources, valueDim, turnedValues);
    clear(dKey, keyStep, sources, keyDim);
    clear(dValue, valueStep, sources, valueDim);
    for (let first = 0; first < targets; first += blockRows) {
      const count = min(blockRows, targets - first);
      const columns = causal ? min(steps, padded(first + count)) : steps;
      const query = address(args, 0) + targetKeys + <usize>first * keyStep;
      const dOut = address(args, 3) + targetValues + <usize>first * valueStep;
      multiply(query, keyStep, count, turnedKeys, (<usize>keyDim) << 6, keyDim, rows, rowStep, columns, false, scratch);
      // prettier-ignore
      multiply(dOut, valueStep, count, turnedValues, (<usize>valueDim) << 6, valueDim, gradients, rowStep, columns, false, scratch);
      for (let i = 0; i < count; i++) {
        const t = first + i;
        const row = rows + <usize>i * rowStep;
        const pair = pairs == 0 || onePerRow ? 0 : pairRow(args, batch, head, t);
        const visible = causal ? min(sources, t + 1) : sources;
        if (visible < columns || keyMask != 0 || pair != 0) forbid(row, keyMaskRow, pair, visible, columns);
        softmaxGradient(row, gradients + <usize>i * rowStep, columns, scale, statistics + ((<usize>t) << 3));
      }
      const dQuery = address(args, 22) + targetKeys + <usize>first * keyStep;
      // prettier-ignore
      multiply(gradients, rowStep, count, keys, (<usize>steps) << 6, columns, dQuery, keyStep, keyDim, false, scratch);
      const reached = min(sources, columns);
      const turnedStep = (<usize>count) << 2;
      turn(rows, rowStep, turnedRows, turnedStep, count, reached);
      turn(gradients, rowStep, turnedGradients, turnedStep, count, reached);
      packRows(query, keyStep, count, keyDim, count, queries);
      packRows(dOut, valueStep, count, valueDim, count, upstream);
      const panelBytes = (<usize>count) << 6;
      // prettier-ignore
      multiply(turnedGradients, turnedStep, reached, queries, panelBytes, count, dKey, keyStep, keyDim, true, scratch);
      // prettier-ignore
      multiply(turnedRows, turnedStep, reached, upstream, panelBytes, count, dValue, valueStep, valueDim, true, scratch);
    }
  }
}
