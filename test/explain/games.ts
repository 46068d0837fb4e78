/** Small models whose explanations are known by hand, and games in plain float64. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';

/** Four sums of three inputs, with biases, relu, and two scores of them. */
export function multiLayer(rows: Tensor): Tensor {
  const hidden = tf.relu(tf.add(tf.matMul(rows as Tensor2D, tf.ones([3, 4])), [-10, 1, 1, 1]));
  return tf.add(tf.matMul(hidden as Tensor2D, tf.ones([4, 2])), [-1, 1]);
}

/** Values of coalitions; bit j of the index says whether player j is there. */
export type Values = readonly number[];

/** The Shapley value of each player, by the sum over coalitions that defines it. */
export function shapley(values: Values, players: number): number[] {
  return Array.from({length: players}, (_, player) =>
    values.reduce((sum, value, without) => {
      if ((without >> player) & 1) return sum;
      const size = countBits(without);
      const weight = (factorial(size) * factorial(players - size - 1)) / factorial(players);
      return sum + weight * (values[without | (1 << player)]! - value);
    }, 0),
  );
}

/** Half of the Shapley interaction index of a pair, by the sum that defines it. */
export function halfInteraction(values: Values, players: number, i: number, j: number): number {
  const [a, b] = [1 << i, 1 << j];
  return values.reduce((sum, value, without) => {
    if (without & (a | b)) return sum;
    const size = countBits(without);
    const weight = (factorial(size) * factorial(players - size - 2)) / (2 * factorial(players - 1));
    return sum + weight * (values[without | a | b]! - values[without | a]! - values[without | b]! + value);
  }, 0);
}

/** A model whose score of a row of ones and zeros is the value of that coalition; to be explained at ones. */
export function gameModel(values: Values, players: number): (rows: Tensor) => Tensor {
  return rows =>
    tf.tidy(() => {
      const bits = Array.from({length: players}, (_, player) => 2 ** player);
      const coalition = tf.sum(tf.mul(rows, tf.tensor(bits)), 1);
      return tf.gather(tf.tensor1d([...values]), tf.cast(coalition, 'int32'));
    });
}

export function countBits(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length;
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}
