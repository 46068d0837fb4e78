import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {numbers, wasmKernel} from './tfjsInternals';

/** `UnsortedSegmentSum`: adds the rows of `x` that share a segment id. It is the gradient of `gather`. */
export function unsortedSegmentSum(): KernelConfig {
  return wasmKernel<Record<'x' | 'segmentIds', TensorInfo>, tf.UnsortedSegmentSumAttrs>(
    tf.UnsortedSegmentSum,
    ({inputs: {x, segmentIds}, attrs: {numSegments}, backend, scratch}) => {
      // The ids run over the leading axes of x; each of them names where one row of the rest goes.
      const rank = segmentIds.shape.length;
      const rowShape = x.shape.slice(rank);
      const out = scratch.make([numSegments, ...rowShape], x.dtype);
      const row = tf.util.sizeFromShape(rowShape);
      const ids = numbers(backend, segmentIds);
      const from = numbers(backend, x);
      const to = numbers(backend, out).fill(0);
      for (let i = 0; i < ids.length; i++) {
        const segment = ids[i]!;
        if (segment < 0 || segment >= numSegments) continue; // as tfjs: such rows belong nowhere
        const source = i * row;
        const target = segment * row;
        for (let j = 0; j < row; j++) to[target + j]! += from[source + j]!;
      }
      return out;
    },
  );
}
