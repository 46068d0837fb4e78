/**
 * The gradient of mirrorPad: what was mirrored into the border adds to where it came from.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {gradientConfig} from '../tfjsInternals';
import {padAxis} from './stridedSlice';
import {everyBackend, type Repair} from './types';

interface MirrorPadAttributes {
  readonly paddings: [before: number, after: number][];
  readonly mode: 'reflect' | 'symmetric';
}

export const mirrorPadGradient: Repair = {
  id: 'mirror-pad-gradient',
  description: "tfjs's gradient of mirrorPad leaves out what was mirrored into the border; it counts now.",
  backends: everyBackend,
  gradients: () => [
    gradientConfig<MirrorPadAttributes>({
      kernelName: tf.MirrorPad,
      gradient: (dy, _, {paddings, mode}) => ({
        x: () =>
          paddings.reduce(
            (gradient, padding, axis) => foldBorder(gradient, axis, padding, mode === 'reflect' ? 1 : 0),
            dy,
          ),
      }),
    }),
  ],
};

/** Adds the two borders of one axis to the inside; `skip` elements at the edge aren't mirrored. */
function foldBorder(dy: Tensor, axis: number, [before, after]: [number, number], skip: number): Tensor {
  const length = dy.shape[axis]! - before - after;
  const part = (start: number, size: number): Tensor =>
    tf.slice(
      dy,
      dy.shape.map((_, i) => (i === axis ? start : 0)),
      dy.shape.with(axis, size),
    );
  let inside = part(before, length);
  if (before > 0) {
    const mirrored = tf.reverse(part(0, before), axis);
    inside = tf.add(inside, padAxis(mirrored, axis, skip, length - skip - before));
  }
  if (after > 0) {
    const mirrored = tf.reverse(part(before + length, after), axis);
    inside = tf.add(inside, padAxis(mirrored, axis, length - skip - after, skip));
  }
  return inside;
}
