/**
 * Stochastic gradient descent, with momentum.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../core';
import type {Schedule} from '../schedules';
import type {FusedRule} from './fused';
import {Optimizer} from './optimizer';
import type {OptimizerOptions} from './optimizer';
import {checkFraction, checkScheduled, scheduledValue} from './options';
import type {RuleInput, RuleOutput} from './rule';
import type {SlotInits} from './slots';

export interface SGDOptions extends OptimizerOptions {
  /** Default 0.01. */
  learningRate?: number | Schedule;
  /** How much of the last step goes into the next, in [0, 1), or a schedule of it. Default 0. */
  momentum?: number | Schedule;
  /** Nesterov's momentum: the gradient counts as if taken after the momentum's step. Default false. */
  nesterov?: boolean;
}

type SGDSlots = {readonly momentum?: Tensor};

/**
 * Gradient descent with momentum (Polyak 1964) or Nesterov's (Sutskever et al. 2013), as Keras defines it:
 * `m ← momentum·m − rate·g`, then `w ← w + m`, or with `nesterov` `w ← w + momentum·m − rate·g`.
 *
 * PyTorch keeps `m` without the rate in it, which differs when the rate changes between updates.
 *
 * @throws ConfigurationError if an option is out of range, or `nesterov` is set without momentum
 * @example
 * const w = tf.variable(tf.tensor1d([1, 2]));
 * const sgd = new SGD({learningRate: 0.1, momentum: 0.9});
 * sgd.step([{key: 'w', variable: w, gradient: tf.tensor1d([1, 1])}]);
 * w.dataSync(); // [0.9, 1.9]
 */
export class SGD extends Optimizer<SGDSlots> {
  readonly name = 'sgd';
  readonly momentum: number | Schedule;
  readonly nesterov: boolean;

  constructor(options: SGDOptions = {}) {
    super(options, {learningRate: 0.01, names: ['momentum', 'nesterov']});
    this.momentum = options.momentum ?? 0;
    this.nesterov = options.nesterov ?? false;
    checkScheduled('momentum', this.momentum, checkFraction);
    if (this.nesterov && this.momentum === 0) {
      throw new ConfigurationError('SGD with nesterov needs a momentum above 0.', {
        hint: "Set momentum, such as 0.9, or leave out 'nesterov'.",
      });
    }
  }

  override getConfig(): Required<SGDOptions> {
    return {...super.getConfig(), momentum: this.momentum, nesterov: this.nesterov};
  }

  protected slots(shape: readonly number[]): SlotInits {
    return this.momentum === 0 ? {} : {momentum: {shape}};
  }

  protected override fused(): FusedRule {
    return {
      rule: 'sgd',
      slots: ['momentum'],
      numbers: ({learningRate, count}) => [learningRate, this.momentumAt(count), Number(this.nesterov)],
    };
  }

  protected rule({
    value,
    gradient,
    slots,
    learningRate,
    count,
    scalar,
  }: RuleInput<SGDSlots>): RuleOutput<SGDSlots> {
    const descent = tf.mul(gradient, scalar(learningRate));
    if (slots.momentum === undefined) return {value: tf.sub(value, descent), slots: {}};
    const decay = scalar(this.momentumAt(count));
    const momentum = tf.sub(tf.mul(slots.momentum, decay), descent);
    const step = this.nesterov ? tf.sub(tf.mul(momentum, decay), descent) : momentum;
    return {value: tf.add(value, step), slots: {momentum}};
  }

  private momentumAt(count: number): number {
    return scheduledValue('momentum', this.momentum, count, checkFraction);
  }
}
