/**
 * Errors of predicted quantities and of predicted probabilities, as means over all elements.
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import {
  BinaryCrossentropy,
  CategoricalCrossentropy,
  CosineSimilarity as CosineLoss,
  MeanAbsoluteError as AbsoluteLoss,
  MeanSquaredError as SquaredLoss,
} from '../losses';
import {targetRows} from './decisions';
import {Mean, MeanMetric} from './mean';

/**
 * The mean of `|yTrue − yPred|`.
 *
 * @example
 * const error = new metrics.MeanAbsoluteError();
 * error.update(tf.tensor1d([1, 2]), tf.tensor2d([[2], [5]]));
 * await error.result(); // 2
 * error.dispose();
 */
export class MeanAbsoluteError extends Mean {
  constructor({name = 'mean_absolute_error'}: {name?: string} = {}) {
    super(new AbsoluteLoss(), name);
  }
}

/**
 * The mean of `(yTrue − yPred)²`.
 *
 * @example
 * const error = new metrics.MeanSquaredError();
 * error.update(tf.tensor1d([1, 2]), tf.tensor2d([[2], [5]]));
 * await error.result(); // 5
 * error.dispose();
 */
export class MeanSquaredError extends Mean {
  constructor({name = 'mean_squared_error'}: {name?: string} = {}) {
    super(new SquaredLoss(), name);
  }
}

/**
 * The root of the mean of `(yTrue − yPred)²` over everything seen: not a mean of batch roots.
 *
 * @example
 * const error = new metrics.RootMeanSquaredError();
 * error.update(tf.tensor1d([0, 0]), tf.tensor2d([[3], [4]]));
 * await error.result(); // 3.5355339059327378
 * error.dispose();
 */
export class RootMeanSquaredError extends Mean {
  constructor({name = 'root_mean_squared_error'}: {name?: string} = {}) {
    super(new SquaredLoss(), name);
  }

  protected override finish(mean: number): number {
    return Math.sqrt(mean);
  }
}

/**
 * The mean cosine of the angle between targets and predictions along the last axis: 1 where they point the same way
 * (the loss of this name is minus that).
 *
 * @example
 * const cosine = new metrics.CosineSimilarity();
 * cosine.update(tf.tensor2d([[0, 1], [1, 0]]), tf.tensor2d([[0, 2], [0, 1]]));
 * await cosine.result(); // 0.5
 * cosine.dispose();
 */
export class CosineSimilarity extends Mean {
  constructor({name = 'cosine_similarity'}: {name?: string} = {}) {
    super(new CosineLoss(), name);
  }

  protected override finish(mean: number): number {
    return -mean;
  }
}

/**
 * The mean crossentropy of predicted probabilities, for targets that are class indices, one-hot rows, or 0 and 1 for a
 * single unit. Probabilities are clipped to [1e-7, 1 − 1e-7].
 *
 * @example
 * const loss = new metrics.LogLoss();
 * loss.update(tf.tensor1d([1, 0]), tf.tensor2d([[0.5], [0.5]]));
 * await loss.result(); // ≈ 0.693147
 * loss.dispose();
 */
export class LogLoss extends MeanMetric {
  private readonly binary = new BinaryCrossentropy();
  private readonly categorical = new CategoricalCrossentropy();

  constructor({name = 'log_loss'}: {name?: string} = {}) {
    super(name);
  }

  protected measure(yTrue: Tensor, yPred: Tensor): Tensor {
    const loss = yPred.rank === 1 || yPred.shape[yPred.rank - 1] === 1 ? this.binary : this.categorical;
    return loss.call(targetRows(yTrue, yPred, this.name), yPred);
  }

  override checkOutput(output: Parameters<Mean['checkOutput']>[0]): void {
    const single = output.shape[output.shape.length - 1] === 1;
    (single ? this.binary : this.categorical).checkOutput(output);
  }
}
