/**
 * BatchNorm's moving statistics recomputed from data, for weights that no forward pass has seen (averages of
 * weights; Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima").
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Variable} from '@tensorflow/tfjs-core';
import type {ModelGraph} from '../graph';
import type {PreparedBatch} from './batches';

/** The mean of batch statistics over many batches. What no batch moves (a frozen layer's) stays as it is. */
export class StatisticsRefresh {
  private readonly sums = new Map<Variable, Tensor>();
  private batches = 0;

  constructor(
    private readonly graph: ModelGraph,
    private readonly seed: number,
  ) {}

  add({xs}: PreparedBatch): void {
    tf.tidy(() => {
      const random = {seed: this.seed, step: this.batches};
      for (const {variable, batch} of this.graph.run(xs, {training: true, random}).statistics) {
        const sum = this.sums.get(variable);
        this.sums.set(variable, tf.keep(sum === undefined ? tf.clone(batch) : tf.add(sum, batch)));
        sum?.dispose();
      }
    });
    this.batches++;
  }

  /** Puts the means in place. */
  apply(): void {
    for (const [variable, sum] of this.sums) tf.tidy(() => variable.assign(tf.div(sum, this.batches)));
  }

  dispose(): void {
    tf.dispose([...this.sums.values()]);
    this.sums.clear();
  }
}
