/**
 * New values for non-trainable weights, collected in one forward pass and written by whoever wants them.
 */
import type {Tensor, Variable} from '@tensorflow/tfjs-core';
import type {StatisticsUpdate} from './types';

/** What one forward pass would write. A layer called twice builds on its own first update. */
export class StatisticsLedger {
  private readonly values = new Map<Variable, Tensor>();

  read(variable: Variable): Tensor {
    return this.values.get(variable) ?? variable;
  }

  write(variable: Variable, value: Tensor): void {
    this.values.set(variable, value);
  }

  updates(): StatisticsUpdate[] {
    return [...this.values].map(([variable, value]) => ({variable, value}));
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
