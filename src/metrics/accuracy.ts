/**
 * The share of predictions that are right.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError, checkNames} from '../core';
import {alignLabels, alignTargets, oneHotRows} from '../losses';
import {classOf} from './decisions';
import {MeanMetric} from './mean';
import type {MetricTarget} from './metric';

/** A mean of ones and zeros. */
abstract class ShareMetric extends MeanMetric {
  protected override get largest(): number {
    return 1;
  }
}

/** Options of `BinaryAccuracy`. */
export interface BinaryAccuracyOptions {
  /** Predictions above it count as yes. Default 0.5; 0 for logits. */
  threshold?: number;
  /** Targets are −1 and 1, as for hinge losses (0 and 1 still do). Default false. */
  signed?: boolean;
  name?: string;
}

/**
 * The share of numbers on the right side of `threshold`, for targets 0 and 1 in the output's shape. With several
 * units each counts by itself (multi-label).
 *
 * @example
 * const accuracy = new metrics.BinaryAccuracy();
 * accuracy.update(tf.tensor1d([1, 0, 1, 1]), tf.tensor2d([[0.9], [0.2], [0.4], [0.6]]));
 * await accuracy.result(); // 0.75
 * accuracy.dispose();
 */
export class BinaryAccuracy extends ShareMetric {
  readonly threshold: number;
  private readonly signed: boolean;

  constructor({threshold = 0.5, signed = false, name = 'binary_accuracy'}: BinaryAccuracyOptions = {}) {
    super(name);
    this.threshold = threshold;
    this.signed = signed;
  }

  protected measure(yTrue: Tensor, yPred: Tensor): Tensor {
    const [target, predicted] = alignTargets(yTrue, yPred, this.name);
    const yes = tf.greater(predicted, this.threshold);
    return this.signed ? tf.equal(yes, tf.greater(target, 0)) : tf.equal(target, tf.cast(yes, 'float32'));
  }
}

/**
 * The share of rows whose largest prediction is at the target's largest, for one-hot targets.
 *
 * @example
 * const accuracy = new metrics.CategoricalAccuracy();
 * accuracy.update(tf.tensor2d([[0, 1], [1, 0]]), tf.tensor2d([[0.1, 0.9], [0.3, 0.7]]));
 * await accuracy.result(); // 0.5
 * accuracy.dispose();
 */
export class CategoricalAccuracy extends ShareMetric {
  constructor({name = 'categorical_accuracy'}: {name?: string} = {}) {
    super(name);
  }

  protected measure(yTrue: Tensor, yPred: Tensor): Tensor {
    const [target, predicted] = alignTargets(yTrue, yPred, this.name);
    return tf.equal(tf.argMax(target, -1), tf.argMax(predicted, -1));
  }

  override checkOutput(output: MetricTarget): void {
    checkClasses(this.name, output);
  }
}

/**
 * The share of rows whose largest prediction is at the target, for class indices of any dtype and of shape `[batch]`,
 * `[batch, 1]` or `[batch, time]`.
 *
 * @example
 * const accuracy = new metrics.SparseCategoricalAccuracy();
 * accuracy.update(tf.tensor1d([1, 0]), tf.tensor2d([[0.1, 0.9], [0.3, 0.7]]));
 * await accuracy.result(); // 0.5
 * accuracy.dispose();
 */
export class SparseCategoricalAccuracy extends ShareMetric {
  constructor({name = 'sparse_categorical_accuracy'}: {name?: string} = {}) {
    super(name);
  }

  protected measure(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.equal(alignLabels(yTrue, yPred, this.name), tf.argMax(yPred, -1));
  }

  override checkOutput(output: MetricTarget): void {
    checkClasses(this.name, output);
  }
}

/**
 * Accuracy as Keras resolves it from the shapes of targets and predictions: binary for one unit, sparse for class
 * indices, categorical otherwise.
 *
 * @example
 * const accuracy = new metrics.Accuracy();
 * accuracy.update(tf.tensor1d([1, 0]), tf.tensor2d([[0.1, 0.9], [0.3, 0.7]]));
 * await accuracy.result(); // 0.5
 * accuracy.dispose();
 */
export class Accuracy extends ShareMetric {
  constructor({name = 'accuracy'}: {name?: string} = {}) {
    super(name);
  }

  protected measure(yTrue: Tensor, yPred: Tensor): Tensor {
    const units = yPred.shape[yPred.rank - 1]!;
    if (units === 1 || yPred.rank === 1) {
      const [target, predicted] = alignTargets(yTrue, yPred, this.name);
      return tf.equal(target, tf.cast(tf.greater(predicted, 0.5), 'float32'));
    }
    return tf.equal(classOf(yTrue, yPred, this.name), tf.argMax(yPred, -1));
  }
}

/** Options of `TopKAccuracy`. */
export interface TopKAccuracyOptions {
  /** How many of the largest predictions count. Default 5. */
  k?: number;
  name?: string;
}

/**
 * The share of rows in which fewer than `k` classes score higher than the target's. Targets are class indices or
 * one-hot. Classes that tie with the target do not outdo it, as in TensorFlow's `in_top_k`.
 *
 * @throws ConfigurationError for a `k` that is no positive whole number
 * @example
 * const top2 = new metrics.TopKAccuracy({k: 2});
 * top2.update(tf.tensor1d([2, 0]), tf.tensor2d([[0.5, 0.2, 0.3], [0.2, 0.5, 0.3]]));
 * await top2.result(); // 0.5
 * top2.dispose();
 */
export class TopKAccuracy extends ShareMetric {
  readonly k: number;

  constructor(options: TopKAccuracyOptions = {}) {
    super(options.name ?? 'top_k_accuracy');
    checkNames('TopKAccuracy', options, ['k', 'name']);
    const {k = 5} = options;
    if (!Number.isInteger(k) || k < 1) {
      throw new ConfigurationError(`TopKAccuracy got k = ${k}.`, {hint: 'k is a whole number, at least 1.'});
    }
    this.k = k;
  }

  protected measure(yTrue: Tensor, yPred: Tensor): Tensor {
    const classes = yPred.shape[yPred.rank - 1]!;
    const labels = classOf(yTrue, yPred, this.name);
    const own = tf.sum(tf.mul(oneHotRows(labels, classes), yPred), -1, true);
    const ahead = tf.sum(tf.cast(tf.greater(yPred, own), 'float32'), -1);
    return tf.less(ahead, this.k);
  }

  override checkOutput(output: MetricTarget): void {
    const classes = output.shape[output.shape.length - 1];
    if (classes === null || classes === undefined || classes > this.k) return;
    throw new ShapeError(
      `Output '${output.name}' has ${classes} units, so all are among the top ${this.k}.`,
      {
        hint: `Take a smaller k for '${this.name}'.`,
        code: 'shape/output',
      },
    );
  }
}

/** Refuses an output of one unit for a choice among classes. */
function checkClasses(metric: string, output: MetricTarget): void {
  if (output.shape[output.shape.length - 1] !== 1) return;
  throw new ShapeError(`'${metric}' needs one unit a class, but output '${output.name}' has 1 unit.`, {
    hint: "Use 'binaryAccuracy' for one unit.",
    code: 'shape/output',
  });
}
