/**
 * Weighted means over all elements seen: the base of accuracies, errors and of losses as metrics.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ShapeError, type StateTree} from '../core';
import {alignRank, Loss, sameShape, show, type LossFunction} from '../losses';
import {DeviceSum, asRecord} from './deviceSum';
import {elementShape, Metric} from './metric';

/** Above this size a sum is taken axis by axis: adding ones to a float32 stops at 2²⁴. */
const LARGE = 2 ** 22;

/**
 * The base of metrics that are `Σ weight·value / Σ weight` over all elements since the last reset.
 *
 * @example
 * class Bias extends metrics.MeanMetric {
 *   protected measure(yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor {
 *     return tf.mean(tf.sub(yPred, yTrue), -1);
 *   }
 * }
 * const bias = new Bias('bias');
 * bias.update(tf.tensor2d([[1], [2]]), tf.tensor2d([[2], [2]]));
 * await bias.result(); // 0.5
 * bias.dispose();
 */
export abstract class MeanMetric extends Metric {
  private readonly values = new DeviceSum();
  private readonly weights = new DeviceSum();
  /** Elements that came without a weight. */
  private count = 0;

  /** Values in the shape of the weights, with or without one more axis of columns. Called in a tidy. */
  protected abstract measure(yTrue: Tensor, yPred: Tensor, weighted: boolean): Tensor;

  /** The most that one value can be, where values are counts. */
  protected get largest(): number {
    return 0;
  }

  /** What the mean becomes in the end. */
  protected finish(mean: number): number {
    return mean;
  }

  update(yTrue: Tensor, yPred: Tensor, weight?: Tensor): void {
    tf.tidy(() => {
      const measured = this.measure(yTrue, yPred, weight !== undefined);
      const values = measured.dtype === 'float32' ? measured : tf.cast(measured, 'float32');
      if (weight === undefined) {
        this.values.add(total(values), this.largest * values.size);
        this.count += values.size;
        return;
      }
      // Values may have columns still: a weight counts for each of them.
      const perRow = values.rank === weight.rank + 1;
      const columns = perRow ? values.shape[values.rank - 1]! : 1;
      checkWeight(this.name, weight, perRow ? values.shape.slice(0, -1) : values.shape);
      this.values.add(total(tf.mul(values, perRow ? tf.expandDims(weight, -1) : weight)));
      const sum = total(weight);
      this.weights.add(columns === 1 ? sum : tf.mul(sum, columns));
    });
  }

  async result(): Promise<number> {
    const [[sum = NaN], [weight = 0]] = await Promise.all([this.values.read(), this.weights.read()]);
    return this.finish(sum / (weight + this.count));
  }

  reset(): void {
    this.values.reset();
    this.weights.reset();
    this.count = 0;
  }

  getState(): StateTree {
    return {values: this.values.getState(), weights: this.weights.getState(), count: this.count};
  }

  setState(state: StateTree): void {
    const {values, weights, count} = asRecord(state, `metric '${this.name}'`);
    this.values.setState(values);
    this.weights.setState(weights);
    this.count = Number(count);
  }
}

/**
 * The mean of a function's values, weighted: `Σ weight·value / Σ weight`.
 *
 * @param compute a loss, or a function of targets and predictions that gives one value an element
 * @example
 * const bias = new metrics.Mean((yTrue, yPred) => tf.mean(tf.sub(yPred, yTrue), -1), 'bias');
 * bias.update(tf.tensor2d([[1], [2]]), tf.tensor2d([[2], [2]]));
 * await bias.result(); // 0.5
 * bias.dispose();
 */
export class Mean extends MeanMetric {
  constructor(
    private readonly compute: Loss | LossFunction,
    name?: string,
  ) {
    super(name ?? (compute.name === '' ? 'mean' : compute.name));
  }

  protected measure(yTrue: Tensor, yPred: Tensor, weighted: boolean): Tensor {
    const values =
      this.compute instanceof Loss
        ? this.compute.call(yTrue, yPred)
        : this.compute(alignRank(yTrue, yPred), yPred);
    if (values.rank > 0) return values;
    // A scalar is the batch's mean: it stands for every element of the batch.
    const elements = elementShape(yPred);
    if (weighted) {
      throw new ShapeError(`Metric '${this.name}' gives one number a batch, so it cannot be weighted.`, {
        hint: `Return one value an element, of shape ${show(elements)}.`,
        code: 'shape/metric',
      });
    }
    return tf.mul(tf.ones(elements), values);
  }

  override checkOutput(output: Parameters<Metric['checkOutput']>[0]): void {
    if (this.compute instanceof Loss) this.compute.checkOutput(output);
  }
}

/** The sum of all numbers in `x`, without stopping at 2²⁴ ones. */
export function total(x: Tensor): Tensor {
  return x.size > LARGE && x.rank > 1 ? tf.sum(tf.sum(x, -1)) : tf.sum(x);
}

/**
 * Refuses weights that are not one an element.
 *
 * @throws ShapeError
 */
export function checkWeight(metric: string, weight: Tensor, shape: readonly number[]): void {
  if (sameShape(weight.shape, shape)) return;
  throw new ShapeError(
    `Metric '${metric}' got weights of shape ${show(weight.shape)} for ${show(shape)} values.`,
    {
      hint: "Weights have the predictions' shape without its last axis.",
      code: 'shape/weights',
    },
  );
}
