import * as tf from '@tensorflow/tfjs-core';

/** The most bytes of tensors that are alive when any kernel of the active backend is called during `step`. */
export async function peakBytes(step: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const kernels = tf.getKernelsForBackend(tf.getBackend());
  const originals = kernels.map(kernel => kernel.kernelFunc);
  for (const kernel of kernels) {
    const {kernelFunc} = kernel;
    kernel.kernelFunc = call => {
      peak = Math.max(peak, tf.memory().numBytes);
      return kernelFunc(call);
    };
  }
  try {
    await step();
  } finally {
    kernels.forEach((kernel, i) => (kernel.kernelFunc = originals[i]!));
  }
  return peak;
}
