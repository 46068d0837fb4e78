/** What tfjs computes wrong on WebGPU alone. */
import * as tf from '@tensorflow/tfjs-core';
import type {Repair} from '../repairs/types';
import {withProgramText} from './tfjsInternals';
import {trigonometry} from './trigonometry';

export const webgpuRepairs: readonly Repair[] = [
  {
    id: 'webgpu/max-pool-3d-gradient',
    description:
      'tfjs sends the gradient of maxPool3d to the wrong element on WebGPU where the window is not as high as it is wide; now to the right one.',
    backends: ['webgpu'],
    kernels: (_, {current}) => [
      withProgramText(
        current(tf.MaxPool3DGrad)!,
        'wD * uniforms.filterDims.y * uniforms.filterDims.y',
        'wD * uniforms.filterDims.y * uniforms.filterDims.z',
      ),
    ],
  },
  {
    id: 'webgpu/trigonometry',
    description: 'GPUs may give sin, cos and tan with three right digits on WebGPU; they have seven now.',
    backends: ['webgpu'],
    kernels: (_, context) => trigonometry(context),
  },
];
