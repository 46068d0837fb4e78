/** Crossentropy from logits by two kernels, one for the value and one for the gradient, where the backend has them. */
import * as tf from '@tensorflow/tfjs-core';
import type {GradSaveFunc, Tensor} from '@tensorflow/tfjs-core';
import {hasKernel, mayFuse} from '../core';

/** Whether there are kernels for these logits; their gradient has no gradient of its own. */
export function canFuseCrossentropy(logits: Tensor): boolean {
  return (
    mayFuse() &&
    logits.dtype === 'float32' &&
    logits.rank > 1 &&
    logits.size > 0 &&
    tf.engine().state.gradientDepth <= 1 &&
    hasKernel('GlassboxCrossEntropy')
  );
}

/**
 * Values of each row.
 *
 * @param targets int32 labels, or float32 rows of the logits' shape
 */
export function fusedCrossentropy(targets: Tensor, logits: Tensor, labelSmoothing: number): Tensor {
  const attrs = {labelSmoothing};
  const run = tf.customGrad((z: Tensor | GradSaveFunc, save: Tensor | GradSaveFunc) => {
    const inputs = {logits: z as Tensor, targets};
    const [value, left] = tf.engine().runKernel<[Tensor, Tensor]>('GlassboxCrossEntropy', inputs, attrs);
    (save as GradSaveFunc)([inputs.logits, targets, left]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor => {
      const [logits, targets, left] = saved as [Tensor, Tensor, Tensor];
      return tf.engine().runKernel<Tensor>('GlassboxCrossEntropyGrad', {logits, targets, dy, left}, attrs);
    };
    return {value, gradFunc};
  });
  return run(logits);
}
