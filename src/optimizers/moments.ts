/**
 * Decaying means and sums of squares.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';

/** `mean + (newest − mean)·share`, `share` being 1 − decay: three kernels, and exact at a fixed point. */
export function decayingMean(mean: Tensor, newest: Tensor, share: Scalar): Tensor {
  return tf.add(mean, tf.mul(tf.sub(newest, mean), share));
}

/** The sum of all squares. */
export function sumOfSquares(x: Tensor): Scalar {
  return tf.sum(tf.square(x));
}
