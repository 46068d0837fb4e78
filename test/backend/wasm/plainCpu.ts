/** What tfjs's own cpu backend answers, without any repair of ours. */
import * as tf from '@tensorflow/tfjs-core';

type Inputs = Record<string, [Values: ArrayLike<number>, shape: number[], dtype?: tf.DataType]>;

export async function onPlainCpu(name: string, inputs: Inputs, attrs: object): Promise<Float32Array> {
  const active = tf.getBackend();
  await tf.setBackend('cpu');
  try {
    return tf.tidy(() => {
      const tensors = Object.fromEntries(
        Object.entries(inputs).map(([key, [numbers, shape, dtype]]) => [
          key,
          tf.tensor(numbers as Float32Array, shape, dtype),
        ]),
      );
      const out = tf.engine().runKernel<tf.Tensor>(name, tensors, attrs as tf.NamedAttrMap);
      return out.dataSync() as Float32Array;
    });
  } finally {
    await tf.setBackend(active);
  }
}
