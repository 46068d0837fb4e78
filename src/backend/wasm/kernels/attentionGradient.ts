/** The gradients of scaled dot-product attention, head by head; see attention.ts. */
import {forbid, horizontalSum, multiply, packRows, packTurned, padded, pairRow} from './attentionParts';
import {address, int, madd, partStart, real} from './call';
import {exp} from './math';
import {turn} from './pack';

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
