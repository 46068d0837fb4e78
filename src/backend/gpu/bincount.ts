/** Counting numbers on GPUs, from which nothing is to be read back in the middle of a step. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor1D} from '@tensorflow/tfjs-core';
import {kernelOfOps} from '../tfjsInternals';
import type {Repair} from '../repairs/types';

interface DenseAttributes {
  readonly size: number;
  readonly binaryOutput?: boolean;
}

export const bincount: Repair = {
  id: 'bincount',
  description:
    'bincount and denseBincount wait for the device on WebGL, and on WebGPU they count negative numbers in other bins, give wrong sums of whole weights and do not run for binary output; now they count on the device, and leave out what is in no bin.',
  backends: ['webgl', 'webgpu'],
  kernels: backend => [
    kernelOfOps<{size: number}>(tf.Bincount, backend, ([x, weights], {size}) =>
      count(tf.reshape(x!, [x!.size]), weights!, size, false),
    ),
    kernelOfOps<DenseAttributes>(tf.DenseBincount, backend, ([x, weights], {size, binaryOutput}) =>
      count(x!, weights!, size, binaryOutput === true),
    ),
  ],
};

/** How often each number below `size` is in `x`, or in each row of it, or what the weights of its places add up to. */
function count(x: Tensor, weights: Tensor, size: number, isBinary: boolean): Tensor {
  const {dtype} = weights;
  if (x.size === 0 || size === 0) return tf.zeros([...x.shape.slice(0, -1), size], dtype);
  const isCounted = isBinary || weights.size === 0;
  const shares = isCounted ? tf.ones(x.shape, dtype) : tf.reshape(weights, x.shape);
  const sums = x.rank === 1 ? tf.unsortedSegmentSum(shares, x as Tensor1D, size) : sumRows(x, shares, size);
  return tf.cast(isBinary ? tf.minimum(sums, 1) : sums, dtype);
}

function sumRows(x: Tensor, shares: Tensor, size: number): Tensor {
  // [rows, columns, size]
  const places = tf.oneHot(x, size, 1, 0, 'float32');
  return tf.sum(tf.mul(places, tf.expandDims(shares, 2)), 1);
}
