/**
 * Losses between distributions and of counts.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../core';
import {EPSILON} from './constants';
import {ElementwiseLoss} from './elementwise';
import {Loss, type LossTarget} from './loss';
import {checkProbabilities} from './outputs';
import {alignTargets, checkRange} from './targets';

/**
 * The Kullback–Leibler divergence `Σ y·log(y / p)` over the last axis; both are clipped to [1e-7, 1] as in Keras.
 *
 * @example
 * const loss = new losses.KLDivergence();
 * loss.call(tf.tensor2d([[0.5, 0.5]]), tf.tensor2d([[0.25, 0.75]])).dataSync(); // ≈ 0.143841
 */
export class KLDivergence extends Loss {
  readonly name = 'kullbackLeiblerDivergence';

  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.tidy(() => {
      const [target, predicted] = alignTargets(yTrue, yPred, this.name);
      const y = tf.clipByValue(target, EPSILON, 1);
      const p = tf.clipByValue(predicted, EPSILON, 1);
      return tf.sum(tf.mul(y, tf.log(tf.div(y, p))), -1);
    });
  }

  override checkOutput(output: LossTarget): void {
    super.checkOutput(output);
    checkProbabilities(this.name, output, 'softmax', false);
  }

  override checkTargets(values: ArrayLike<number>, shape: readonly number[], output: LossTarget): void {
    super.checkTargets(values, shape, output);
    checkRange(values, 0, 1, output.name, `'${this.name}' takes distributions.`);
  }
}

/**
 * The mean of `yPred − yTrue·log(yPred + 1e-7)` over the last axis: the likelihood of counts whose rate is predicted.
 *
 * @example
 * const loss = new losses.Poisson();
 * loss.call(tf.tensor2d([[2]]), tf.tensor2d([[1]])).dataSync(); // ≈ 1
 */
export class Poisson extends ElementwiseLoss {
  readonly name = 'poisson';

  protected each(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.sub(yPred, tf.mul(yTrue, tf.log(tf.add(yPred, EPSILON))));
  }

  override checkOutput(output: LossTarget): void {
    super.checkOutput(output);
    if (output.activation !== 'linear' && output.activation !== 'tanh') return;
    throw new ConfigurationError(
      `'${this.name}' takes a rate, but output '${output.name}' ends in '${output.activation}' and can be negative.`,
      {hint: "End it in 'softplus'.", code: 'configuration/output'},
    );
  }

  override checkTargets(values: ArrayLike<number>, shape: readonly number[], output: LossTarget): void {
    super.checkTargets(values, shape, output);
    checkRange(values, 0, Infinity, output.name, `'${this.name}' takes counts.`);
  }
}
