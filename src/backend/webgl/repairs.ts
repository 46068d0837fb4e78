/** What tfjs computes wrong on WebGL alone. */
import * as tf from '@tensorflow/tfjs-core';
import {kernelOfOps} from '../tfjsInternals';
import {dilation2dGradients} from '../repairs/dilation2dGradient';
import type {Repair} from '../repairs/types';
import {oddProducts} from './oddProducts';
import {setFloatPrecision, withProgramText} from './tfjsInternals';
import {trigonometry} from './trigonometry';

type KernelCall = Parameters<tf.KernelFunc>[0];

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
      'tfjs crops the image in the place of the box on WebGL, not the one that boxInd names, loses the last row or column of some crops to rounding, and leaves what memory held where a box names no image; now it crops the image named, as far as it goes, and gives zeros for none.',
    backends: ['webgl'],
    kernels: (_, {current}) => [
      withProgramText(current(tf.CropAndResize)!, text =>
        text
          .replaceAll('getImage(b,', 'getImage(bInd,')
          .replace(/if\(bInd < 0 \|\| bInd >= \d+\) \{/, '$& setOutput(0.0);')
          // `in_y > 27.0` would also be true of a last row that came out as 27.000002.
          .replaceAll(
            /if\( in_([xy]) < 0\.0 \|\| in_[xy] > ([\d.]+) \)/g,
            'if (in_$1 > $2 && in_$1 < $2 * 1.00001) in_$1 = $2;\n$&',
          ),
      ),
    ],
  },
  {
    id: 'webgl/segment-sum',
    description:
      'tfjs makes every sum of unsortedSegmentSum NaN on WebGL if one of its numbers is not finite; now only the sum that has it.',
    backends: ['webgl'],
    kernels: (_, {current}) => [
      withProgramText(current(tf.UnsortedSegmentSum)!, text =>
        text.replaceAll(
          'sumValue += dot(values, segFilter);',
          'sumValue += dot(mix(vec4(0.0), values, greaterThan(segFilter, vec4(0.5))), vec4(1.0));',
        ),
      ),
    ],
  },
  {
    id: 'webgl/max-pool-ties',
    description:
      'tfjs sends the gradient of a max-pooling to the last of equal numbers on WebGL; now to the first, as elsewhere.',
    backends: ['webgl'],
    kernels: (_, {current}) =>
      [tf.MaxPoolGrad, tf.MaxPool3DGrad, tf.MaxPoolWithArgmax].map(name =>
        withProgramText(current(name)!, text =>
          text.replaceAll(
            'if (value >= currMinMaxValue)',
            'if (minMaxValueFound == 0.0 || value > currMinMaxValue)',
          ),
        ),
      ),
  },
  {
    id: 'webgl/no-number',
    description:
      'tfjs takes 0/0 for 1 and the logarithm of 0 for -88 on WebGL; they are NaN and -Infinity now.',
    backends: ['webgl'],
    kernels: (_, {current}) => [
      withProgramText(current(tf.RealDiv)!, text =>
        text
          .replaceAll('return 1.0;', 'return a == 0.0 || abs(a) > 3.4e38 ? NAN : 1.0;')
          .replaceAll(
            /result\.([xyzw]) = 1\.;/g,
            'result.$1 = a.$1 == 0.0 || abs(a.$1) > 3.4e38 ? NAN : 1.0;',
          ),
      ),
      withProgramText(current(tf.Log)!, text =>
        text
          .replaceAll('0./0. : log(x)', '0./0. : x == 0.0 ? -1.0 / abs(x) : log(x)')
          .replaceAll(/0\.\/0\. : result\.([rgba])/g, '0./0. : x.$1 == 0.0 ? -1.0 / abs(x.$1) : result.$1'),
      ),
    ],
  },
  {
    id: 'webgl/floor-div',
    description: "tfjs's floorDiv of fractions divides whole numbers on WebGL; now it divides the fractions.",
    backends: ['webgl'],
    kernels: (_, {current}) => {
      const original = current(tf.FloorDiv)!;
      const ofFractions = kernelOfOps(tf.FloorDiv, 'webgl', ([a, b]) => tf.floor(tf.div(a!, b!)));
      const areFractions = ({inputs}: KernelCall): boolean => inputs['a']!.dtype === 'float32';
      return [
        {...original, kernelFunc: call => (areFractions(call) ? ofFractions : original).kernelFunc(call)},
      ];
    },
  },
  {
    id: 'webgl/trigonometry',
    description: 'GPUs may give sin, cos and tan with three right digits on WebGL; they have seven now.',
    backends: ['webgl'],
    kernels: () => trigonometry('webgl'),
  },
];
