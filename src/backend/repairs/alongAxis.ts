/** One axis of a tensor of any rank. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor3D} from '@tensorflow/tfjs-core';

/** `x` changed along one axis, whatever its rank: `change` gets it as [before, axis, behind]. */
export function alongAxis(x: Tensor, axis: number, change: (x: Tensor3D) => Tensor): Tensor {
  const {shape} = x;
  const before = tf.util.sizeFromShape(shape.slice(0, axis));
  const behind = tf.util.sizeFromShape(shape.slice(axis + 1));
  const changed = change(tf.reshape(x, [before, shape[axis]!, behind]));
  return tf.reshape(changed, shape.with(axis, changed.shape[1]!));
}
