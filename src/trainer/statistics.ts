/**
 * BatchNorm's moving statistics recomputed from data, for weights that no forward pass has seen (averages of
 * weights; Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima").
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Variable} from '@tensorflow/tfjs-core';
import type {layers} from '@tensorflow/tfjs-layers';
import type {ModelGraph} from '../graph';
import type {PreparedBatch} from './batches';

/**
 * The mean of batch statistics over many batches. A training forward moves a statistic s to D·s + (1 − D)·b, with
 * b the batch's own; starting from s = 0 gives b exactly.
 */
export class StatisticsRefresh {
  private readonly sums = new Map<Variable, Tensor>();
  private readonly before: {variable: Variable; value: Tensor}[];
  private batches = 0;

  constructor(
    private readonly graph: ModelGraph,
    private readonly seed: number,
  ) {
    const statistics = graph
      .parameters()
      .filter(({trainable, layerClass}) => !trainable && layerClass === 'BatchNormalization');
    this.before = statistics.map(({variable}) => ({variable, value: tf.keep(variable.clone())}));
  }

  add({xs}: PreparedBatch): void {
    tf.tidy(() => {
      for (const {variable} of this.before) variable.assign(tf.zerosLike(variable));
      const calls = new Map<layers.Layer, number>();
      const {statistics} = this.graph.run(xs, {
        training: true,
        random: {seed: this.seed, step: this.batches},
        intercept: ({layer}) => void calls.set(layer, (calls.get(layer) ?? 0) + 1),
      });
      for (const {variable, value} of statistics) {
        const batch = tf.div(value, 1 - this.kept(variable, calls));
        const sum = this.sums.get(variable);
        this.sums.set(variable, tf.keep(sum === undefined ? batch : tf.add(sum, batch)));
        sum?.dispose();
      }
    });
    this.batches++;
  }

  /** Puts the means in place; what did not move (a frozen layer's) gets back what it had. */
  finish(): void {
    for (const {variable, value} of this.before) {
      const sum = this.sums.get(variable);
      tf.tidy(() =>
        variable.assign(sum === undefined || this.batches === 0 ? value : tf.div(sum, this.batches)),
      );
    }
    this.dispose();
  }

  /** Puts back what was there. */
  cancel(): void {
    for (const {variable, value} of this.before) variable.assign(value);
    this.dispose();
  }

  private dispose(): void {
    tf.dispose([...this.sums.values(), ...this.before.map(({value}) => value)]);
    this.sums.clear();
  }

  /** D: the layer's momentum, once for each time that the model calls the layer. */
  private kept(variable: Variable, calls: ReadonlyMap<layers.Layer, number>): number {
    const {layer} = this.graph.parameters().find(parameter => parameter.variable === variable)!;
    const {momentum} = layer.getConfig() as {momentum: number};
    return momentum ** (calls.get(layer) ?? 1);
  }
}
