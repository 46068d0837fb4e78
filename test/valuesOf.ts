/** Reading in tests that run on every backend: on GPUs, tensors cannot always be read at once. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';

/** The numbers of what `compute` makes, which is disposed with all that was made on the way. */
export async function valuesOf(compute: () => Tensor): Promise<Float32Array> {
  const result = tf.tidy(compute);
  return result.data<'float32'>().finally(() => result.dispose());
}
