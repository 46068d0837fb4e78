/**
 * stridedSlice, and its gradient: every element goes back to where it was taken from.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, TensorInfo} from '@tensorflow/tfjs-core';
import {gradientConfig, kernelOfOps} from '../tfjsInternals';
import {alongAxis} from './alongAxis';
import {everyBackend, everyJavaScriptBackend, isOnHost, type Repair} from './types';

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

/** How many axes tfjs's programs for GPUs know. */
const MOST_AXES = 4;

export const stridedSlice: Repair = {
  id: 'strided-slice',
  description:
    'tfjs picks wrong elements in stridedSlice when an axis is dropped and another has a stride, and none on GPUs from five axes on; the right ones now.',
  backends: everyJavaScriptBackend,
  kernels: (backend, {current}) => {
    const kernel = current(tf.StridedSlice)!;
    const ours = kernelOfOps<StridedSliceAttributes>(tf.StridedSlice, backend, ([x], attrs) =>
      sliceKeepingAxes(x!, attrs),
    );
    return [
      {
        ...kernel,
        kernelFunc: call => {
          const isHigh = !isOnHost(backend) && (call.inputs['x'] as TensorInfo).shape.length > MOST_AXES;
          return (isHigh || call.attrs?.['shrinkAxisMask'] ? ours : kernel).kernelFunc(call);
        },
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
function sliceKeepingAxes(x: Tensor, attrs: StridedSliceAttributes): Tensor {
  const {begin, end, strides, finalShape} = sliceInfo(x.shape, attrs);
  if (finalShape.includes(0)) return tf.tensor([], finalShape, x.dtype);
  if (x.rank <= MOST_AXES) return tf.reshape(sliceBetween(x, begin, end, strides), finalShape);
  const sliced = begin.reduce(
    (y, first, axis) =>
      alongAxis(y, axis, part => {
        const [before, , behind] = part.shape;
        return sliceBetween(part, [0, first, 0], [before, end[axis]!, behind], [1, strides[axis]!, 1]);
      }),
    x,
  );
  return tf.reshape(sliced, finalShape);
}

/** Where an end of -1 means before the first element, which is the last one to stridedSlice. */
function sliceBetween(x: Tensor, begin: number[], end: number[], strides: number[]): Tensor {
  const toTheEnd = end.reduce((mask, at, axis) => (at < 0 ? mask | (1 << axis) : mask), 0);
  return tf.stridedSlice(x, begin, end, strides, 0, toTheEnd);
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
  return alongAxis(x, axis, part => {
    const [before, length, behind] = part.shape;
    const wide = padAxis(tf.reshape(part, [before * length, 1, behind]), 1, 0, stride - 1);
    const spaced = tf.reshape<tf.Rank.R3>(wide, [before, length * stride, behind]);
    return tf.slice(spaced, 0, [before, (length - 1) * stride + 1, behind]);
  });
}

/** `x` with zeros before and after it along one axis. */
export function padAxis(x: Tensor, axis: number, before: number, after: number): Tensor {
  if (before === 0 && after === 0) return x;
  return alongAxis(x, axis, part =>
    tf.pad(part, [
      [0, 0],
      [before, after],
      [0, 0],
    ]),
  );
}
