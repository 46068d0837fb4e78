/**
 * Crossentropy of a softmax, row by row, from logits. The forward pass leaves the largest logit, the sum of the
 * exponentials and the sum of the targets of each row; the gradient computes the exponentials again, so that
 * nothing of the logits' size is kept. A target is y, or a label that stands for a one-hot row, moved towards the
 * uniform distribution: `y · (1 − smoothing) + smoothing / classes`.
 */
import {address, int, partStart, real} from './call';
import {exp, log} from './math';
import {rest, storeRest, total} from './row';

function largestOf(row: usize, classes: i32): f32 {
  let largest = f32x4.splat(-Infinity);
  const bytes = <usize>(classes & ~3) << 2;
  for (let j: usize = 0; j < bytes; j += 16) largest = f32x4.max(largest, v128.load(row + j));
  const left = classes & 3;
  if (left != 0) largest = f32x4.max(largest, rest(row + bytes, left, -Infinity));
  return max(
    max(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
    max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
  );
}

function exponentialsOf(row: usize, classes: i32, largest: f32): f32 {
  const shift = f32x4.splat(largest);
  let sum = f32x4.splat(0);
  const bytes = <usize>(classes & ~3) << 2;
  for (let j: usize = 0; j < bytes; j += 16)
    sum = f32x4.add(sum, exp(f32x4.sub(v128.load(row + j), shift)));
  const left = classes & 3;
  // A row of −infinity alone gives NaN here already, the rest of a four 0 or NaN with it.
  if (left != 0) sum = f32x4.add(sum, exp(f32x4.sub(rest(row + bytes, left, -Infinity), shift)));
  return total(sum);
}

/**
 * `Σ y · (log Σ e^z − z)` of each row. A chunk is some rows.
 *
 * @param args logits, targets (int32 labels, or float32 rows if dense), values, left (three numbers a row), classes,
 *   rows, smoothing, dense, chunks
 */
export function crossEntropy(args: usize, chunk: i32, _scratch: usize): void {
  const classes = int(args, 4);
  const rows = int(args, 5);
  const smoothing = real(args, 6);
  const dense = int(args, 7) != 0;
  const chunks = int(args, 8);
  const own = <f32>1 - smoothing;
  const each = smoothing / <f32>classes;
  const rowBytes = <usize>classes << 2;
  const end = partStart(chunk + 1, chunks, rows, 1);
  for (let i = partStart(chunk, chunks, rows, 1); i < end; i++) {
    const row = address(args, 0) + <usize>i * rowBytes;
    const largest = largestOf(row, classes);
    const sum = exponentialsOf(row, classes, largest);
    const logSum = f32x4.extract_lane(log(f32x4.splat(sum)), 0);
    let value: f64 = 0;
    let targets: f64 = 0;
    if (dense) {
      const target = address(args, 1) + <usize>i * rowBytes;
      for (let j: usize = 0; j < rowBytes; j += 4) {
        const y = load<f32>(target + j) * own + each;
        targets += <f64>y;
        value += <f64>(y * (logSum - (load<f32>(row + j) - largest)));
      }
    } else {
      const label = load<i32>(address(args, 1) + (<usize>i << 2));
      if (label >= 0 && label < classes) {
        targets = own;
        value = own * (logSum - (load<f32>(row + (<usize>label << 2)) - largest));
      }
      if (smoothing != 0) {
        let others: f64 = 0;
        for (let j: usize = 0; j < rowBytes; j += 4) others += <f64>(logSum - (load<f32>(row + j) - largest));
        targets += <f64>smoothing;
        value += <f64>each * others;
      }
    }
    store<f32>(address(args, 2) + (<usize>i << 2), <f32>value);
    const left = address(args, 3) + <usize>i * 12;
    store<f32>(left, largest);
    store<f32>(left, sum, 4);
    store<f32>(left, <f32>targets, 8);
  }
}

/**
 * The gradient `(softmax(z) · Σy − y) · dy`. A chunk is some rows.
 *
 * @param args logits, targets, dy, left (of the forward pass), gradient, classes, rows, smoothing, dense, chunks
 */
export function crossEntropyGradient(args: usize, chunk: i32, _scratch: usize): void {
  const classes = int(args, 5);
  const rows = int(args, 6);
  const smoothing = real(args, 7);
  const dense = int(args, 8) != 0;
  const chunks = int(args, 9);
  const own = <f32>1 - smoothing;
  const each = smoothing / <f32>classes;
  const rowBytes = <usize>classes << 2;
  const bytes = <usize>(classes & ~3) << 2;
  const count = classes & 3;
  const end = partStart(chunk + 1, chunks, rows, 1);
  for (let i = partStart(chunk, chunks, rows, 1); i < end; i++) {
    const row = address(args, 0) + <usize>i * rowBytes;
    const to = address(args, 4) + <usize>i * rowBytes;
    const left = address(args, 3) + <usize>i * 12;
    const slope = load<f32>(address(args, 2) + (<usize>i << 2));
    const shift = f32x4.splat(load<f32>(left));
    const factor = f32x4.splat(load<f32>(left, 8) / load<f32>(left, 4));
    const slopes = f32x4.splat(slope);
    const owns = f32x4.splat(own);
    const others = f32x4.splat(each);
    const target = dense ? address(args, 1) + <usize>i * rowBytes : 0;
    for (let j: usize = 0; j < bytes; j += 16) {
      const p = f32x4.mul(exp(f32x4.sub(v128.load(row + j), shift)), factor);
      const y = dense ? f32x4.add(f32x4.mul(v128.load(target + j), owns), others) : others;
      v128.store(to + j, f32x4.mul(f32x4.sub(p, y), slopes));
    }
    if (count != 0) {
      const p = f32x4.mul(exp(f32x4.sub(rest(row + bytes, count, 0), shift)), factor);
      const y = dense ? f32x4.add(f32x4.mul(rest(target + bytes, count, 0), owns), others) : others;
      storeRest(to + bytes, count, f32x4.mul(f32x4.sub(p, y), slopes));
    }
    if (dense) continue;
    const label = load<i32>(address(args, 1) + (<usize>i << 2));
    if (label < 0 || label >= classes) continue;
    const at = <usize>label << 2;
    const z = f32x4.sub(f32x4.splat(load<f32>(row + at)), shift);
    const p = f32x4.extract_lane(f32x4.mul(exp(z), factor), 0);
    store<f32>(to + at, (p - (own + each)) * slope);
  }
}
