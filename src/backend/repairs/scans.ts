/**
 * Running sums and running products, and their gradients.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, TensorInfo} from '@tensorflow/tfjs-core';
import {attrsAs, gradientConfig, kernelOfOps} from '../tfjsInternals';
import {everyBackend, everyJavaScriptBackend, isOnHost, type Repair} from './types';

interface ScanAttributes {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

export const scans: Repair = {
  id: 'scans',
  description:
    'cumsum and cumprod of an axis counted from the end have no values in tfjs on CPU and go beyond their memory on WASM, and from the end on they are wrong on WebGPU after one of another length; they work now.',
  backends: everyJavaScriptBackend,
  kernels: (backend, {current}) =>
    [tf.Cumsum, tf.Cumprod].map(kernelName => {
      const kernel = current(kernelName)!;
      const turned = kernelOfOps<ScanAttributes>(kernelName, backend, ([x], {axis, exclusive}) => {
        const scan = kernelName === tf.Cumsum ? tf.cumsum : tf.cumprod;
        return tf.reverse(scan(tf.reverse(x!, axis), axis, exclusive), axis);
      });
      return {
        ...kernel,
        kernelFunc: call => {
          const {axis: given, reverse} = attrsAs<ScanAttributes>(call.attrs);
          const [axis] = tf.util.parseAxisParam(given, (call.inputs['x'] as TensorInfo).shape);
          const scan = reverse && !isOnHost(backend) ? turned : kernel;
          return scan.kernelFunc({...call, attrs: {...call.attrs, axis: axis!}});
        },
      };
    }),
};

export const scanGradients: Repair = {
  id: 'scan-gradients',
  description:
    "tfjs transposes the gradient of cumsum where the axis isn't the last, and has none for cumprod; both are right now, cumprod's also at zeros.",
  backends: everyBackend,
  gradients: () => [
    gradientConfig<ScanAttributes>({
      kernelName: tf.Cumsum,
      gradient: (dy, _, {axis, exclusive, reverse}) => ({x: () => tf.cumsum(dy, axis, exclusive, !reverse)}),
    }),
    gradientConfig<ScanAttributes>({
      kernelName: tf.Cumprod,
      inputsToSave: ['x'],
      gradient: (dy, [x], attrs) => ({x: () => productGradient(x!, dy, attrs)}),
    }),
  ],
};

/**
 * With x₀ … xₙ along the axis and Pₖ the product before k, dxₖ = Pₖ · Sₖ, where Sₖ = dyₖ + xₖ₊₁ Sₖ₊₁ sums what
 * comes after. Nothing is divided by, so that zeros are as good as other numbers.
 */
function productGradient(x: Tensor, dy: Tensor, {axis, exclusive, reverse}: ScanAttributes): Tensor {
  const along = (t: Tensor): Tensor[] => {
    const slices = tf.unstack(t, axis);
    return reverse ? slices.reverse() : slices;
  };
  const factors = along(x);
  const gradients = along(dy);
  // The exclusive product at k is the inclusive one at k - 1.
  if (exclusive) gradients.push(tf.zerosLike(gradients.shift()!));
  const before = along(tf.cumprod(x, axis, true, reverse));
  const result: Tensor[] = [];
  let after: Tensor | undefined;
  for (let k = factors.length - 1; k >= 0; k--) {
    after = after === undefined ? gradients[k]! : tf.add(gradients[k]!, tf.mul(factors[k + 1]!, after));
    result.push(tf.mul(before[k]!, after));
  }
  return tf.stack(reverse ? result : result.reverse(), axis);
}
