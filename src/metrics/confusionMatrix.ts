/**
 * Which classes are taken for which.
 */
import {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../core';
import {countPairs, labelled, occurring, readLabels, type HostLabels, type Labels} from './labels';

/** Options of `confusionMatrix`. */
export interface ConfusionMatrixOptions {
  /** Divides by the sum of each row (`'true'`), of each column (`'pred'`) or of all (`'all'`). */
  normalize?: 'true' | 'pred' | 'all';
  /** The classes to show, in order. Default: all that occur, ascending. */
  labels?: readonly number[];
  /** What each element counts. */
  sampleWeight?: ArrayLike<number>;
}

/**
 * The confusion matrix, as scikit-learn's `confusion_matrix`: rows are targets, columns predictions.
 *
 * @param yTrue class indices `[n]`, or one-hot rows `[n, classes]`; arrays, or a tensor (then a promise comes back)
 * @param yPred class indices, rows of scores (the largest is the class), or probabilities of class 1
 * @throws ConfigurationError for an unknown `normalize`; DataError for nothing at all or labels that are no class
 *   indices; ShapeError for different lengths
 * @example
 * confusionMatrix([0, 1, 1, 2], [0, 1, 2, 2]); // [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
 */
export function confusionMatrix(
  yTrue: HostLabels,
  yPred: HostLabels,
  options?: ConfusionMatrixOptions,
): number[][];
export function confusionMatrix(
  yTrue: Tensor,
  yPred: Labels,
  options?: ConfusionMatrixOptions,
): Promise<number[][]>;
export function confusionMatrix(
  yTrue: Labels,
  yPred: Tensor,
  options?: ConfusionMatrixOptions,
): Promise<number[][]>;
export function confusionMatrix(
  yTrue: Labels,
  yPred: Labels,
  options: ConfusionMatrixOptions = {},
): number[][] | Promise<number[][]> {
  if (yTrue instanceof Tensor || yPred instanceof Tensor) {
    return Promise.all([readLabels(yTrue), readLabels(yPred)]).then(([y, p]) => compute(y, p, options));
  }
  return compute(yTrue, yPred, options);
}

function compute(yTrue: HostLabels, yPred: HostLabels, options: ConfusionMatrixOptions): number[][] {
  const {normalize, sampleWeight} = options;
  if (normalize !== undefined && !['true', 'pred', 'all'].includes(normalize)) {
    throw new ConfigurationError(`confusionMatrix got normalize '${normalize}'.`, {
      hint: "It is 'true', 'pred' or 'all', or left out.",
    });
  }
  const data = labelled(yTrue, yPred, sampleWeight);
  const counts = countPairs(data, options.labels ?? occurring(data));
  if (normalize === undefined) return counts;
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const all = sum(counts.map(sum));
  const columns = counts.map((_, j) => sum(counts.map(row => row[j]!)));
  return counts.map(row => {
    const total = sum(row);
    return row.map((count, j) => {
      const whole = normalize === 'true' ? total : normalize === 'pred' ? columns[j]! : all;
      return whole === 0 ? 0 : count / whole;
    });
  });
}
