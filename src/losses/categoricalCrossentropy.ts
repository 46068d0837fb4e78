/**
 * Crossentropy of one class among several, given as a distribution (one-hot) or as an index (sparse).
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {checkNames} from '../core';
import {CROSSENTROPY_ALIASES, EPSILON, SMALLEST} from './constants';
import {canFuseCrossentropy, fusedCrossentropy} from './fusedCrossentropy';
import {Loss, lastOf, type LossTarget} from './loss';
import {withManualGradient} from './manualGradient';
import {checkClasses, checkLogits, checkProbabilities, checkSmoothing} from './outputs';
import {alignLabels, alignTargets, checkLabels, checkRange, oneHotRows} from './targets';

/** Options of `CategoricalCrossentropy` and `SparseCategoricalCrossentropy`. */
export interface CategoricalCrossentropyOptions {
  /** The output is logits (a linear last activation), not probabilities. Default false. */
  fromLogits?: boolean;
  /** Moves targets towards the uniform distribution: `y·(1 − s) + s/classes`. Default 0. */
  labelSmoothing?: number;
}

/** What the one-hot and the sparse crossentropy share: everything but where the distribution comes from. */
abstract class ClassCrossentropy extends Loss {
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;

  constructor(options: CategoricalCrossentropyOptions = {}) {
    super();
    checkNames('a crossentropy', options, ['fromLogits', 'labelSmoothing'], CROSSENTROPY_ALIASES);
    const {fromLogits = false, labelSmoothing = 0} = options;
    checkSmoothing('categorical crossentropy', labelSmoothing);
    this.fromLogits = fromLogits;
    this.labelSmoothing = labelSmoothing;
  }

  /** The targets in a shape that fits `yPred`: int32 labels, or float32 distributions. */
  protected abstract align(yTrue: Tensor, yPred: Tensor): Tensor;

  call(yTrue: Tensor, yPred: Tensor, output?: LossTarget): Tensor {
    return tf.tidy(() => {
      const aligned = this.align(yTrue, yPred);
      if (this.fromLogits && canFuseCrossentropy(yPred))
        return fusedCrossentropy(aligned, yPred, this.labelSmoothing);
      const distribution = aligned.dtype === 'int32' ? oneHotRows(aligned, lastOf(yPred.shape)!) : aligned;
      const target = smoothClasses(distribution, this.labelSmoothing);
      if (this.fromLogits) return crossentropyFromLogits(target, yPred);
      const minusTarget = tf.neg(target);
      if (output?.activation === 'softmax') return crossentropyFromSoftmax(minusTarget, yPred);
      return crossentropyValue(minusTarget, tf.div(yPred, tf.sum(yPred, -1, true)));
    });
  }

  override checkOutput(output: LossTarget): void {
    super.checkOutput(output);
    checkClasses(this.name, output);
    if (this.fromLogits) checkLogits(this.name, output);
    else checkProbabilities(this.name, output, 'softmax');
  }
}

/**
 * `−Σ y·log(p)` over the classes, for targets that are one-hot or any distribution over the classes.
 *
 * Probabilities are divided by their sum and clipped to [1e-7, 1 − 1e-7] as in Keras. For an output known to end in
 * a softmax the gradient is that of the logits (`p − y`), which clipping does not switch off; with `fromLogits` the
 * value is exact too.
 *
 * @throws ConfigurationError for a `labelSmoothing` outside [0, 1]
 * @example
 * const loss = new losses.CategoricalCrossentropy();
 * loss.call(tf.tensor2d([[0, 1, 0]]), tf.tensor2d([[0.25, 0.5, 0.25]])).dataSync(); // ≈ 0.693147
 */
export class CategoricalCrossentropy extends ClassCrossentropy {
  readonly name: string = 'categoricalCrossentropy';

  protected align(yTrue: Tensor, yPred: Tensor): Tensor {
    return alignTargets(yTrue, yPred, this.name)[0];
  }

  override checkTargets(values: ArrayLike<number>, shape: readonly number[], output: LossTarget): void {
    super.checkTargets(values, shape, output);
    const hint = `'${this.name}' takes one-hot rows or distributions over the classes.`;
    checkRange(values, 0, 1, output.name, hint);
  }
}

/**
 * `−log(p[label])` for targets that are class indices `[batch]`, `[batch, 1]` or `[batch, time]`, of any dtype.
 *
 * The same numbers as `CategoricalCrossentropy` on one-hot targets.
 *
 * @throws ConfigurationError for a `labelSmoothing` outside [0, 1]
 * @example
 * const loss = new losses.SparseCategoricalCrossentropy();
 * loss.call(tf.tensor1d([1]), tf.tensor2d([[0.25, 0.5, 0.25]])).dataSync(); // ≈ 0.693147
 */
export class SparseCategoricalCrossentropy extends ClassCrossentropy {
  readonly name = 'sparseCategoricalCrossentropy';

  protected align(yTrue: Tensor, yPred: Tensor): Tensor {
    return alignLabels(yTrue, yPred, this.name);
  }

  override targetShape(output: LossTarget): readonly (number | null)[] {
    return output.shape.slice(0, -1);
  }

  override checkTargets(values: ArrayLike<number>, shape: readonly number[], output: LossTarget): void {
    super.checkTargets(values, shape, output);
    const classes = lastOf(output.shape);
    if (classes !== null) checkLabels(values, classes, output.name);
  }
}

/** Targets moved towards the uniform distribution. */
export function smoothClasses(yTrue: Tensor, smoothing: number): Tensor {
  if (smoothing === 0) return yTrue;
  return tf.add(tf.mul(yTrue, 1 - smoothing), smoothing / yTrue.shape[yTrue.rank - 1]!);
}

/** The crossentropy of normalised probabilities as plain operations, from targets times −1. */
function crossentropyValue(minusTrue: Tensor, probabilities: Tensor): Tensor {
  const logs = tf.log(tf.clipByValue(probabilities, EPSILON, 1 - EPSILON));
  return tf.sum(tf.mul(minusTrue, logs), -1);
}

/** The same value; the gradient −y/p undoes the softmax's own factor p, so that the logits receive p·Σy − y. */
function crossentropyFromSoftmax(minusTrue: Tensor, yPred: Tensor): Tensor {
  return withManualGradient(yPred, input => ({
    value: crossentropyValue(minusTrue, input),
    saved: [minusTrue, input],
    derivative: ([minusY, p]) => tf.div(minusY!, tf.maximum(p!, SMALLEST)),
  }));
}

/** `Σy·log(Σ e^z) − Σ y·z`, shifted by the largest logit. */
function crossentropyFromLogits(yTrue: Tensor, logits: Tensor): Tensor {
  return withManualGradient(logits, z => {
    const shifted = tf.sub(z, tf.max(z, -1, true));
    const exponentials = tf.exp(shifted);
    const total = tf.sum(exponentials, -1, true);
    const value = tf.neg(tf.sum(tf.mul(yTrue, tf.sub(shifted, tf.log(total))), -1));
    return {
      value,
      saved: [yTrue, exponentials, total],
      derivative: ([y, e, sum]) => {
        // Σy is 1 for every distribution; keeping it makes the gradient right for any targets.
        return tf.sub(tf.mul(tf.div(e!, sum!), tf.sum(y!, -1, true)), y!);
      },
    };
  });
}
