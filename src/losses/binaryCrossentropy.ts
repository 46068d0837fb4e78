/**
 * Crossentropy of independent yes/no targets.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {checkNames} from '../core';
import {CROSSENTROPY_ALIASES, EPSILON, SMALLEST} from './constants';
import {Loss, type LossTarget} from './loss';
import {withManualGradient} from './manualGradient';
import {checkLogits, checkProbabilities, checkSmoothing} from './outputs';
import {alignTargets, checkRange} from './targets';

/** Options of `BinaryCrossentropy`. */
export interface BinaryCrossentropyOptions {
  /** The output is log-odds (a linear last activation), not probabilities. Default false. */
  fromLogits?: boolean;
  /** Moves targets from 0 and 1 towards ½: `y·(1 − s) + s/2`. Default 0. */
  labelSmoothing?: number;
}

/**
 * `−y·log(p) − (1 − y)·log(1 − p)`, meaned over the last axis, for targets from 0 to 1.
 *
 * Probabilities are clipped to [1e-7, 1 − 1e-7] as in Keras. For an output known to end in a sigmoid the gradient
 * is that of the logits (`p − y`), which clipping does not switch off; with `fromLogits` value and gradient are
 * exact for any logit.
 *
 * @throws ConfigurationError for a `labelSmoothing` outside [0, 1]
 * @example
 * const loss = new losses.BinaryCrossentropy();
 * loss.call(tf.tensor2d([[1], [0]]), tf.tensor2d([[0.5], [0.5]])).dataSync(); // ≈ 0.693147, 0.693147
 */
export class BinaryCrossentropy extends Loss {
  readonly name: string = 'binaryCrossentropy';
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;

  constructor(options: BinaryCrossentropyOptions = {}) {
    super();
    checkNames('a crossentropy', options, ['fromLogits', 'labelSmoothing'], CROSSENTROPY_ALIASES);
    const {fromLogits = false, labelSmoothing = 0} = options;
    checkSmoothing(this.name, labelSmoothing);
    this.fromLogits = fromLogits;
    this.labelSmoothing = labelSmoothing;
  }

  call(yTrue: Tensor, yPred: Tensor, output?: LossTarget): Tensor {
    return tf.tidy(() => {
      const [target, predicted] = alignTargets(yTrue, yPred, this.name);
      const smooth = smoothBinary(target, this.labelSmoothing);
      if (this.fromLogits) return binaryFromLogits(smooth, predicted);
      if (output?.activation === 'sigmoid') return binaryFromSigmoid(smooth, predicted);
      return binaryValue(smooth, predicted);
    });
  }

  override checkOutput(output: LossTarget): void {
    super.checkOutput(output);
    if (this.fromLogits) checkLogits(this.name, output);
    else checkProbabilities(this.name, output, 'sigmoid');
  }

  override checkTargets(values: ArrayLike<number>, shape: readonly number[], output: LossTarget): void {
    super.checkTargets(values, shape, output);
    checkRange(values, 0, 1, output.name, `'${this.name}' takes targets from 0 (no) to 1 (yes).`);
  }
}

/** Targets moved towards ½. */
export function smoothBinary(yTrue: Tensor, smoothing: number): Tensor {
  return smoothing === 0 ? yTrue : tf.add(tf.mul(yTrue, 1 - smoothing), smoothing / 2);
}

/** The crossentropy of probabilities as plain operations. */
function binaryValue(yTrue: Tensor, yPred: Tensor): Tensor {
  const p = tf.clipByValue(yPred, EPSILON, 1 - EPSILON);
  const yes = tf.mul(yTrue, tf.log(p));
  const no = tf.mul(tf.sub(1, yTrue), tf.log(tf.sub(1, p)));
  return tf.neg(tf.mean(tf.add(yes, no), -1));
}

/** The same value; the gradient undoes the sigmoid's own factor p·(1 − p), so that the logit receives p − y. */
function binaryFromSigmoid(yTrue: Tensor, yPred: Tensor): Tensor {
  const units = yPred.shape[yPred.rank - 1]!;
  return withManualGradient(yPred, input => ({
    value: binaryValue(yTrue, input),
    saved: [yTrue, input],
    derivative: ([y, p]) => {
      const slope = tf.maximum(tf.mul(p!, tf.sub(1, p!)), SMALLEST);
      const derivative = tf.div(tf.sub(p!, y!), slope);
      return units === 1 ? derivative : tf.div(derivative, units);
    },
  }));
}

/** `max(z, 0) − z·y + log(1 + e^−|z|)`: no logit overflows, none is rounded away. */
function binaryFromLogits(yTrue: Tensor, logits: Tensor): Tensor {
  const units = logits.shape[logits.rank - 1]!;
  return withManualGradient(logits, z => {
    const tail = tf.log1p(tf.exp(tf.neg(tf.abs(z))));
    const value = tf.mean(tf.add(tf.sub(tf.relu(z), tf.mul(z, yTrue)), tail), -1);
    return {
      value,
      saved: [yTrue, z],
      derivative: ([y, logit]) => {
        const derivative = tf.sub(tf.sigmoid(logit!), y!);
        return units === 1 ? derivative : tf.div(derivative, units);
      },
    };
  });
}
