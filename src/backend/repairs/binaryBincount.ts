/** Counting numbers in ones and zeros. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {kernelOfOps} from '../tfjsInternals';
import type {Repair} from './types';

export const binaryBincount: Repair = {
  id: 'cpu/binary-bincount',
  description:
    'tfjs counts the numbers of a vector in denseBincount on the CPU where binary output is asked for; now that is ones and zeros.',
  backends: ['cpu'],
  kernels: (backend, {current}) => {
    const kernel = current(tf.DenseBincount)!;
    const asRow = kernelOfOps<{size: number}>(tf.DenseBincount, backend, ([x, weights], {size}) => {
      const row = tf.reshape<tf.Rank.R2>(x!, [1, x!.size]);
      return tf.reshape(tf.denseBincount(row, tf.zeros([0, 0], weights!.dtype), size, true), [size]);
    });
    return [
      {
        ...kernel,
        kernelFunc: call => {
          const isVector = (call.inputs['x'] as TensorInfo).shape.length === 1;
          return (isVector && call.attrs?.['binaryOutput'] ? asRow : kernel).kernelFunc(call);
        },
      },
    ];
  },
};
