/** What tfjs computes wrong on WebGL alone. */
import {dilation2dGradients} from '../repairs/dilation2dGradient';
import type {Repair} from '../repairs/types';
import {setFloatPrecision} from './tfjsInternals';

export const webglRepairs: readonly Repair[] = [
  {
    id: 'webgl/epsilon',
    description:
      'tfjs takes the 32-bit numbers of WebGL for 16-bit ones, so that optimizers, losses and normalization add an epsilon of 1e-4; it is 1e-7 now, as on the other backends.',
    backends: ['webgl'],
    prepare: async ({instance}) => setFloatPrecision(instance, 32),
  },
  {
    id: 'webgl/dilation-2d-gradient',
    description: 'tfjs has no gradients of dilation2d on WebGL; now it has.',
    backends: ['webgl'],
    kernels: () => dilation2dGradients('webgl'),
  },
];
