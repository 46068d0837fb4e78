/** Kernels that not every backend has. */
import * as tf from '@tensorflow/tfjs-core';

/** Whether the active backend has this kernel: those named `Glassbox…` are on the engine only. */
export function hasKernel(kernelName: string): boolean {
  return tf.getKernel(kernelName, tf.getBackend()) !== undefined;
}
