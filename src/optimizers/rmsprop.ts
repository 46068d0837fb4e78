/**
 * Gradient descent in units of the gradient's recent size.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {Schedule} from '../schedules';
import type {FusedRule} from './fused';
import {decayingMean} from './moments';
import {Optimizer} from './optimizer';
import type {OptimizerOptions} from './optimizer';
import {checkFraction, checkNonNegative, checkScheduled, scheduledValue} from './options';
import type {RuleInput, RuleOutput} from './rule';
import type {SlotInits} from './slots';

export interface RMSpropOptions extends OptimizerOptions {
  /** Default 0.001. */
  learningRate?: number | Schedule;
  /** Decay rate of the squared gradients' mean, in [0, 1). Default 0.9. */
  rho?: number;
  /** How much of the last step goes into the next, in [0, 1), or a schedule of it. Default 0. */
  momentum?: number | Schedule;
  /** Added to the mean before its root is taken. Default 1e-7. */
  epsilon?: number;
  /** Divides by the estimated standard deviation instead of the root mean square. Default false. */
  centered?: boolean;
}

type RMSpropSlots = {readonly v: Tensor; readonly mean?: Tensor; readonly momentum?: Tensor};

/**
 * RMSprop (Tieleman and Hinton 2012; centered: Graves 2013), as Keras defines it: with `v` the decaying mean
 * of squared gradients, a step is `rate · g / √(v + ε)`, and with momentum `p ← momentum·p + step`, `w ← w − p`.
 *
 * PyTorch adds its ε (1e-8) to the root, defaults to rho 0.99 and keeps the rate out of `p`. The variance of
 * `centered` is held at 0 or above, where rounding could take it below.
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const w = tf.variable(tf.tensor1d([1, 2]));
 * new RMSprop({learningRate: 0.1, rho: 0}).step([{key: 'w', variable: w, gradient: tf.tensor1d([5, -5])}]);
 * w.dataSync(); // [0.9, 2.1]
 */
export class RMSprop extends Optimizer<RMSpropSlots> {
  readonly name = 'rmsprop';
  readonly rho: number;
  readonly momentum: number | Schedule;
  readonly epsilon: number;
  readonly centered: boolean;

  constructor(options: RMSpropOptions = {}) {
    super(options, {learningRate: 0.001, names: ['rho', 'momentum', 'epsilon', 'centered']});
    this.rho = options.rho ?? 0.9;
    this.momentum = options.momentum ?? 0;
    this.epsilon = options.epsilon ?? 1e-7;
    this.centered = options.centered ?? false;
    checkFraction('rho', this.rho);
    checkScheduled('momentum', this.momentum, checkFraction);
    checkNonNegative('epsilon', this.epsilon);
  }

  override getConfig(): Required<RMSpropOptions> {
    const {rho, momentum, epsilon, centered} = this;
    return {...super.getConfig(), rho, momentum, epsilon, centered};
  }

  protected slots(shape: readonly number[]): SlotInits {
    return {
      v: {shape},
      mean: this.centered ? {shape} : undefined,
      momentum: this.momentum === 0 ? undefined : {shape},
    };
  }

  protected override fused(): FusedRule {
    return {
      rule: 'rmsprop',
      slots: ['v', 'mean', 'momentum'],
      numbers: ({learningRate, count}) => [1 - this.rho, learningRate, this.epsilon, this.momentumAt(count)],
    };
  }

  protected rule({
    value,
    gradient,
    slots,
    learningRate,
    count,
    scalar,
  }: RuleInput<RMSpropSlots>): RuleOutput<RMSpropSlots> {
    const share = scalar(1 - this.rho);
    const v = decayingMean(slots.v, tf.square(gradient), share);
    const mean = slots.mean && decayingMean(slots.mean, gradient, share);
    const variance = mean ? tf.relu(tf.sub(v, tf.square(mean))) : v;
    const step = tf.div(
      tf.mul(gradient, scalar(learningRate)),
      tf.sqrt(tf.add(variance, scalar(this.epsilon))),
    );
    if (slots.momentum === undefined) return {value: tf.sub(value, step), slots: {v, mean}};
    const decay = scalar(this.momentumAt(count));
    const momentum = tf.add(tf.mul(slots.momentum, decay), step);
    return {value: tf.sub(value, momentum), slots: {v, mean, momentum}};
  }

  private momentumAt(count: number): number {
    return scheduledValue('momentum', this.momentum, count, checkFraction);
  }
}
