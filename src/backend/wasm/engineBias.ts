/** Which biases the engine adds on the way to memory. */
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {isFloat} from './engine';

/** Whether `bias` is one float32 number for each of the last axis's `columns`, the same for all other axes. */
export function isBiasOf(bias: TensorInfo, columns: number): boolean {
  const [last = 1, ...outer] = [...bias.shape].reverse();
  return isFloat(bias) && last === columns && outer.every(length => length === 1);
}
