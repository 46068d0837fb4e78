/**
 * tfjs's reductions on WASM leave their output unwritten where there is nothing to reduce, as along an axis of length
 * 0, and on GPUs they throw. What they come to of nothing is tfjs's own on the CPU; but of no conditions, all hold.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {DataType, TensorInfo} from '@tensorflow/tfjs-core';
import {attrsAs, filledOn} from '../tfjsInternals';
import {everyJavaScriptBackend, type Repair} from './types';

interface ReductionAttributes {
  readonly axis?: number | number[];
  readonly reductionIndices?: number | number[];
  readonly keepDims: boolean;
}

/** Of whole numbers NaN is 0. */
const ofNothing: Readonly<Record<string, number>> = {
  [tf.Sum]: 0,
  [tf.Mean]: 0,
  [tf.Max]: NaN,
  [tf.Min]: NaN,
  [tf.Prod]: 1,
  [tf.All]: 1,
  [tf.Any]: 0,
};

export const emptyReductions: Repair = {
  id: 'empty-reductions',
  description:
    'tfjs leaves sum, mean, max, min, prod, all and any of nothing unwritten on WASM, arbitrary numbers, and throws on GPUs; now they are what the CPU gives, and all of nothing is true everywhere.',
  backends: everyJavaScriptBackend,
  kernels: (backend, {current}) =>
    (backend === 'cpu' ? [tf.All] : Object.keys(ofNothing)).map(kernelName => {
      const kernel = current(kernelName)!;
      return {
        ...kernel,
        kernelFunc: call => {
          const {x} = call.inputs as {x: TensorInfo};
          if (tf.util.sizeFromShape(x.shape) > 0) return kernel.kernelFunc(call);
          const {axis, reductionIndices, keepDims} = attrsAs<ReductionAttributes>(call.attrs);
          const axes = tf.util.parseAxisParam(axis ?? reductionIndices!, x.shape);
          const [rest] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
          const shape = keepDims ? tf.backend_util.expandShapeToKeepDim(rest, axes) : rest;
          const dtype = typeOf(kernelName, x.dtype);
          // GPUs take numbers from the processor as the CPU does.
          return filledOn(
            call.backend,
            backend === 'wasm' ? 'wasm' : 'cpu',
            shape,
            dtype,
            ofNothing[kernelName]!,
          );
        },
      };
    }),
};

function typeOf(kernelName: string, dtype: DataType): DataType {
  if (kernelName === tf.Mean) return 'float32';
  return kernelName === tf.Prod ? tf.upcastType(dtype, 'int32') : dtype;
}
