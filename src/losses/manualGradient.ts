/**
 * Losses whose gradient is written by hand: fewer operations than the tape would record, and stable ones.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {GradSaveFunc, Tensor} from '@tensorflow/tfjs-core';

/** The value of a loss and what its derivative needs. */
export interface ManualLoss {
  /** Per-element values. */
  value: Tensor;
  /** Tensors that `derivative` reads; they outlive the forward pass. */
  saved: Tensor[];
  /** d value / d yPred, where value has a last axis of 1 put back: it broadcasts against `yPred`. */
  derivative: (saved: Tensor[]) => Tensor;
}

/** Runs `forward` on `yPred` with its own gradient. Gradients flow to `yPred` only. */
export function withManualGradient(yPred: Tensor, forward: (yPred: Tensor) => ManualLoss): Tensor {
  const run = tf.customGrad((input: Tensor | GradSaveFunc, save: Tensor | GradSaveFunc) => {
    const {value, saved, derivative} = forward(input as Tensor);
    (save as GradSaveFunc)(saved);
    return {
      value,
      gradFunc: (dy: Tensor, kept: Tensor[]) => tf.mul(derivative(kept), tf.expandDims(dy, -1)),
    };
  });
  return run(yPred);
}
