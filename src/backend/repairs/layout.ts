/**
 * Gradients of operations that only move elements.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {gradientConfig} from '../tfjsInternals';
import {everyBackend, type Repair} from './types';

export const layoutGradients: Repair = {
  id: 'layout-gradients',
  description:
    'The gradients of unstack and split throw in tfjs when there is one part, that of tile throws from five axes on, and depthToSpace and diag have none; all have one now.',
  backends: everyBackend,
  gradients: () => [
    gradientConfig<{axis: number}>({
      kernelName: tf.Unpack,
      gradient: (_, __, {axis}, dys) => ({value: () => tf.stack(dys, axis)}),
    }),
    gradientConfig<{axis: number}>({
      kernelName: tf.SplitV,
      gradient: (_, __, {axis}, dys) => ({x: () => tf.concat(dys, axis)}),
    }),
    gradientConfig<{reps: number[]}>({
      kernelName: tf.Tile,
      inputsToSave: ['x'],
      gradient: (dy, [x], {reps}) => ({x: () => sumOfTiles(dy, x!.shape, reps)}),
    }),
    gradientConfig<{blockSize: number}>({
      kernelName: tf.DepthToSpace,
      inputsToSave: ['x'],
      gradient: (dy, [x], {blockSize}) => ({
        x: () => {
          const [batch, height, width] = x!.shape as [number, number, number];
          const blocks = tf.reshape(dy, [batch, height, blockSize, width, blockSize, -1]);
          return tf.reshape(tf.transpose(blocks, [0, 1, 3, 2, 4, 5]), x!.shape);
        },
      }),
    }),
    gradientConfig({
      kernelName: tf.Diag,
      inputsToSave: ['x'],
      gradient: (dy, [x]) => ({
        x: () => tf.reshape(tf.sum(tf.mul(tf.reshape(dy, [x!.size, x!.size]), tf.eye(x!.size)), 1), x!.shape),
      }),
    }),
  ],
};

/** Sums over the copies, one axis at a time; tfjs cuts every copy out and adds them one by one. */
function sumOfTiles(dy: Tensor, shape: number[], reps: number[]): Tensor {
  let sum = dy;
  let before = 1;
  shape.forEach((length, axis) => {
    const times = reps[axis]!;
    if (times > 1) sum = tf.sum(tf.reshape(sum, [before, times, sum.size / (before * times)]), 1);
    before *= length;
  });
  return tf.reshape(sum, shape);
}
