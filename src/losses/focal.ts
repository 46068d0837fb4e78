/**
 * Focal losses: crossentropies that weigh easy examples down (Lin et al. 2017), as Keras defines them.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError} from '../core';
import {BinaryCrossentropy, smoothBinary, type BinaryCrossentropyOptions} from './binaryCrossentropy';
import {
  CategoricalCrossentropy,
  smoothClasses,
  type CategoricalCrossentropyOptions,
} from './categoricalCrossentropy';
import {EPSILON} from './constants';
import {alignTargets} from './targets';

/** Options of `BinaryFocalCrossentropy`. */
export interface BinaryFocalCrossentropyOptions extends BinaryCrossentropyOptions {
  /** How much easy examples are weighed down: the factor is `(1 − p of the right side)^gamma`. Default 2. */
  gamma?: number;
  /** The weight of yes where classes are balanced; that of no is `1 − alpha`. Default 0.25. */
  alpha?: number;
  /** Whether `alpha` is used. Default false, as in Keras. */
  applyClassBalancing?: boolean;
}

/**
 * Binary crossentropy times `(1 − p_t)^gamma`, meaned over the last axis, where `p_t` is the probability given to
 * the right side.
 *
 * @throws ConfigurationError for a negative `gamma`, or an `alpha` or `labelSmoothing` outside [0, 1]
 * @example
 * const loss = new losses.BinaryFocalCrossentropy({gamma: 2});
 * loss.call(tf.tensor2d([[1]]), tf.tensor2d([[0.5]])).dataSync(); // ≈ 0.173287
 */
export class BinaryFocalCrossentropy extends BinaryCrossentropy {
  override readonly name: string = 'binaryFocalCrossentropy';
  readonly gamma: number;
  readonly alpha: number;
  readonly applyClassBalancing: boolean;

  constructor({
    gamma = 2,
    alpha = 0.25,
    applyClassBalancing = false,
    ...options
  }: BinaryFocalCrossentropyOptions = {}) {
    super(options);
    checkFocal(this.name, gamma, [alpha]);
    this.gamma = gamma;
    this.alpha = alpha;
    this.applyClassBalancing = applyClassBalancing;
  }

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.tidy(() => {
      const [target, predicted] = alignTargets(yTrue, yPred, this.name);
      const y = smoothBinary(target, this.labelSmoothing);
      const no = tf.sub(1, y);
      const p = this.fromLogits ? tf.sigmoid(predicted) : predicted;
      const q = tf.sub(1, p);
      const right = tf.add(tf.mul(y, p), tf.mul(no, q));
      let values = tf.mul(tf.pow(tf.sub(1, right), this.gamma), this.crossentropy(y, predicted));
      if (this.applyClassBalancing) {
        values = tf.mul(values, tf.add(tf.mul(y, this.alpha), tf.mul(no, 1 - this.alpha)));
      }
      return tf.mean(values, -1);
    });
  }

  /** Per unit, not meaned. */
  private crossentropy(y: Tensor, predicted: Tensor): Tensor {
    if (this.fromLogits) {
      // log(1 + e^−|z|) + max(z, 0) − z·y, which no logit overflows.
      const tail = tf.log1p(tf.exp(tf.neg(tf.abs(predicted))));
      return tf.add(tf.sub(tf.relu(predicted), tf.mul(predicted, y)), tail);
    }
    const p = tf.clipByValue(predicted, EPSILON, 1 - EPSILON);
    return tf.neg(tf.add(tf.mul(y, tf.log(p)), tf.mul(tf.sub(1, y), tf.log(tf.sub(1, p)))));
  }
}

/** Options of `CategoricalFocalCrossentropy`. */
export interface CategoricalFocalCrossentropyOptions extends CategoricalCrossentropyOptions {
  /** How much easy examples are weighed down: the factor is `(1 − p)^gamma`. Default 2. */
  gamma?: number;
  /** A factor for all classes, or one a class. Default 0.25. */
  alpha?: number | readonly number[];
}

/**
 * `−Σ alpha·(1 − p)^gamma·y·log(p)` over the classes, for one-hot targets.
 *
 * @throws ConfigurationError for a negative `gamma` or `alpha`, or a `labelSmoothing` outside [0, 1]; ShapeError for
 *   an `alpha` that is not one a class
 * @example
 * const loss = new losses.CategoricalFocalCrossentropy({gamma: 2, alpha: 1});
 * loss.call(tf.tensor2d([[0, 1]]), tf.tensor2d([[0.5, 0.5]])).dataSync(); // ≈ 0.173287
 */
export class CategoricalFocalCrossentropy extends CategoricalCrossentropy {
  override readonly name: string = 'categoricalFocalCrossentropy';
  readonly gamma: number;
  readonly alpha: number | readonly number[];

  constructor({gamma = 2, alpha = 0.25, ...options}: CategoricalFocalCrossentropyOptions = {}) {
    super(options);
    checkFocal(this.name, gamma, typeof alpha === 'number' ? [alpha] : alpha);
    this.gamma = gamma;
    this.alpha = alpha;
  }

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.tidy(() => {
      const [target, predicted] = alignTargets(yTrue, yPred, this.name);
      const classes = predicted.shape[predicted.rank - 1]!;
      if (typeof this.alpha !== 'number' && this.alpha.length !== classes) {
        throw new ShapeError(`'${this.name}' has ${this.alpha.length} alphas for ${classes} classes.`, {
          hint: 'Give one number, or one a class.',
        });
      }
      const y = smoothClasses(target, this.labelSmoothing);
      const p = this.fromLogits ? tf.softmax(predicted) : tf.div(predicted, tf.sum(predicted, -1, true));
      const clipped = tf.clipByValue(p, EPSILON, 1 - EPSILON);
      const factor = tf.mul(tf.pow(tf.sub(1, clipped), this.gamma), this.alphas());
      return tf.neg(tf.sum(tf.mul(factor, tf.mul(y, tf.log(clipped))), -1));
    });
  }

  private alphas(): Tensor {
    return typeof this.alpha === 'number' ? tf.scalar(this.alpha) : tf.tensor1d([...this.alpha]);
  }
}

function checkFocal(loss: string, gamma: number, alphas: readonly number[]): void {
  if (gamma >= 0 && alphas.every(alpha => alpha >= 0)) return;
  throw new ConfigurationError(`'${loss}' got gamma ${gamma} and alpha ${alphas.join(', ')}.`, {
    hint: 'Neither may be negative.',
  });
}
