import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {stockKernel, wasmKernel} from './tfjsInternals';

/** `Transpose`, with the axes that stay neighbours taken as one: most are then mere matrices to tfjs's kernel. */
export function transpose(): KernelConfig {
  const stock = stockKernel(tf.Transpose);
  return wasmKernel<Record<'x', TensorInfo>, {perm: number[]}>(
    tf.Transpose,
    ({inputs: {x}, attrs: {perm}, scratch}) => {
      const outShape = perm.map(axis => x.shape[axis]!);
      // tfjs's kernel divides by the sizes.
      if (outShape.includes(0)) return scratch.make(outShape, x.dtype);
      const merged = mergeAxes(x.shape, perm);
      if (merged.perm.length <= 1) return scratch.share(x, outShape);
      return scratch.rename(
        stock(scratch, {x: scratch.reshape(x, merged.shape)}, {perm: merged.perm}),
        outShape,
      );
    },
  );
}

/** The axes and their order, those that stay neighbours as one and without those of length one. */
export function mergeAxes(shape: number[], perm: number[]): {shape: number[]; perm: number[]} {
  const kept = perm.filter(axis => shape[axis] !== 1);
  const groups: number[][] = [];
  for (const axis of kept) {
    const group = groups.at(-1);
    const previous = group?.at(-1);
    // Axes of length one between the two are no obstacle.
    const adjacent =
      previous !== undefined &&
      previous < axis &&
      shape.slice(previous + 1, axis).every(length => length === 1);
    if (group !== undefined && adjacent) group.push(axis);
    else groups.push([axis]);
  }
  const order = [...groups].sort((a, b) => a[0]! - b[0]!);
  return {
    shape: order.map(group => group.reduce((size, axis) => size * shape[axis]!, 1)),
    perm: groups.map(group => order.indexOf(group)),
  };
}
