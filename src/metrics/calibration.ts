/**
 * Whether probabilities mean what they say.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, type StateTree} from '../core';
import {alignTargets} from '../losses';
import {classOf} from './decisions';
import {DeviceSum} from './deviceSum';
import {checkWeight} from './mean';
import {elementShape, Metric, type MetricTarget} from './metric';

/** Options of `CalibrationError`. */
export interface CalibrationErrorOptions {
  /** How many equal intervals (lower, upper] the confidences are sorted into. Default 15. */
  bins?: number;
  name?: string;
}

/**
 * The expected calibration error: the mean gap between confidence and accuracy over bins of confidence (Naeini et
 * al. 2015, Guo et al. 2017). For several units confidence is the largest probability and accuracy whether it is
 * right; for one unit they are the probability and the share of yes. 0 is perfectly calibrated.
 *
 * @throws ConfigurationError for `bins` that are no positive whole number
 * @example
 * const calibration = new metrics.CalibrationError({bins: 10});
 * calibration.update(tf.tensor1d([0, 1, 1, 1]), tf.tensor2d([[0.25], [0.75], [0.75], [0.75]]));
 * await calibration.result(); // 0.25
 * calibration.dispose();
 */
export class CalibrationError extends Metric {
  private readonly bins: number;
  /** `[confidence, right, weight]` × bins, flat. */
  private readonly sums = new DeviceSum();

  constructor({bins = 15, name = 'calibration_error'}: CalibrationErrorOptions = {}) {
    super(name);
    if (!Number.isInteger(bins) || bins < 1) {
      throw new ConfigurationError(`CalibrationError got ${bins} bins.`, {
        hint: 'Take a whole number, at least 1.',
      });
    }
    this.bins = bins;
  }

  override checkOutput({name, activation}: MetricTarget): void {
    if (activation !== 'linear' && activation !== 'tanh' && activation !== 'relu') return;
    throw new ConfigurationError(
      `Metric '${this.name}' takes probabilities, but output '${name}' ends in '${activation}'.`,
      {hint: "End it in 'softmax' or 'sigmoid'.", code: 'configuration/output'},
    );
  }

  update(yTrue: Tensor, yPred: Tensor, weight?: Tensor): void {
    if (weight !== undefined) checkWeight(this.name, weight, elementShape(yPred));
    tf.tidy(() => {
      const [confidence, right] = judge(yTrue, yPred, this.name);
      const weights = weight === undefined ? tf.onesLike(confidence) : tf.reshape(weight, [-1]);
      const bin = tf.clipByValue(tf.sub(tf.ceil(tf.mul(confidence, this.bins)), 1), 0, this.bins - 1);
      const cells = tf.concat([bin, tf.add(bin, this.bins), tf.add(bin, 2 * this.bins)], 0);
      const values = tf.concat([tf.mul(confidence, weights), tf.mul(right, weights), weights], 0);
      this.sums.add(
        tf.bincount(tf.cast(cells, 'int32') as tf.Tensor1D, values as tf.Tensor1D, 3 * this.bins),
      );
    });
  }

  async result(): Promise<number> {
    const sums = await this.sums.read();
    const {bins} = this;
    let gap = 0;
    let total = 0;
    for (let bin = 0; bin < sums.length / 3; bin++) {
      gap += Math.abs(sums[bin]! - sums[bins + bin]!);
      total += sums[2 * bins + bin]!;
    }
    return total > 0 ? gap / total : NaN;
  }

  reset(): void {
    this.sums.reset();
  }

  getState(): StateTree {
    return this.sums.getState();
  }

  setState(state: StateTree): void {
    this.sums.setState(state);
  }
}

/** Confidence and whether it is right, both flat float32. */
function judge(yTrue: Tensor, yPred: Tensor, name: string): [Tensor, Tensor] {
  if (yPred.rank === 1 || yPred.shape[yPred.rank - 1] === 1) {
    return [tf.reshape(yPred, [-1]), tf.reshape(alignTargets(yTrue, yPred, name)[0], [-1])];
  }
  const right = tf.equal(classOf(yTrue, yPred, name), tf.argMax(yPred, -1));
  return [tf.reshape(tf.max(yPred, -1), [-1]), tf.cast(tf.reshape(right, [-1]), 'float32')];
}
