/** The largest of one number, along an axis of length 1, is that number. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import type {Repair} from '../repairs/types';

export const topKOfOne: Repair = {
  id: 'top-k-of-one',
  description:
    'tfjs gives out its input as the result of topk along an axis of length 1 on GPUs, whose gradient then counts twice; now a tensor of its own.',
  backends: ['webgl', 'webgpu'],
  kernels: (_, {current}) => {
    const [kernel, identity] = [current(tf.TopK)!, current(tf.Identity)!];
    return [
      {
        ...kernel,
        kernelFunc: call => {
          const {x} = call.inputs;
          const outputs = kernel.kernelFunc(call) as TensorInfo[];
          return outputs.map(output =>
            output === x
              ? (identity.kernelFunc({inputs: {x}, backend: call.backend, attrs: {}}) as TensorInfo)
              : output,
          );
        },
      },
    ];
  },
};
