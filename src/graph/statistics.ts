/**
 * New values for non-trainable weights, collected in one forward pass and written by whoever wants them.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Variable} from '@tensorflow/tfjs-core';
import type {StatisticsUpdate} from './types';

interface Entry {
  value: Tensor;
  /** The batch statistics of all calls so far, added up. */
  sum: Tensor;
  calls: number;
}

/** What forward passes would write. A layer called twice, in one pass or several, builds on its own first update. */
export class StatisticsLedger {
  private readonly entries = new Map<Variable, Entry>();

  /** Moves a statistic towards that of a batch: moving·momentum + batch·(1 − momentum). */
  move(variable: Variable, batch: Tensor, momentum: number): void {
    const before = this.entries.get(variable);
    const value = tf.add(tf.mul(before?.value ?? variable, momentum), tf.mul(batch, 1 - momentum));
    const sum = before === undefined ? batch : tf.add(before.sum, batch);
    this.entries.set(variable, {value, sum, calls: (before?.calls ?? 0) + 1});
  }

  /** What was written so far. Call inside a `tf.tidy`. */
  updates(): StatisticsUpdate[] {
    return [...this.entries].map(([variable, {value, sum, calls}]) => ({
      variable,
      value,
      batch: calls === 1 ? sum : tf.div(sum, calls),
    }));
  }

  /** All tensors that the ledger needs to go on; lent. */
  tensors(): Tensor[] {
    return [...this.entries.values()].flatMap(({value, sum}) => [value, sum]);
  }
}

/**
 * Writes the statistics of a training forward pass (BatchNorm's moving mean and variance) into the model.
 * Disposes nothing: the values stay the caller's.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.batchNormalization({inputShape: [1], momentum: 0.9})]});
 * tf.tidy(() => {
 *   const {statistics} = ModelGraph.of(model).run([tf.tensor2d([[1], [3]])], {training: true});
 *   applyStatistics(statistics);
 * });
 * model.getWeights()[2].dataSync(); // moving mean: [0.2]
 */
export function applyStatistics(updates: readonly StatisticsUpdate[]): void {
  for (const {variable, value} of updates) variable.assign(value);
}
