import * as tf from '@tensorflow/tfjs-core';
import type {DataType, KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {numbers, stockKernel, wasmKernel} from './tfjsInternals';

/** `Cast`: no copy where the type stays, plain loops elsewhere; tfjs's cuts 0.5 to `false`. */
export function cast(): KernelConfig {
  const stock = stockKernel(tf.Cast);
  return wasmKernel<Record<'x', TensorInfo>, {dtype: DataType}>(
    tf.Cast,
    ({inputs: {x}, attrs: {dtype}, backend, scratch}) => {
      if (x.dtype === dtype) return scratch.share(x, x.shape);
      if (x.dtype === 'string' || dtype === 'string') return stock(scratch, {x}, {dtype});
      const out = scratch.make(x.shape, dtype);
      const from = numbers(backend, x);
      const to = numbers(backend, out);
      if (dtype === 'bool') for (let i = 0; i < to.length; i++) to[i] = from[i] === 0 ? 0 : 1;
      else for (let i = 0; i < to.length; i++) to[i] = from[i]!;
      return out;
    },
  );
}
