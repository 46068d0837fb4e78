/** Products over no terms are zeros; tfjs's GPU backends have no memory for the factors. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {attrsAs, filledOn} from '../tfjsInternals';
import type {Repair} from '../repairs/types';

interface ProductAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export const emptyProducts: Repair = {
  id: 'empty-products',
  description: 'tfjs throws for a matMul over no terms on GPUs; it is zeros now.',
  backends: ['webgl', 'webgpu'],
  kernels: (_, {current}) => {
    const kernel = current(tf.BatchMatMul)!;
    return [
      {
        ...kernel,
        kernelFunc: call => {
          const {a, b} = call.inputs as {a: TensorInfo; b: TensorInfo};
          const {transposeA, transposeB} = attrsAs<ProductAttributes>(call.attrs);
          if (a.shape.at(transposeA ? -2 : -1) !== 0) return kernel.kernelFunc(call);
          const batch = tf.broadcast_util.assertAndGetBroadcastShape(
            a.shape.slice(0, -2),
            b.shape.slice(0, -2),
          );
          const [rows, columns] = [a.shape.at(transposeA ? -1 : -2)!, b.shape.at(transposeB ? -2 : -1)!];
          return filledOn(call.backend, 'cpu', [...batch, rows, columns], 'float32', 0);
        },
      },
    ];
  },
};
