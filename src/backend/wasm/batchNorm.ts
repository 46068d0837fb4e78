import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {floats, stockKernel, wasmKernel} from './tfjsInternals';

type Inputs = Record<'x' | 'mean' | 'variance', TensorInfo> & Partial<Record<'offset' | 'scale', TensorInfo>>;

/** `FusedBatchNorm` as two or three vectorised passes; tfjs's own loop is three times slower. */
export function fusedBatchNorm(): KernelConfig {
  const stock = stockKernel(tf.FusedBatchNorm);
  const [subtract, multiply, add] = [tf.Sub, tf.Multiply, tf.Add].map(name => stockKernel(name));
  return wasmKernel<Inputs, {varianceEpsilon: number}>(
    tf.FusedBatchNorm,
    ({inputs, attrs, backend, scratch}) => {
      const {x, mean, variance, offset, scale} = inputs;
      const channels = x.shape.at(-1)!;
      const vectors = [mean, variance, offset, scale].filter(info => info !== undefined && info !== null);
      if (vectors.some(({shape}) => shape.length !== 1 || shape[0] !== channels))
        return stock(scratch, inputs, attrs);
      const factor = scratch.make([channels]);
      const to = floats(backend, factor);
      const spread = floats(backend, variance);
      const gamma = scale ? floats(backend, scale) : undefined;
      for (let c = 0; c < channels; c++)
        to[c] = (gamma?.[c] ?? 1) / Math.sqrt(spread[c]! + attrs.varianceEpsilon);
      const scaled = multiply!(scratch, {a: subtract!(scratch, {a: x, b: mean}, {}), b: factor}, {});
      return offset ? add!(scratch, {a: scaled, b: offset}, {}) : scaled;
    },
  );
}
