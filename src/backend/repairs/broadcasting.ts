/**
 * Gradients of operations on two tensors whose shapes were broadcast: summed over the axes along which an
 * operand was repeated.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {gradientConfig} from '../tfjsInternals';
import {everyBackend, type Repair} from './types';

interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export const broadcastGradients: Repair = {
  id: 'broadcast-gradients',
  description:
    'The gradients of maximum, minimum, squaredDifference and matMul throw in tfjs when one operand was broadcast; they are summed over the broadcast axes now.',
  backends: everyBackend,
  gradients: () => [
    // Among equals, `a` gets the gradient, as in tfjs.
    elementwise(tf.Maximum, (dy, a, b) => choose(dy, tf.greaterEqual(a, b))),
    elementwise(tf.Minimum, (dy, a, b) => choose(dy, tf.lessEqual(a, b))),
    elementwise(tf.SquaredDifference, (dy, a, b) => {
      const da = tf.mul(dy, tf.mul(tf.sub(a, b), 2));
      return [da, tf.neg(da)];
    }),
    gradientConfig<MatMulAttributes>({
      kernelName: tf.BatchMatMul,
      inputsToSave: ['a', 'b'],
      gradient: (dy, [a, b], {transposeA, transposeB}) => ({
        a: () =>
          sumTo(transposeA ? tf.matMul(b!, dy, transposeB, true) : tf.matMul(dy, b!, false, !transposeB), a!),
        b: () =>
          sumTo(transposeB ? tf.matMul(dy, a!, true, transposeA) : tf.matMul(a!, dy, !transposeA, false), b!),
      }),
    }),
  ],
};

function elementwise(
  kernelName: string,
  gradients: (dy: Tensor, a: Tensor, b: Tensor) => [da: Tensor, db: Tensor],
): tf.GradConfig {
  return gradientConfig({
    kernelName,
    inputsToSave: ['a', 'b'],
    gradient: (dy, [a, b]) => ({
      a: () => sumTo(gradients(dy, a!, b!)[0], a!),
      b: () => sumTo(gradients(dy, a!, b!)[1], b!),
    }),
  });
}

function choose(dy: Tensor, isA: Tensor): [da: Tensor, db: Tensor] {
  return [tf.mul(dy, tf.cast(isA, 'float32')), tf.mul(dy, tf.cast(tf.logicalNot(isA), 'float32'))];
}

/** `gradient` summed over the axes along which `like` was repeated. */
function sumTo(gradient: Tensor, like: Tensor): Tensor {
  const axes = tf.broadcast_util.getReductionAxes(like.shape, gradient.shape);
  return axes.length === 0 ? gradient : tf.reshape(tf.sum(gradient, axes), like.shape);
}
