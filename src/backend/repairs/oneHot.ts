/**
 * `oneHot` on WASM writes whole numbers whatever type it was asked for: read as float32 they are almost zero.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {DataType, TensorInfo} from '@tensorflow/tfjs-core';
import {attrsAs} from '../tfjsInternals';
import type {HeapBackend} from '../tfjsInternals';
import type {Repair} from './types';

export const oneHot: Repair = {
  id: 'wasm/one-hot',
  description:
    'oneHot of a type other than int32 gives wrong numbers in tfjs on WASM; it gives the right ones now.',
  backends: ['wasm'],
  kernels: () => [
    {
      kernelName: tf.OneHot,
      backendName: 'wasm',
      kernelFunc: ({inputs, attrs, backend}) => {
        const indices = inputs['indices'] as TensorInfo;
        const {depth, onValue, offValue, dtype} = attrsAs<{
          depth: number;
          onValue: number;
          offValue: number;
          dtype: DataType;
        }>(attrs);
        const heap = backend as HeapBackend;
        const output = heap.makeOutput([...indices.shape, depth], dtype);
        const at = heap.typedArrayFromHeap(indices);
        const rows = heap.typedArrayFromHeap(output).fill(offValue);
        // An index out of range marks nothing, as on tfjs's other backends.
        at.forEach((index, row) => {
          if (index >= 0 && index < depth) rows[row * depth + index] = onValue;
        });
        return output;
      },
    },
  ],
};
