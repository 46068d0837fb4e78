/**
 * tfjs's WASM matrix product prepares its right operand once per tensor id and looks only at the id when it
 * meets it again. A reshaped tensor keeps its id, so it is multiplied with its former shape: wrong numbers, or
 * reads beyond its memory.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {withAlias} from '../tfjsInternals';
import type {HeapBackend} from '../tfjsInternals';
import type {Repair} from './types';

const affected: readonly string[] = [tf.BatchMatMul, tf._FusedMatMul];

export const matMulCache: Repair = {
  id: 'wasm/mat-mul-cache',
  description:
    'A tensor that was the right operand of a matrix product and is again one in another shape gives wrong numbers in tfjs on WASM; each shape is prepared for itself now.',
  backends: ['wasm'],
  kernels: (_, {current}) => affected.map(kernelName => preparedByShape(current(kernelName)!)),
};

/** The shape in which each tensor's data was first a right operand. */
const preparedShapes = new WeakMap<object, string>();

/** tfjs's kernel of a matrix product, safe to call with reshaped tensors; other kernels come back as they are. */
export function preparedByShape(kernel: KernelConfig): KernelConfig {
  if (!affected.includes(kernel.kernelName)) return kernel;
  return {
    ...kernel,
    kernelFunc: call => {
      const b = call.inputs['b'] as TensorInfo;
      const shape = `${b.shape.join()},${String(call.attrs?.['transposeA'])},${String(call.attrs?.['transposeB'])}`;
      const prepared = preparedShapes.get(b.dataId);
      if (prepared === undefined) preparedShapes.set(b.dataId, shape);
      if (prepared === undefined || prepared === shape) return kernel.kernelFunc(call);
      return withAlias(call.backend as HeapBackend, b, alias =>
        kernel.kernelFunc({...call, inputs: {...call.inputs, b: alias}}),
      );
    },
  };
}
