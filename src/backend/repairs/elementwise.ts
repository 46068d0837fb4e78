/** Functions of single numbers that some backends compute wrong. */
import * as tf from '@tensorflow/tfjs-core';
import {kernelOfOps} from '../tfjsInternals';
import {hostKernel} from './hostKernel';
import type {Repair} from './types';

export const sign: Repair = {
  id: 'wasm/sign',
  description:
    "tfjs's sign takes numbers up to 1e-7 for zero on WASM, such as the gradients that Lion looks at; not now.",
  backends: ['wasm'],
  kernels: (_, {current}) => {
    const original = current(tf.Sign)!;
    const ofFloats = hostKernel(tf.Sign, 'wasm', ({x}) => ({
      shape: x!.shape,
      fill: (output, values) => {
        const numbers = values['x']!;
        for (let i = 0; i < output.length; i++) output[i] = Math.sign(numbers[i]!);
      },
    }));
    return [
      {
        ...original,
        kernelFunc: call => (call.inputs['x']!.dtype === 'float32' ? ofFloats : original).kernelFunc(call),
      },
    ];
  },
};

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
