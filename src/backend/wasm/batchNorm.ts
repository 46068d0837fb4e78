import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, Tensor, TensorInfo} from '@tensorflow/tfjs-core';
import {kernelOfTensors, stockKernel, wasmKernel} from './tfjsInternals';
import type {Scratch, StockKernel} from './tfjsInternals';

type Inputs<T> = Record<'x' | 'mean' | 'variance', T> & Partial<Record<'offset' | 'scale', T | null>>;

interface Attrs {
  varianceEpsilon: number;
}

/**
 * `FusedBatchNorm` as a few vectorised passes. tfjs's own loop is three times slower, and takes statistics of any
 * shape for those of the last axis.
 */
export function fusedBatchNorm(): KernelConfig {
  const ops = {
    subtract: stockKernel(tf.Sub),
    multiply: stockKernel(tf.Multiply),
    add: stockKernel(tf.Add),
    rsqrt: stockKernel(tf.Rsqrt),
  };
  return wasmKernel<Inputs<TensorInfo>, Attrs>(tf.FusedBatchNorm, ({inputs, attrs, scratch}) =>
    normalize(scratch, ops, inputs, attrs.varianceEpsilon),
  );
}

function normalize(
  scratch: Scratch,
  {subtract, multiply, add, rsqrt}: Record<'subtract' | 'multiply' | 'add' | 'rsqrt', StockKernel>,
  {x, mean, variance, offset, scale}: Inputs<TensorInfo>,
  varianceEpsilon: number,
): TensorInfo {
  const epsilon = scratch.make([]);
  scratch.backend.typedArrayFromHeap(epsilon)[0] = varianceEpsilon;
  const inverse = rsqrt(scratch, {x: add(scratch, {a: variance, b: epsilon}, {})}, {});
  const factor = scale ? multiply(scratch, {a: inverse, b: scale}, {}) : inverse;
  const scaled = multiply(scratch, {a: subtract(scratch, {a: x, b: mean}, {}), b: factor}, {});
  return offset ? add(scratch, {a: scaled, b: offset}, {}) : scaled;
}

/** The same for tfjs's other backends, whose own kernels are kept for statistics of the last axis. */
export function fusedBatchNormOfOps(original: KernelConfig): KernelConfig {
  return kernelOfTensors<Inputs<Tensor>, Attrs>(
    original,
    ({mean, variance}) => mean.shape.length > 1 || variance.shape.length > 1,
    ({x, mean, variance, offset, scale}, {varianceEpsilon}) => {
      const inverse = tf.rsqrt(tf.add(variance, varianceEpsilon));
      const scaled = tf.mul(tf.sub(x, mean), scale ? tf.mul(inverse, scale) : inverse);
      return offset ? tf.add(scaled, offset) : scaled;
    },
  );
}
