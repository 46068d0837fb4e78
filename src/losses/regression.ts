/**
 * Losses of predicted quantities.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, checkNames} from '../core';
import {EPSILON} from './constants';
import {ElementwiseLoss} from './elementwise';

/**
 * The mean of `(yTrue − yPred)²` over the last axis.
 *
 * @example
 * const loss = new losses.MeanSquaredError();
 * loss.call(tf.tensor2d([[0, 1], [0, 0]]), tf.tensor2d([[1, 1], [1, 0]])).dataSync(); // 0.5, 0.5
 */
export class MeanSquaredError extends ElementwiseLoss {
  readonly name = 'meanSquaredError';

  protected each(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.squaredDifference(yTrue, yPred);
  }
}

/**
 * The mean of `|yTrue − yPred|` over the last axis.
 *
 * @example
 * const loss = new losses.MeanAbsoluteError();
 * loss.call(tf.tensor2d([[0, 1]]), tf.tensor2d([[3, 1]])).dataSync(); // 1.5
 */
export class MeanAbsoluteError extends ElementwiseLoss {
  readonly name = 'meanAbsoluteError';

  protected each(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.abs(tf.sub(yTrue, yPred));
  }
}

/**
 * The mean of `100 · |yTrue − yPred| / max(|yTrue|, 1e-7)` over the last axis, in percent (Keras's definition).
 *
 * @example
 * const loss = new losses.MeanAbsolutePercentageError();
 * loss.call(tf.tensor2d([[2, 4]]), tf.tensor2d([[1, 4]])).dataSync(); // 25
 */
export class MeanAbsolutePercentageError extends ElementwiseLoss {
  readonly name = 'meanAbsolutePercentageError';

  protected each(yTrue: Tensor, yPred: Tensor): Tensor {
    const scale = tf.maximum(tf.abs(yTrue), EPSILON);
    return tf.mul(tf.abs(tf.div(tf.sub(yTrue, yPred), scale)), 100);
  }
}

/**
 * The mean of `(log(1 + yTrue) − log(1 + yPred))²` over the last axis; numbers below 1e-7 count as 1e-7, as in Keras.
 *
 * @example
 * const loss = new losses.MeanSquaredLogarithmicError();
 * loss.call(tf.tensor2d([[0]]), tf.tensor2d([[Math.E - 1]])).dataSync(); // ≈ 1
 */
export class MeanSquaredLogarithmicError extends ElementwiseLoss {
  readonly name = 'meanSquaredLogarithmicError';

  protected each(yTrue: Tensor, yPred: Tensor): Tensor {
    const logOnePlus = (x: Tensor): Tensor => tf.log(tf.add(tf.maximum(x, EPSILON), 1));
    return tf.squaredDifference(logOnePlus(yTrue), logOnePlus(yPred));
  }
}

/**
 * Quadratic up to an error of `delta` (default 1), linear beyond it: `½e²`, then `delta·|e| − ½delta²` (Huber 1964).
 *
 * @throws ConfigurationError for a `delta` that is not positive
 * @example
 * const loss = new losses.Huber({delta: 1});
 * loss.call(tf.tensor2d([[0], [0]]), tf.tensor2d([[0.5], [3]])).dataSync(); // 0.125, 2.5
 */
export class Huber extends ElementwiseLoss {
  readonly name = 'huber';
  readonly delta: number;

  constructor(options: {delta?: number} = {}) {
    super();
    checkNames('Huber', options, ['delta']);
    const {delta = 1} = options;
    if (!(delta > 0)) {
      throw new ConfigurationError(`Huber's delta is ${delta}.`, {hint: 'It must be greater than 0.'});
    }
    this.delta = delta;
  }

  protected each(yTrue: Tensor, yPred: Tensor): Tensor {
    // With q = min(|e|, delta): ½q² + delta·(|e| − q) is both branches without a select.
    const error = tf.abs(tf.sub(yPred, yTrue));
    const quadratic = tf.minimum(error, this.delta);
    const linear = tf.sub(error, quadratic);
    return tf.add(tf.mul(tf.square(quadratic), 0.5), tf.mul(linear, this.delta));
  }
}

/**
 * The mean of `log(cosh(yPred − yTrue))` over the last axis: about `½e²` for small and `|e| − log 2` for large errors.
 *
 * @example
 * const loss = new losses.LogCosh();
 * loss.call(tf.tensor2d([[0]]), tf.tensor2d([[1]])).dataSync(); // ≈ 0.43378
 */
export class LogCosh extends ElementwiseLoss {
  readonly name = 'logcosh';

  protected each(yTrue: Tensor, yPred: Tensor): Tensor {
    const error = tf.sub(yPred, yTrue);
    return tf.sub(tf.add(error, tf.softplus(tf.mul(error, -2))), Math.LN2);
  }
}
