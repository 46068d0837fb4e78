/**
 * Inputs and labels, the same in every process.
 */
import * as tf from '@tensorflow/tfjs-core';

export const CLASSES = 10;
const SEED = 7;

export function numbers(shape: number[]): tf.Tensor {
  return tf.randomNormal(shape, 0, 1, 'float32', SEED);
}

export function integers(shape: number[], below: number): tf.Tensor {
  return tf.tidy(() => tf.cast(tf.floor(tf.randomUniform(shape, 0, below, 'float32', SEED)), 'int32'));
}

export function labels(batch: number): tf.Tensor1D {
  return integers([batch], CLASSES) as tf.Tensor1D;
}
