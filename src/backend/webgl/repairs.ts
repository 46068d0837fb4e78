/** What tfjs computes wrong on WebGL alone. */
import * as tf from '@tensorflow/tfjs-core';
import {dilation2dGradients} from '../repairs/dilation2dGradient';
import type {Repair} from '../repairs/types';
import {oddProducts} from './oddProducts';
import {setFloatPrecision, withProgramText} from './tfjsInternals';
import {trigonometry} from './trigonometry';

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
  {
    id: 'webgl/odd-products',
    description:
      'tfjs adds a wrong number to each sum of a matMul or convolution by single pixels over an odd number of terms on WebGL, if both factors come from operations such as sigmoid or exp; now it does not.',
    backends: ['webgl'],
    kernels: (_, context) => oddProducts(context),
  },
  {
    id: 'webgl/crop-and-resize',
    description:
      'tfjs crops the image in the place of the box on WebGL, not the one that boxInd names, and loses the last row or column of some crops to rounding; now it crops the image named, as far as it goes.',
    backends: ['webgl'],
    kernels: (_, {current}) => [
      withProgramText(current(tf.CropAndResize)!, text =>
        text
          .replaceAll('getImage(b,', 'getImage(bInd,')
          // `in_y > 27.0` would also be true of a last row that came out as 27.000002.
          .replaceAll(
            /if\( in_([xy]) < 0\.0 \|\| in_[xy] > ([\d.]+) \)/g,
            'if (in_$1 > $2 && in_$1 < $2 * 1.00001) in_$1 = $2;\n$&',
          ),
      ),
    ],
  },
  {
    id: 'webgl/trigonometry',
    description: 'GPUs may give sin, cos and tan with three right digits on WebGL; they have seven now.',
    backends: ['webgl'],
    kernels: () => trigonometry('webgl'),
  },
];
