/**
 * Functions that cut off values. tfjs's WASM kernels turn NaN into a bound, so that a broken training looks
 * sound from behind a clip, and read whole numbers as if they were fractions.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {attrsAs} from '../tfjsInternals';
import type {HeapBackend} from '../tfjsInternals';
import type {Repair} from './types';

export const clipping: Repair = {
  id: 'wasm/clipping',
  description:
    'clipByValue and relu6 turn NaN into a number in tfjs on WASM, and clipByValue is wrong for int32; NaN stays NaN now.',
  backends: ['wasm'],
  kernels: () => [
    clip(tf.ClipByValue, attrs => attrsAs<{clipValueMin: number; clipValueMax: number}>(attrs)),
    clip(tf.Relu6, () => ({clipValueMin: 0, clipValueMax: 6})),
  ],
};

function clip(
  kernelName: string,
  bounds: (attrs: tf.NamedAttrMap | undefined) => {clipValueMin: number; clipValueMax: number},
): KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({inputs, attrs, backend}) => {
      const x = inputs['x'] as TensorInfo;
      const {clipValueMin: low, clipValueMax: high} = bounds(attrs);
      const heap = backend as HeapBackend;
      const output = heap.makeOutput(x.shape, x.dtype);
      const from = heap.typedArrayFromHeap(x);
      const to = heap.typedArrayFromHeap(output);
      for (let i = 0; i < from.length; i++) {
        const value = from[i]!;
        // NaN is neither below nor above.
        to[i] = value < low ? low : value > high ? high : value;
      }
      return output;
    },
  };
}
