/**
 * stridedSlice, and its gradient: every element goes back to where it was taken from.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {gradientConfig, kernelOfOps} from '../tfjsInternals';
import {everyBackend, everyJavaScriptBackend, type Repair} from './types';

interface StridedSliceAttributes {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

export const stridedSlice: Repair = {
  id: 'strided-slice',
  description:
    'tfjs picks wrong elements in stridedSlice when an axis is dropped and another has a stride; the right ones now.',
  backends: everyJavaScriptBackend,
  kernels: (backend, {current}) => {
    const kernel = current(tf.StridedSlice)!;
    const shrinking = kernelOfOps<StridedSliceAttributes>(tf.StridedSlice, backend, ([x], attrs) =>
      shrink(x!, attrs),
    );
    return [
      {
        ...kernel,
        kernelFunc: call => (call.attrs?.['shrinkAxisMask'] ? shrinking : kernel).kernelFunc(call),
      },
    ];
  },
};

export const stridedSliceGradient: Repair = {
  id: 'strided-slice-gradient',
  description: 'tfjs has no gradient for stridedSlice; it has one now.',
  backends: everyBackend,
  gradients: () => [
    gradientConfig<StridedSliceAttributes>({
      kernelName: tf.StridedSlice,
      inputsToSave: ['x'],
      gradient: (dy, [x], attrs) => ({x: () => spread(dy, x!.shape, attrs)}),
    }),
  ],
};

/** Slices with all axes kept, and drops and adds axes after. */
function shrink(x: Tensor, attrs: StridedSliceAttributes): Tensor {
  const {begin, end, strides, finalShape} = sliceInfo(x.shape, attrs);
  if (finalShape.includes(0)) return tf.tensor([], finalShape, x.dtype);
  // An end of -1 means before the first element here, but the last one to stridedSlice.
  const toTheEnd = end.reduce((mask, at, axis) => (at < 0 ? mask | (1 << axis) : mask), 0);
  return tf.reshape(tf.stridedSlice(x, begin, end, strides, 0, toTheEnd), finalShape);
}

function sliceInfo(
  shape: number[],
  attrs: StridedSliceAttributes,
): ReturnType<typeof tf.slice_util.sliceInfo> {
  return tf.slice_util.sliceInfo(
    shape,
    attrs.begin,
    attrs.end,
    attrs.strides,
    attrs.beginMask,
    attrs.endMask,
    attrs.ellipsisMask,
    attrs.newAxisMask,
    attrs.shrinkAxisMask,
  );
}

/** The gradient of a slice of a tensor of that shape: `dy` where it was taken from, zero elsewhere. */
export function spread(dy: Tensor, shape: number[], attrs: StridedSliceAttributes): Tensor {
  if (dy.size === 0) return tf.zeros(shape);
  const {begin, end, strides} = sliceInfo(shape, attrs);
  const taken = tf.slice_util.computeOutShape(begin, end, strides);
  // Axes that were added or dropped have length one.
  let gradient: Tensor = tf.reshape(dy, taken);
  shape.forEach((length, axis) => {
    const first = begin[axis]!;
    const last = first + (taken[axis]! - 1) * strides[axis]!;
    if (strides[axis]! < 0) gradient = tf.reverse(gradient, axis);
    gradient = spaceOut(gradient, axis, Math.abs(strides[axis]!));
    gradient = padAxis(gradient, axis, Math.min(first, last), length - 1 - Math.max(first, last));
  });
  return gradient;
}

/** Puts `stride - 1` zeros between neighbours along an axis. */
function spaceOut(x: Tensor, axis: number, stride: number): Tensor {
  if (stride === 1) return x;
  const length = x.shape[axis]!;
  const wide = padAxis(tf.expandDims(x, axis + 1), axis + 1, 0, stride - 1);
  const shape = x.shape.with(axis, length * stride);
  const begin = shape.map(() => 0);
  return tf.slice(tf.reshape(wide, shape), begin, shape.with(axis, (length - 1) * stride + 1));
}

/** `x` with zeros before and after it along one axis. */
export function padAxis(x: Tensor, axis: number, before: number, after: number): Tensor {
  if (before === 0 && after === 0) return x;
  return tf.pad(
    x,
    x.shape.map((_, i): [number, number] => (i === axis ? [before, after] : [0, 0])),
  );
}
