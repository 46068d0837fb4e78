/** Small models whose explanations are known by hand, and games in plain float64. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';

/** Four sums of three inputs, with biases, relu, and two scores of them. */
export function multiLayer(rows: Tensor): Tensor {
  const hidden = tf.relu(tf.add(tf.matMul(rows as Tensor2D, tf.ones([3, 4])), [-10, 1, 1, 1]));
  return tf.add(tf.matMul(hidden as Tensor2D, tf.ones([4, 2])), [-1, 1]);
}
