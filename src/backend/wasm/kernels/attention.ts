/**
 * Scaled dot-product attention, head by head: of the matrix of probabilities only some rows exist at a time; the way
 * back (attentionGradient.ts) computes them again from two numbers a row (as FlashAttention, Dao et al. 2022).
 *
 * Queries, keys and values are `[batch, positions, heads, features]`, so a head's rows lie `heads · features` apart.
 */
import {forbid, horizontalSum, multiply, packRows, packTurned, padded, pairRow} from './attentionParts';
import {address, int, partStart, real} from './call';
import {exp} from './math';

// @ts-ignore: decorator
@inline
function horizontalMax(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
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
