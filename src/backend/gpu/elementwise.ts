/** Functions of single numbers that tfjs computes wrong on GPUs. */
import * as tf from '@tensorflow/tfjs-core';
import {kernelOfOps} from '../tfjsInternals';
import type {Repair} from '../repairs/types';

export const inverseHyperbolicSine: Repair = {
  id: 'asinh',
  description:
    'tfjs loses the digits of asinh of negative numbers on GPUs, 4 % at -1500; now it is the asinh of their size with a sign.',
  backends: ['webgl', 'webgpu'],
  kernels: backend => [
    kernelOfOps(tf.Asinh, backend, ([x]) => {
      const size = tf.abs(x!);
      return tf.mul(tf.sign(x!), tf.log(tf.add(size, tf.sqrt(tf.add(tf.square(size), 1)))));
    }),
  ],
};

export const logarithmOfOnePlus: Repair = {
  id: 'log1p',
  description:
    'On GPUs log1p of numbers below -1 is the logarithm of a positive number in tfjs; it is NaN now.',
  backends: ['webgl', 'webgpu'],
  kernels: backend => [kernelOfOps(tf.Log1p, backend, ([x]) => tf.log(tf.add(x!, 1)))],
};
