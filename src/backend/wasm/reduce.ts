import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {sumRows} from './sumRows';
import {floats, stockKernel, wasmKernel} from './tfjsInternals';
import type {Scratch, StockKernel} from './tfjsInternals';

interface Attrs {
  axis: number | number[];
  keepDims: boolean;
}

/** Below this many elements tfjs's kernels are as good. */
const SMALL = 1 << 10;

/**
 * `Sum`: tfjs transposes the input first unless the summed axes are the last ones, and then adds one number to
 * the next, which loses digits in long sums.
 */
export function sum(): KernelConfig {
  return reduction(tf.Sum, () => 1);
}

/** `Mean`, on the same footing. */
export function mean(): KernelConfig {
  return reduction(tf.Mean, count => 1 / count);
}

function reduction(kernelName: string, scale: (count: number) => number): KernelConfig {
  const stock = stockKernel(kernelName);
  const add = stockKernel(tf.Add);
  return wasmKernel<Record<'x', TensorInfo>, Attrs>(kernelName, ({inputs: {x}, attrs, scratch}) => {
    const axes = tf.util.parseAxisParam(attrs.axis, x.shape);
    const matrix = asMatrices(x.shape, axes);
    if (x.dtype !== 'float32' || matrix === null || tf.util.sizeFromShape(x.shape) < SMALL)
      return stock(scratch, {x}, attrs);
    const out = sumMiddle(scratch, add, x, matrix);
    const factor = scale(matrix.rows);
    if (factor !== 1) {
      const values = floats(scratch.backend, out);
      for (let i = 0; i < values.length; i++) values[i]! *= factor;
    }
    const [outShape] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
    const shape = attrs.keepDims ? tf.backend_util.expandShapeToKeepDim(outShape, axes) : outShape;
    return scratch.rename(out, shape);
  });
}

/** A tensor as `count` matrices whose rows are to be summed. */
interface Matrices {
  count: number;
  rows: number;
  width: number;
}

/** Null where the summed axes are not neighbours, or are the last of several: tfjs's kernel is right for that. */
function asMatrices(shape: number[], axes: number[]): Matrices | null {
  const summed = shape.map((_, axis) => axes.includes(axis));
  const isLong = shape.map(length => length !== 1);
  const first = shape.findIndex((_, axis) => summed[axis]! && isLong[axis]!);
  const last = shape.findLastIndex((_, axis) => summed[axis]! && isLong[axis]!);
  if (first < 0) return null;
  for (let axis = first; axis <= last; axis++) if (!summed[axis]! && isLong[axis]!) return null;
  const size = (from: number, to: number): number => shape.slice(from, to).reduce((a, b) => a * b, 1);
  const count = size(0, first);
  const width = size(last + 1, shape.length);
  if (width === 1 && count > 1) return null;
  return {count, rows: size(first, last + 1), width};
}

function sumMiddle(
  scratch: Scratch,
  add: StockKernel,
  x: TensorInfo,
  {count, rows, width}: Matrices,
): TensorInfo {
  if (count === 1 && width === 1) return sumAll(scratch, add, x, rows);
  if (count === 1) return sumRows(scratch, add, x, rows, width);
  const out = scratch.make([count * width]);
  for (let i = 0; i < count; i++) {
    const part = sumRows(scratch, add, x, rows, width, i * rows * width);
    floats(scratch.backend, out).set(floats(scratch.backend, part), i * width);
    scratch.free(part);
  }
  return out;
}

/** The sum of all `size` elements: of the columns of a matrix of them, then of the rest. */
function sumAll(scratch: Scratch, add: StockKernel, x: TensorInfo, size: number): TensorInfo {
  const width = 256;
  const rows = Math.floor(size / width);
  const columns = sumRows(scratch, add, x, rows, width);
  const out = scratch.make([1]);
  let total = 0;
  for (const value of floats(scratch.backend, columns)) total += value;
  const values = floats(scratch.backend, x);
  for (let i = rows * width; i < size; i++) total += values[i]!;
  floats(scratch.backend, out)[0] = total;
  return out;
}
