/**
 * Class indices on the host, from whatever targets and predictions come as.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {DataError, ShapeError} from '../core';

/**
 * Classes as numbers: class indices `[n]`, scores or one-hot rows `[n, classes]` (nested arrays), or probabilities of
 * yes `[n]`.
 */
export type HostLabels = ArrayLike<number> | readonly (readonly number[])[];

/** Classes as numbers or as a tensor `[n]`, `[n, 1]` or `[…, classes]`. */
export type Labels = HostLabels | Tensor;

/** Targets, predictions and weights of n elements. */
export interface LabelledData {
  yTrue: Int32Array;
  yPred: Int32Array;
  weights: Float64Array | undefined;
}

/**
 * Checks and decides: the largest of a row is the class; of single numbers with fractions, those above 0.5 are
 * class 1.
 *
 * @throws DataError for nothing at all, fractional targets, negative labels; ShapeError for different lengths
 */
export function labelled(
  yTrue: HostLabels,
  yPred: HostLabels,
  sampleWeight: ArrayLike<number> | undefined,
): LabelledData {
  const data = {
    yTrue: classIndices(yTrue, 'targets', false),
    yPred: classIndices(yPred, 'predictions', true),
    weights: sampleWeight === undefined ? undefined : Float64Array.from(sampleWeight),
  };
  const n = data.yTrue.length;
  if (data.yPred.length !== n || (data.weights !== undefined && data.weights.length !== n)) {
    const weights = data.weights === undefined ? '' : ` and ${data.weights.length} sample weights`;
    throw new ShapeError(`There are ${n} targets for ${data.yPred.length} predictions${weights}.`, {
      hint: 'Give one of each an element.',
      code: 'shape/labels',
    });
  }
  if (n === 0) throw new DataError('There are no targets.', {hint: 'Give at least one.', code: 'data/empty'});
  return data;
}

/** The numbers of a tensor, in rows where it has several columns. */
export async function readLabels(labels: Labels): Promise<HostLabels> {
  if (!(labels instanceof tf.Tensor)) return labels;
  const columns = labels.rank < 2 ? 1 : labels.shape[labels.rank - 1]!;
  const values = await labels.data();
  if (columns === 1) return values;
  return Array.from({length: values.length / columns}, (_, row) =>
    Array.from(values.slice(row * columns, (row + 1) * columns)),
  );
}

function classIndices(labels: HostLabels, what: string, decide: boolean): Int32Array {
  if (typeof labels[0] === 'object') {
    const rows = Array.from(labels as readonly (readonly number[])[]);
    const width = rows[0]!.length;
    if (width > 1) return Int32Array.from(rows, row => largest(row, width, what));
    return classIndices(rows.flat(), what, decide);
  }
  const values = Array.from(labels as ArrayLike<number>);
  if (
    decide &&
    values.some(value => !Number.isInteger(value)) &&
    values.every(value => value >= 0 && value <= 1)
  ) {
    return Int32Array.from(values, value => (value > 0.5 ? 1 : 0));
  }
  return Int32Array.from(values, (value, i) => {
    if (Number.isInteger(value) && value >= 0) return value;
    throw new DataError(`Label ${value} (number ${i} of the ${what}) is no class index.`, {
      hint: 'Give whole numbers from 0, one row of scores an element, or probabilities from 0 to 1.',
      code: 'data/labels',
    });
  });
}

function largest(row: readonly number[], width: number, what: string): number {
  if (row.length !== width) {
    throw new ShapeError(`Rows of ${width} and of ${row.length} numbers are mixed in the ${what}.`, {
      hint: 'Give one score a class in every row.',
      code: 'shape/labels',
    });
  }
  let best = 0;
  for (let i = 1; i < width; i++) if (row[i]! > row[best]!) best = i;
  return best;
}

/** All classes that occur, ascending. */
export function occurring({yTrue, yPred}: LabelledData): number[] {
  return [...new Set([...new Set(yTrue), ...new Set(yPred)])].sort((a, b) => a - b);
}

/** The weighted number of elements of each (target, prediction), row by row, for these classes only. */
export function countPairs({yTrue, yPred, weights}: LabelledData, classes: readonly number[]): number[][] {
  const place = new Map(classes.map((label, i) => [label, i]));
  const counts = classes.map(() => new Array<number>(classes.length).fill(0));
  for (let i = 0; i < yTrue.length; i++) {
    const row = place.get(yTrue[i]!);
    const column = place.get(yPred[i]!);
    if (row !== undefined && column !== undefined) counts[row]![column]! += weights?.[i] ?? 1;
  }
  return counts;
}
