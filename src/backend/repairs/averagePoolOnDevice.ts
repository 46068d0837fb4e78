/**
 * The gradients of average pooling where tensors lie on a GPU: tfjs's kernels divide by the window's full size also
 * where it hangs over the edge, so they are handed gradients that make up for it.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, Tensor} from '@tensorflow/tfjs-core';
import {attrsAs} from '../tfjsInternals';
import {geometryOf, type PoolAttrs} from '../wasm/pooling';
import {poolGeometry, type PoolAttributes} from './poolingGeometry';
import type {RepairContext} from './types';

/** Along one axis. */
interface Windows {
  readonly size: number;
  readonly outSize: number;
  readonly window: number;
  readonly stride: number;
  readonly before: number;
}

export function avgPoolGradOnDevice({current}: RepairContext): KernelConfig {
  return withScaledGradient(current(tf.AvgPoolGrad)!, (shape, attrs) => {
    const {height, width} = geometryOf(shape, attrsAs<PoolAttrs>(attrs));
    return [height, width].map(({input, output, taps, stride, pad}) => ({
      size: input,
      outSize: output,
      window: taps,
      stride,
      before: pad,
    }));
  });
}

export function avgPool3dGradOnDevice({current}: RepairContext): KernelConfig {
  return withScaledGradient(current(tf.AvgPool3DGrad)!, (shape, attrs) => [
    ...poolGeometry(shape, attrsAs<PoolAttributes>(attrs)).axes,
  ]);
}

function withScaledGradient(
  kernel: KernelConfig,
  axesOf: (shape: number[], attrs: tf.NamedAttrMap | undefined) => Windows[],
): KernelConfig {
  return {
    ...kernel,
    kernelFunc: call => {
      const {dy, input} = call.inputs as {dy: Tensor; input: Tensor};
      const factors = axesOf(input.shape, call.attrs).map(factorsAlong);
      if (factors.every(along => along.every(factor => factor === 1))) return kernel.kernelFunc(call);
      const scaled = tf.tidy(() =>
        factors.reduce<Tensor>((gradient, along, i) => {
          const shape = input.shape.map((_, axis) => (axis === i + 1 ? along.length : 1));
          return tf.mul(gradient, tf.tensor(along, shape));
        }, dy),
      );
      try {
        return kernel.kernelFunc({...call, inputs: {...call.inputs, dy: scaled}});
      } finally {
        scaled.dispose();
      }
    },
  };
}

/** For each output position, the window's size divided by how much of it lies inside. */
function factorsAlong({size, outSize, window, stride, before}: Windows): number[] {
  return Array.from({length: outSize}, (_, out) => {
    const start = out * stride - before;
    const inside = Math.min(size, start + window) - Math.max(0, start);
    return inside > 0 ? window / inside : 0;
  });
}
