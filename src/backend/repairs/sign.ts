/** The sign of tiny numbers. */
import * as tf from '@tensorflow/tfjs-core';
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
