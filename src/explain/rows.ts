/** Sums over the rows that belong to an example, where one example takes many. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';

/**
 * The sum of each example's rows, `[batch, …]`: a product, `[batch, rows] · [rows, …]`. The surrounding tidy's.
 *
 * @param examples which example each row belongs to
 */
export function sumRows(rows: Tensor, examples: readonly number[], batch: number): Tensor {
  const mixing = new Float32Array(examples.length * batch);
  examples.forEach((example, row) => (mixing[row * batch + example] = 1));
  const sums = tf.matMul(
    tf.tensor2d(mixing, [examples.length, batch]),
    tf.reshape(rows, [examples.length, -1]),
    true,
  );
  return tf.reshape(sums, [batch, ...rows.shape.slice(1)]);
}
