/**
 * Bringing targets into the shape of the output, and refusing those that do not fit.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {DataError, ShapeError} from '../core';

/**
 * Targets and predictions of one float32 shape. A last axis of 1 is added or taken away (targets `[batch]` for an
 * output `[batch, 1]`): plain tfjs would broadcast the two to `[batch, batch]` and go on.
 *
 * @throws ShapeError where they do not fit
 */
export function alignTargets(yTrue: Tensor, yPred: Tensor, name: string): [Tensor, Tensor] {
  const predicted = yPred.rank === 1 ? tf.expandDims(yPred, -1) : yPred;
  let target = yTrue.dtype === 'float32' ? yTrue : tf.cast(yTrue, 'float32');
  if (!sameShape(target.shape, predicted.shape)) {
    if (!sameShape(withoutLastOne(target.shape), withoutLastOne(predicted.shape))) {
      throw new ShapeError(
        `'${name}' got targets of shape ${show(yTrue.shape)} for predictions of shape ${show(yPred.shape)}.`,
        {hint: 'Give one target for every predicted number.', code: 'shape/targets'},
      );
    }
    target = tf.reshape(target, predicted.shape);
  }
  return [target, predicted];
}

/**
 * Targets for a function that somebody wrote: as they are, but of the predictions' rank where the two shapes differ
 * by a last axis of 1 alone (targets `[batch]` for predictions `[batch, 1]`), as Keras 3 does.
 */
export function alignRank(yTrue: Tensor, yPred: Tensor): Tensor {
  const differ = yTrue.rank !== yPred.rank;
  const [short, long] = yTrue.rank < yPred.rank ? [yTrue, yPred] : [yPred, yTrue];
  return differ && sameShape([...short.shape, 1], long.shape) ? tf.reshape(yTrue, yPred.shape) : yTrue;
}

/**
 * Class indices as int32 in the shape `yPred` has without its last axis; `[batch, 1]` and float32 labels will do.
 *
 * @throws ShapeError where their number does not fit
 */
export function alignLabels(yTrue: Tensor, yPred: Tensor, name: string): Tensor {
  const shape = yPred.shape.slice(0, -1);
  const labels = yTrue.dtype === 'int32' ? yTrue : tf.cast(yTrue, 'int32');
  if (sameShape(labels.shape, shape)) return labels;
  if (!sameShape(labels.shape, [...shape, 1])) {
    throw new ShapeError(
      `'${name}' got class indices of shape ${show(yTrue.shape)} for predictions of shape ${show(yPred.shape)}.`,
      {
        hint: `Class indices have shape ${show(shape)}; one-hot targets go with 'categorical…'.`,
        code: 'shape/targets',
      },
    );
  }
  return tf.reshape(labels, shape);
}

/**
 * float32 rows with a 1 at each label. Cast from int32, since the wasm backend writes integer bits into a float32
 * one-hot (tfjs 4.22).
 */
export function oneHotRows(labels: Tensor, classes: number): Tensor {
  return tf.cast(tf.oneHot(labels as tf.Tensor1D, classes), 'float32');
}

/**
 * Refuses a target shape that does not fit `expected` (`null` fits any size; a last axis of 1 may be missing or
 * too much).
 *
 * @throws ShapeError
 */
export function checkTargetShape(
  loss: string,
  shape: readonly number[],
  expected: readonly (number | null)[],
  output: string,
): void {
  const fits = (wanted: readonly (number | null)[], found: readonly number[]): boolean =>
    wanted.length === found.length &&
    wanted.every((size, axis) => size === null || axis === 0 || size === found[axis]);
  if (fits(expected, shape)) return;
  if (expected.length > 1 && expected[expected.length - 1] === 1 && fits(expected.slice(0, -1), shape))
    return;
  if (shape.length > 1 && shape[shape.length - 1] === 1 && fits(expected, shape.slice(0, -1))) return;
  throw new ShapeError(
    `Targets for output '${output}' have shape ${show(shape)}, but '${loss}' needs ${show(expected)}.`,
    {
      hint: targetHint(loss, shape, expected),
      code: 'shape/targets',
    },
  );
}

function targetHint(loss: string, shape: readonly number[], expected: readonly (number | null)[]): string {
  if (loss.startsWith('sparse') && shape.length === expected.length + 1) {
    return "For one-hot targets take 'categoricalCrossentropy', or turn them into class indices.";
  }
  if (loss.startsWith('categorical') && shape.length === expected.length - 1) {
    return "For class indices take 'sparseCategoricalCrossentropy', or turn them into one-hot rows.";
  }
  return 'Give targets in the shape of the output.';
}

/**
 * Refuses class indices that are fractional or not among `classes`.
 *
 * @throws DataError naming the first such label and its place
 */
export function checkLabels(values: ArrayLike<number>, classes: number, output: string): void {
  for (let i = 0; i < values.length; i++) {
    const label = values[i]!;
    if (label >= 0 && label < classes && Number.isInteger(label)) continue;
    const what = Number.isInteger(label) ? `is out of range` : `is no whole number`;
    throw new DataError(`Label ${label} (target ${i} of output '${output}') ${what}.`, {
      hint: `Labels are class indices from 0 to ${classes - 1}; the output has ${classes} units.`,
      code: 'data/labels',
    });
  }
}

/**
 * Refuses values outside [lowest, highest], and NaN.
 *
 * @throws DataError naming the first such value and its place
 */
export function checkRange(
  values: ArrayLike<number>,
  lowest: number,
  highest: number,
  output: string,
  hint: string,
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value >= lowest && value <= highest) continue;
    const range = highest === Infinity ? `at least ${lowest}` : `from ${lowest} to ${highest}`;
    throw new DataError(`Target ${value} (number ${i} of output '${output}') is not ${range}.`, {
      hint,
      code: 'data/targets',
    });
  }
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function withoutLastOne(shape: readonly number[]): readonly number[] {
  return shape.length > 1 && shape[shape.length - 1] === 1 ? shape.slice(0, -1) : shape;
}

/** A shape as people read it: `[?, 10]`. */
export function show(shape: readonly (number | null)[]): string {
  return `[${shape.map(size => size ?? '?').join(', ')}]`;
}
