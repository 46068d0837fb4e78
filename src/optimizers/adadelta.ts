/**
 * Gradient descent in units of the gradient's and the step's recent sizes.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {Schedule} from '../schedules';
import type {FusedRule} from './fused';
import {decayingMean} from './moments';
import {Optimizer} from './optimizer';
import type {OptimizerOptions} from './optimizer';
import {checkFraction, checkPositive} from './options';
import type {RuleInput, RuleOutput} from './rule';
import type {SlotInits} from './slots';

export interface AdadeltaOptions extends OptimizerOptions {
  /** Default 0.001, as in Keras; the paper's form is 1. */
  learningRate?: number | Schedule;
  /** Decay rate of both means, in [0, 1). Default 0.95. */
  rho?: number;
  /** Added to both means before their roots are taken; the first steps are of its root's size. Default 1e-7. */
  epsilon?: number;
}

type AdadeltaSlots = {readonly gradients: Tensor; readonly steps: Tensor};

/**
 * Adadelta (Zeiler 2012), as Keras defines it: `s = g · √(E[s²] + ε) / √(E[g²] + ε)`, `w ← w − rate · s`, with
 * decaying means E.
 *
 * PyTorch's rule is the same; its defaults are rate 1, rho 0.9 and ε 1e-6.
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const w = tf.variable(tf.tensor1d([1]));
 * const adadelta = new Adadelta({learningRate: 1, rho: 0, epsilon: 0.25});
 * adadelta.step([{key: 'w', variable: w, gradient: tf.tensor1d([1])}]);
 * w.dataSync(); // [0.5527864]: 1 − √0.25/√1.25
 */
export class Adadelta extends Optimizer<AdadeltaSlots> {
  readonly name = 'adadelta';
  readonly rho: number;
  readonly epsilon: number;

  constructor(options: AdadeltaOptions = {}) {
    super(options, {learningRate: 0.001, names: ['rho', 'epsilon']});
    this.rho = options.rho ?? 0.95;
    this.epsilon = options.epsilon ?? 1e-7;
    checkFraction('rho', this.rho);
    checkPositive('epsilon', this.epsilon);
  }

  override getConfig(): Required<AdadeltaOptions> {
    return {...super.getConfig(), rho: this.rho, epsilon: this.epsilon};
  }

  protected slots(shape: readonly number[]): SlotInits {
    return {gradients: {shape}, steps: {shape}};
  }

  protected override fused(): FusedRule {
    return {
      rule: 'adadelta',
      slots: ['gradients', 'steps'],
      numbers: ({learningRate}) => [1 - this.rho, learningRate, this.epsilon],
    };
  }

  protected rule({
    value,
    gradient,
    slots,
    learningRate,
    scalar,
  }: RuleInput<AdadeltaSlots>): RuleOutput<AdadeltaSlots> {
    const epsilon = scalar(this.epsilon);
    const share = scalar(1 - this.rho);
    const gradients = decayingMean(slots.gradients, tf.square(gradient), share);
    const size = tf.sqrt(tf.div(tf.add(slots.steps, epsilon), tf.add(gradients, epsilon)));
    const step = tf.mul(gradient, size);
    const steps = decayingMean(slots.steps, tf.square(step), share);
    return {value: tf.sub(value, tf.mul(step, scalar(learningRate))), slots: {gradients, steps}};
  }
}
