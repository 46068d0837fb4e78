/**
 * Gradients of operations that pick elements by index, and of those that place them.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {gradientConfig} from '../tfjsInternals';
import {everyBackend, type Repair} from './types';

export const indexingGradients: Repair = {
  id: 'indexing-gradients',
  description:
    'tfjs has no gradients for topk, gatherND, scatterND and tensorScatterUpdate; they have one now.',
  backends: everyBackend,
  gradients: () => [
    gradientConfig({
      kernelName: tf.GatherNd,
      inputsToSave: ['params', 'indices'],
      gradient: (dy, [params, indices]) => ({params: () => tf.scatterND(indices!, dy, params!.shape)}),
    }),
    gradientConfig({
      kernelName: tf.ScatterNd,
      inputsToSave: ['indices'],
      gradient: (dy, [indices]) => ({updates: () => tf.gatherND(dy, indices!)}),
    }),
    gradientConfig({
      kernelName: tf.TensorScatterUpdate,
      inputsToSave: ['indices', 'updates'],
      gradient: (dy, [indices, updates]) => ({
        tensor: () => tf.tensorScatterUpdate(dy, indices!, tf.zerosLike(updates!)),
        updates: () => tf.gatherND(dy, indices!),
      }),
    }),
    gradientConfig({
      kernelName: tf.TopK,
      inputsToSave: ['x'],
      outputsToSave: [false, true],
      gradient: (dValues, [x, indices]) => ({x: () => scatterLastAxis(dValues, indices!, x!.shape)}),
    }),
  ],
};

/** Places `values` along the last axis of zeros of that shape, each at its index. */
function scatterLastAxis(values: Tensor, indices: Tensor, shape: number[]): Tensor {
  const length = shape.at(-1)!;
  const picked = indices.shape.at(-1)!;
  const rows = picked === 0 ? 0 : indices.size / picked;
  const row = tf.tile(tf.reshape(tf.range(0, rows, 1, 'int32'), [rows, 1]), [1, picked]);
  const places = tf.stack([tf.reshape(row, [-1]), tf.reshape(indices, [-1])], 1);
  return tf.reshape(tf.scatterND(places, tf.reshape(values, [-1]), [rows, length]), shape);
}
