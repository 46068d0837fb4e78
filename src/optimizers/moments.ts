/**
 * Decaying means and sums of squares.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';

/** `mean + (newest − mean)·share`, `share` being 1 − decay: three kernels, and exact at a fixed point. */
export function decayingMean(mean: Tensor, newest: Tensor, share: Scalar): Tensor {
  return tf.add(mean, tf.mul(tf.sub(newest, mean), share));
}

/**
 * The sum of all squares. Rows are summed first: WASM adds up one after the other in float32, which loses
 * digits with the length of the sum (1 % for a million equal numbers).
 */
export function sumOfSquares(x: Tensor): Scalar {
  const squares = tf.square(x);
  return tf.sum(x.rank > 1 ? tf.sum(squares, -1) : squares);
}
