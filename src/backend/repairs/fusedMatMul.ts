/**
 * tfjs's fused matrix product on WASM adds the bias wrongly when a matrix is transposed or there is a batch
 * of them, and leaves its output unwritten where the sums have no terms. These are done step by step.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, TensorInfo} from '@tensorflow/tfjs-core';
import {attrsAs, kernelOfOps} from '../tfjsInternals';
import type {Repair} from './types';

interface FusedAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation: string;
  readonly leakyreluAlpha?: number;
}

const activations: Record<
  string,
  (x: Tensor, attrs: FusedAttributes, weights: Tensor | undefined) => Tensor
> = {
  linear: x => x,
  relu: x => tf.relu(x),
  relu6: x => tf.relu6(x),
  elu: x => tf.elu(x),
  sigmoid: x => tf.sigmoid(x),
  leakyrelu: (x, {leakyreluAlpha = 0}) => tf.leakyRelu(x, leakyreluAlpha),
  prelu: (x, _, weights) => tf.prelu(x, weights!),
};

export const fusedMatMul: Repair = {
  id: 'wasm/fused-mat-mul',
  description:
    'The fused matrix product of tfjs (fused.matMul) adds its bias wrongly on WASM for batches and transposed matrices; it is added to every row now, also to products without terms, which tfjs leaves unwritten.',
  backends: ['wasm'],
  kernels: (backend, {current}) => {
    const kernel = current(tf._FusedMatMul)!;
    const stepByStep = kernelOfOps<FusedAttributes>(
      tf._FusedMatMul,
      backend,
      ([a, b, bias, weights], attrs) => {
        const product = tf.matMul(a!, b!, attrs.transposeA, attrs.transposeB);
        const sum = bias === undefined ? product : tf.add(product, bias);
        return activations[attrs.activation]!(sum, attrs, weights);
      },
    );
    return [
      {
        ...kernel,
        kernelFunc: call => {
          const {a, b, bias} = call.inputs as Record<'a' | 'b', TensorInfo> & {bias?: TensorInfo};
          const {transposeA, transposeB, activation} = attrsAs<FusedAttributes>(call.attrs);
          const isBatch = [a, b].some(({shape}) => shape.slice(0, -2).some(length => length > 1));
          const isOfNothing = a.shape.at(transposeA ? -2 : -1) === 0;
          const isAffected = isOfNothing || (bias && (isBatch || transposeA || transposeB));
          return (isAffected && activation in activations ? stepByStep : kernel).kernelFunc(call);
        },
      },
    ];
  },
};
