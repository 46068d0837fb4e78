/**
 * A clone shares its data on every backend of tfjs but WASM, which copies it: every tensor that a gradient
 * saves, each step.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import type {HeapBackend} from '../tfjsInternals';
import type {Repair} from './types';

export const identity: Repair = {
  id: 'wasm/identity',
  description:
    'tfjs copies the data of a tensor for each clone on WASM; clones share it now, as on its other backends.',
  backends: ['wasm'],
  kernels: () => [
    {
      kernelName: tf.Identity,
      backendName: 'wasm',
      kernelFunc: ({inputs, backend}) => {
        const {dataId, shape, dtype} = inputs['x'] as TensorInfo;
        (backend as HeapBackend).incRef(dataId);
        return {dataId, shape, dtype};
      },
    },
  ],
};
