/**
 * tfjs's CPU kernel of tensorScatterUpdate writes into the tensor that it is given.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import type {CpuScratch} from '../tfjsInternals';
import type {Repair} from './types';

export const tensorScatterUpdate: Repair = {
  id: 'cpu/tensor-scatter-update',
  description: 'tensorScatterUpdate changes its input in place in tfjs on CPU; it works on a copy now.',
  backends: ['cpu'],
  kernels: (backend, {current}) => {
    const kernel = current(tf.TensorScatterUpdate)!;
    return [
      {
        ...kernel,
        kernelFunc: call => {
          const cpu = call.backend as CpuScratch;
          const {tensor} = call.inputs as {tensor: TensorInfo};
          const values = cpu.readSync(tensor.dataId).slice();
          const copy = cpu.makeTensorInfo(tensor.shape, tensor.dtype, values);
          try {
            return kernel.kernelFunc({...call, inputs: {...call.inputs, tensor: copy}});
          } finally {
            // The kernel's result is a bucket of its own that keeps the copied values.
            cpu.disposeData(copy.dataId);
          }
        },
      },
    ];
  },
};
