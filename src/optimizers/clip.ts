/**
 * Three ways to bound gradients.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import {sumOfSquares} from './moments';
import {checkPositive} from './options';

/** Gradients scaled to a common bound, and how large they were together. All new: the caller disposes them. */
export interface GlobalNormClip {
  readonly clipped: Tensor[];
  /** The square root of the sum of all squares, before clipping. */
  readonly norm: Scalar;
}

/**
 * Scales all gradients by one factor, so that their global norm (the root of the sum of all their squares) is
 * at most `max` (Pascanu et al. 2013; as `tf.clip_by_global_norm`). Gradients within the bound keep their bits.
 *
 * Where a gradient holds NaN or an infinity, so does `norm`, and the results are of no use: look at `norm`
 * first where that may happen.
 *
 * PyTorch's `clip_grad_norm_` adds 1e-6 to the norm. The results are new tensors, which the caller disposes;
 * the gradients stay the caller's.
 *
 * @throws ConfigurationError if `max` is not above 0
 * @example
 * const {clipped, norm} = clipByGlobalNorm([tf.tensor1d([3, 0]), tf.tensor1d([0, 4])], 1);
 * norm.dataSync(); // [5]
 * clipped[1].dataSync(); // [0, 0.8]
 */
export function clipByGlobalNorm(gradients: readonly Tensor[], max: number): GlobalNormClip {
  checkPositive('max', max);
  const [norm, ...clipped] = tf.tidy(() => {
    const sums = gradients.map(sumOfSquares);
    const total: Scalar = tf.sqrt(sums.length === 0 ? tf.scalar(0) : tf.addN(sums));
    const factor = tf.div(max, tf.maximum(total, max));
    return [total, ...gradients.map(gradient => tf.mul(gradient, factor))] as [Scalar, ...Tensor[]];
  });
  return {clipped, norm};
}

/**
 * Scales each gradient by itself, so that its norm is at most `max`. The results are new tensors, which the
 * caller disposes; the gradients stay the caller's.
 *
 * @throws ConfigurationError if `max` is not above 0
 * @example
 * const [clipped] = clipByNorm([tf.tensor1d([3, 4])], 1);
 * clipped.dataSync(); // [0.6, 0.8]
 */
export function clipByNorm(gradients: readonly Tensor[], max: number): Tensor[] {
  checkPositive('max', max);
  return tf.tidy(() =>
    gradients.map(gradient => {
      const norm = tf.sqrt(sumOfSquares(gradient));
      return tf.mul(gradient, tf.div(max, tf.maximum(norm, max)));
    }),
  );
}

/**
 * Bounds every element to −`max` … `max`. The results are new tensors, which the caller disposes; the
 * gradients stay the caller's.
 *
 * @throws ConfigurationError if `max` is not above 0
 * @example
 * const [clipped] = clipByValue([tf.tensor1d([-3, 0.5])], 1);
 * clipped.dataSync(); // [-1, 0.5]
 */
export function clipByValue(gradients: readonly Tensor[], max: number): Tensor[] {
  checkPositive('max', max);
  return tf.tidy(() => gradients.map(gradient => tf.clipByValue(gradient, -max, max)));
}
