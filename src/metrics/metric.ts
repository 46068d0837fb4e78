/**
 * What a metric is: something that accumulates on the device over batches and is read once in a while.
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import type {StateTree, Stateful} from '../core';
import type {LossTarget} from '../losses';

/** The model output that a metric is applied to, with the name of the loss trained on it. */
export interface MetricTarget extends LossTarget {
  readonly loss?: string | undefined;
}

/**
 * The base of all metrics. A metric is exact over everything seen since `reset()`, never a mean of batch results.
 *
 * @example
 * const accuracy = new metrics.BinaryAccuracy();
 * accuracy.update(tf.tensor2d([[1], [0]]), tf.tensor2d([[0.9], [0.8]]));
 * accuracy.update(tf.tensor2d([[1]]), tf.tensor2d([[0.7]]));
 * await accuracy.result(); // 0.6666666666666666
 * accuracy.dispose();
 */
export abstract class Metric implements Stateful {
  /** How the metric appears in logs. */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /**
   * Accumulates a batch on the device. Synchronous, waits for nothing, and disposes nothing of the caller's.
   *
   * @param yTrue targets `[batch, …]`
   * @param yPred predictions `[batch, …, units]`
   * @param weight float32, in `yPred`'s shape without its last axis: what each element counts, 0 where masked
   */
  abstract update(yTrue: Tensor, yPred: Tensor, weight?: Tensor): void;

  /** The value over everything since the last reset; NaN where there was nothing to measure. */
  abstract result(): Promise<number>;

  /** Starts afresh. */
  abstract reset(): void;

  /** Gives all tensors back. A later `update` starts afresh. */
  dispose(): void {
    this.reset();
  }

  abstract getState(): StateTree;
  abstract setState(state: StateTree): void;

  /**
   * Refuses an output on which this metric cannot mean anything.
   *
   * @throws ConfigurationError or ShapeError
   */
  checkOutput(_output: MetricTarget): void {}
}

/** The shape of one value an element: the predictions' without its last axis (all of it where that is the batch). */
export function elementShape(yPred: Tensor): number[] {
  return yPred.rank < 2 ? yPred.shape : yPred.shape.slice(0, -1);
}
