/**
 * From scores to decisions: which classes are predicted, and which are true, as rows of ones and zeros.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {alignLabels, alignTargets, oneHotRows} from '../losses';

/** How a prediction is made of scores: those above a threshold, or the largest. */
export type Threshold = number | 'largest';

/** Decisions of n elements over c columns. */
export interface Decisions {
  /** `[n, c]` float32: what is true. */
  actual: tf.Tensor2D;
  /** `[n, c]` float32 ones and zeros: what was predicted. */
  predicted: tf.Tensor2D;
}

/** Decides each column by itself (a single unit, or a threshold), or picks the row's largest. Call in a tidy. */
export function decide(yTrue: Tensor, yPred: Tensor, threshold: Threshold, name: string): Decisions {
  const units = yPred.rank === 1 ? 1 : yPred.shape[yPred.rank - 1]!;
  const actual = tf.reshape<tf.Rank.R2>(targetRows(yTrue, yPred, name), [-1, units]);
  const scores = tf.reshape<tf.Rank.R2>(yPred, [-1, units]);
  const predicted =
    threshold === 'largest'
      ? oneHotRows(tf.argMax(scores, -1), units)
      : tf.cast(tf.greater(scores, threshold), 'float32');
  return {actual, predicted: predicted as tf.Tensor2D};
}

/** Decides between all classes: a single unit counts as two, no and yes. Call in a tidy. */
export function decideClass(yTrue: Tensor, yPred: Tensor, threshold: number, name: string): Decisions {
  const units = yPred.rank === 1 ? 1 : yPred.shape[yPred.rank - 1]!;
  if (units > 1) {
    const labels = tf.reshape(classOf(yTrue, yPred, name), [-1]);
    const scores = tf.reshape(yPred, [-1, units]);
    return {
      actual: oneHotRows(labels, units) as tf.Tensor2D,
      predicted: oneHotRows(tf.argMax(scores, -1), units) as tf.Tensor2D,
    };
  }
  const {actual, predicted} = decide(yTrue, yPred, threshold, name);
  const both = (yes: tf.Tensor2D): tf.Tensor2D => tf.concat([tf.sub<tf.Tensor2D>(1, yes), yes], 1);
  return {actual: both(actual), predicted: both(predicted)};
}

/** Targets in the shape of the predictions, float32: class indices become one-hot rows. */
export function targetRows(yTrue: Tensor, yPred: Tensor, name: string): Tensor {
  const units = yPred.rank === 1 ? 1 : yPred.shape[yPred.rank - 1]!;
  const indices = units > 1 && (yTrue.rank < yPred.rank || yTrue.shape[yTrue.rank - 1] === 1);
  return indices ? oneHotRows(classOf(yTrue, yPred, name), units) : alignTargets(yTrue, yPred, name)[0];
}

/** The target classes as int32, from class indices or from one-hot rows. */
export function classOf(yTrue: Tensor, yPred: Tensor, name: string): Tensor {
  const sparse = yTrue.rank < yPred.rank || yTrue.shape[yTrue.rank - 1] === 1;
  return sparse ? alignLabels(yTrue, yPred, name) : tf.argMax(alignTargets(yTrue, yPred, name)[0], -1);
}
