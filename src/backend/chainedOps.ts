/**
 * The tensor methods that tfjs itself calls: the default initializers of LSTM and GRU, and the gradients of
 * prod and of gather by batch. tfjs registers its chained methods only through the union package
 * `@tensorflow/tfjs`; without it these throw `rMat.flatten is not a function`.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {tensorPrototype} from './tfjsInternals';

const methods: Record<string, (this: Tensor, ...args: never[]) => Tensor | Tensor[]> = {
  flatten(this: Tensor) {
    return tf.reshape(this, [this.size]);
  },
  reshape(this: Tensor, shape: number[]) {
    return tf.reshape(this, shape);
  },
  transpose(this: Tensor, perm?: number[]) {
    return tf.transpose(this, perm);
  },
  sign(this: Tensor) {
    return tf.sign(this);
  },
  slice(this: Tensor, begin: number | number[], size?: number | number[]) {
    return tf.slice(this, begin, size);
  },
  split(this: Tensor, parts: number | number[], axis?: number) {
    return tf.split(this, parts, axis);
  },
  stridedSlice(this: Tensor, ...args: StridedSliceArguments) {
    return tf.stridedSlice(this, ...args);
  },
};

type StridedSliceArguments =
  Parameters<typeof tf.stridedSlice> extends [unknown, ...infer Rest] ? Rest : never;

/** Adds the methods that are missing; one that the program registered itself stays. */
export function addMissingChainedOps(): void {
  const prototype = tensorPrototype();
  for (const [name, method] of Object.entries(methods)) prototype[name] ??= method;
}
