/** What tfjs computes wrong on WebGPU alone. */
import * as tf from '@tensorflow/tfjs-core';
import type {DataType, KernelFunc, TensorInfo} from '@tensorflow/tfjs-core';
import {attrsAs} from '../tfjsInternals';
import type {Repair} from '../repairs/types';
import {asFloats, withProgramText} from './tfjsInternals';
import {manyTerms} from './manyTerms';
import {transposing} from './transposing';
import {trigonometry} from './trigonometry';
import {vectorOperands} from './vectorOperands';

export const webgpuRepairs: readonly Repair[] = [
  {
    id: 'webgpu/cast',
    description:
      'tfjs leaves whole numbers as they are when they are cast to float32 on WebGPU, and programs that take them for such do not run (transposing, and sums over any but the last axes); now they are cast.',
    backends: ['webgpu'],
    kernels: (_, {current}) => {
      const original = current(tf.Cast)!;
      const kernelFunc: KernelFunc = call => {
        const x = call.inputs['x']!;
        const isToFloat = attrsAs<{dtype: DataType}>(call.attrs).dtype === 'float32';
        const isWhole = x.dtype === 'int32' || x.dtype === 'bool';
        return isToFloat && isWhole ? asFloats(call.backend, x) : original.kernelFunc(call);
      };
      return [{...original, kernelFunc}];
    },
  },
  {
    id: 'webgpu/max-pool-gradient',
    description:
      'tfjs sends the gradient of a max-pooling to the last of equal numbers on WebGPU, and to the wrong element where the window of maxPool3d is not as high as it is wide; now to the first of them, as elsewhere.',
    backends: ['webgpu'],
    kernels: (_, {current}) =>
      [tf.MaxPoolGrad, tf.MaxPool3DGrad, tf.MaxPoolWithArgmax].map(name =>
        withProgramText(current(name)!, text =>
          text
            .replaceAll('if (value >= currMaxValue)', 'if (maxValueFound == 0.0 || value > currMaxValue)')
            .replaceAll(
              'wD * uniforms.filterDims.y * uniforms.filterDims.y',
              'wD * uniforms.filterDims.y * uniforms.filterDims.z',
            ),
        ),
      ),
  },
  {
    id: 'webgpu/crop-and-resize',
    description:
      'tfjs loses the last row or column of some crops to rounding on WebGPU, counts boxes where it should count images, and leaves what memory held where a box names no image; now it crops as far as the image goes, and gives zeros for no image.',
    backends: ['webgpu'],
    kernels: (_, {current}) => [
      withProgramText(current(tf.CropAndResize)!, text =>
        text
          .replace(
            /bInd >= uniforms\.outShape\[0\]\) \{/,
            'bInd >= uniforms.imageShape[0]) { setOutputAtIndex(index, 0.0);',
          )
          .replaceAll(/let in_([xy]) =/g, 'var in_$1 =')
          .replaceAll(
            /if\( in_([xy]) < 0\.0 \|\| in_[xy] > (.*) \) \{/g,
            'if (in_$1 > $2 && in_$1 < $2 * 1.00001) { in_$1 = $2; }\n$&',
          ),
      ),
    ],
  },
  {
    id: 'webgpu/arg-max-ties',
    description:
      'tfjs finds any of several largest (smallest) numbers by argMax (argMin) on WebGPU, and gives a list for a vector; now the first, and its place.',
    backends: ['webgpu'],
    kernels: (_, {current}) =>
      [tf.ArgMax, tf.ArgMin].map(name => {
        // Where threads compare what each of them has found.
        const rewrite = (text: string): string =>
          text.replace(
            /if \(candidate ([<>]) bestValue\) \{(?=\s*bestValue = candidate;\s*xBestValues)/,
            `let isEarlier = xBestIndices[localId.x + interval] < xBestIndices[localId.x];
            if (candidate $1 bestValue || (candidate == bestValue && isEarlier)) {`,
          );
        // Few numbers are compared by one thread, in their order.
        const kernel = withProgramText(current(name)!, rewrite, true);
        const kernelFunc: KernelFunc = call => {
          const found = kernel.kernelFunc(call) as TensorInfo;
          // tfjs gives a list of one place for a vector.
          return call.inputs['x']!.shape.length === 1 ? {...found, shape: []} : found;
        };
        return {...kernel, kernelFunc};
      }),
  },
  {
    id: 'webgpu/transpose',
    description:
      'tfjs cannot transpose whole numbers on WebGPU, nor sum them up or the like along any but the last axes; now it can.',
    backends: ['webgpu'],
    kernels: (_, context) => transposing(context),
  },
  {
    id: 'webgpu/vector-operands',
    description:
      'tfjs cannot add a short vector to a tensor of five axes on WebGPU, nor multiply or compare them; now it can.',
    backends: ['webgpu'],
    kernels: (_, context) => vectorOperands(context),
  },
  {
    id: 'webgpu/many-terms',
    description:
      'tfjs cannot add up eight tensors or more at once on WebGPU, as clipping by norm and penalties do; now it does in parts.',
    backends: ['webgpu'],
    kernels: (_, context) => [manyTerms(context)],
  },
  {
    id: 'webgpu/segment-sum',
    description:
      'unsortedSegmentSum of whole numbers is wrong in tfjs on WebGPU, and what belongs to a segment beyond the last goes to another one; now the sums are right, and leave that out.',
    backends: ['webgpu'],
    kernels: (_, {current}) => [
      withProgramText(current(tf.UnsortedSegmentSum)!, text =>
        text
          .replace('if (segmentId >= 0)', 'if (segmentId >= 0 && segmentId < uniforms.numSegments)')
          // A program reads whole numbers as floats.
          .replace(/(atomicAdd\(.*) bitcast<i32>\(value\)/, '$1 i32(value)'),
      ),
    ],
  },
  {
    id: 'webgpu/no-number',
    description: 'GPUs may take the logarithm of 0 for -88 on WebGPU; it is -Infinity now.',
    backends: ['webgpu'],
    kernels: (_, {current}) => [
      withProgramText(current(tf.Log)!, text =>
        text.replaceAll('return log(a);', 'if (a == 0.0) { return -uniforms.INFINITY; } return log(a);'),
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
