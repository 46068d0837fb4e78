/** Sums over the rows that belong to an example, where one example takes many. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';

/**
 * The sum of each example's rows, `[batch, …]`: a product, `[batch, rows] · [rows, …]`. A number that is not finite
 * makes NaN of its own example alone. The surrounding tidy's.
 *
 * @param examples which example each row belongs to
 * @param weights what each row counts; by default 1
 */
export function sumRows(
  rows: Tensor,
  examples: readonly number[],
  batch: number,
  weights?: readonly number[],
): Tensor {
  const mixing = new Float32Array(examples.length * batch);
  examples.forEach((example, row) => (mixing[row * batch + example] = weights?.[row] ?? 1));
  const sum = (of: Tensor): Tensor =>
    tf.matMul(tf.tensor2d(mixing, [examples.length, batch]), tf.reshape(of, [examples.length, -1]), true);
  // Zero times infinity is no zero: what is not finite is counted apart.
  const isFinite = tf.isFinite(rows);
  const missing = sum(tf.cast(tf.logicalNot(isFinite), 'float32'));
  const sums = sum(tf.where(isFinite, rows, tf.zerosLike(rows)));
  const marked = tf.where(tf.equal(missing, 0), sums, tf.fill(sums.shape, NaN));
  return tf.reshape(marked, [batch, ...rows.shape.slice(1)]);
}
