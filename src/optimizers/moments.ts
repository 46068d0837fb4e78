/**
 * Decaying means, in the form `mean + (new − mean)·weight`: three kernels, and exact at a fixed point.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';

/** The decaying mean of gradients, `weight` = 1 − decay being the newest one's share. */
export function firstMoment(mean: Tensor, gradient: Tensor, weight: Scalar): Tensor {
  return tf.add(mean, tf.mul(tf.sub(gradient, mean), weight));
}

/** The decaying mean of squared gradients. */
export function secondMoment(mean: Tensor, gradient: Tensor, weight: Scalar): Tensor {
  return firstMoment(mean, tf.square(gradient), weight);
}
