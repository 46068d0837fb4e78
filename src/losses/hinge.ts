/**
 * Margin losses of classifiers.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {DataError} from '../core';
import {ElementwiseLoss} from './elementwise';
import {Loss, type LossTarget} from './loss';
import {alignTargets, checkRange} from './targets';

/** Targets −1 and 1; 0 and 1 are taken for −1 and 1 (Keras does so where a whole batch is 0 and 1). */
abstract class BinaryHinge extends ElementwiseLoss {
  protected margin(yTrue: Tensor, yPred: Tensor): Tensor {
    const signed = tf.where(tf.equal(yTrue, 0), tf.fill(yTrue.shape, -1), yTrue);
    return tf.relu(tf.sub(1, tf.mul(signed, yPred)));
  }

  override checkTargets(values: ArrayLike<number>, shape: readonly number[], output: LossTarget): void {
    super.checkTargets(values, shape, output);
    let zero = false;
    let negative = false;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      zero ||= value === 0;
      negative ||= value === -1;
      if ((value === 0 || value === 1 || value === -1) && !(zero && negative)) continue;
      throw new DataError(
        `Target ${value} (number ${i} of output '${output.name}') is no side of a margin.`,
        {
          hint: `'${this.name}' takes targets −1 and 1, or 0 and 1, but not a mixture.`,
          code: 'data/targets',
        },
      );
    }
  }
}

/**
 * The mean of `max(0, 1 − yTrue·yPred)` over the last axis, for targets −1 and 1 (or 0 and 1).
 *
 * @example
 * const loss = new losses.Hinge();
 * loss.call(tf.tensor2d([[1], [-1]]), tf.tensor2d([[0.5], [0.5]])).dataSync(); // 0.5, 1.5
 */
export class Hinge extends BinaryHinge {
  readonly name = 'hinge';

  protected each(yTrue: Tensor, yPred: Tensor): Tensor {
    return this.margin(yTrue, yPred);
  }
}

/**
 * The mean of `max(0, 1 − yTrue·yPred)²` over the last axis, for targets −1 and 1 (or 0 and 1).
 *
 * @example
 * const loss = new losses.SquaredHinge();
 * loss.call(tf.tensor2d([[1], [-1]]), tf.tensor2d([[0.5], [0.5]])).dataSync(); // 0.25, 2.25
 */
export class SquaredHinge extends BinaryHinge {
  readonly name = 'squaredHinge';

  protected each(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.square(this.margin(yTrue, yPred));
  }
}

/**
 * `max(0, 1 + the largest wrong score − the right one)`, for one-hot targets.
 *
 * @example
 * const loss = new losses.CategoricalHinge();
 * loss.call(tf.tensor2d([[0, 1]]), tf.tensor2d([[0.25, 0.75]])).dataSync(); // 0.5
 */
export class CategoricalHinge extends Loss {
  readonly name = 'categoricalHinge';

  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.tidy(() => {
      const [target, predicted] = alignTargets(yTrue, yPred, this.name);
      const right = tf.sum(tf.mul(target, predicted), -1);
      const wrong = tf.max(tf.mul(tf.sub(1, target), predicted), -1);
      return tf.relu(tf.add(tf.sub(wrong, right), 1));
    });
  }

  override checkTargets(values: ArrayLike<number>, shape: readonly number[], output: LossTarget): void {
    super.checkTargets(values, shape, output);
    checkRange(values, 0, 1, output.name, `'${this.name}' takes one-hot rows.`);
  }
}
