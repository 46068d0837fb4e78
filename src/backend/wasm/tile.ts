import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {numbers, wasmKernel} from './tfjsInternals';

/** `Tile` by copies of blocks; tfjs works out every element's place. It is the gradient of sums and means. */
export function tile(): KernelConfig {
  return wasmKernel<Record<'x', TensorInfo>, {reps: number[]}>(
    tf.Tile,
    ({inputs: {x}, attrs: {reps}, backend, scratch}) => {
      const out = scratch.make(
        x.shape.map((length, axis) => length * reps[axis]!),
        x.dtype,
      );
      const axes = mergeAxes(x.shape, reps);
      const to = numbers(backend, out);
      if (to.length > 0) repeat(numbers(backend, x), 0, to, 0, axes, 0);
      return out;
    },
  );
}

interface Axis {
  length: number;
  reps: number;
  /** Elements of the input in one step along the axis, and of the output. */
  from: number;
  to: number;
}

/** Axes that are repeated as a whole, from the first to the last; those that are not repeated join the next. */
function mergeAxes(shape: number[], reps: number[]): Axis[] {
  const axes: {length: number; reps: number}[] = [];
  let inner = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    inner *= shape[axis]!;
    if (reps[axis] === 1 && axis > 0) continue;
    axes.unshift({length: inner, reps: reps[axis]!});
    inner = 1;
  }
  const merged: Axis[] = [];
  let from = 1;
  let to = 1;
  for (const axis of axes.reverse()) {
    merged.unshift({...axis, from, to});
    from *= axis.length;
    to *= axis.length * axis.reps;
  }
  return merged;
}

type Numbers = Float32Array | Int32Array | Uint8Array;

function repeat(x: Numbers, source: number, out: Numbers, target: number, axes: Axis[], depth: number): void {
  const axis = axes[depth];
  if (axis === undefined) {
    out[target] = x[source]!;
    return;
  }
  const size = axis.length * axis.to;
  const total = size * axis.reps;
  if (depth === axes.length - 1) {
    if (axis.length === 1) {
      out.fill(x[source]!, target, target + total);
      return;
    }
    out.set(x.subarray(source, source + axis.length), target);
  } else {
    for (let i = 0; i < axis.length; i++)
      repeat(x, source + i * axis.from, out, target + i * axis.to, axes, depth + 1);
  }
  // What is there is copied behind itself, doubling each time.
  for (let done = size; done < total; done *= 2)
    out.copyWithin(target + done, target, target + Math.min(done, total - done));
}
