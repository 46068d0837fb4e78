/**
 * Sign descent with two momenta in one.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {Schedule} from '../schedules';
import type {FusedRule} from './fused';
import {Optimizer} from './optimizer';
import type {OptimizerOptions} from './optimizer';
import {checkFraction, checkScheduled, scheduledValue} from './options';
import type {RuleInput, RuleOutput} from './rule';
import type {SlotInits} from './slots';

export interface LionOptions extends OptimizerOptions {
  /** Default 0.001; a good one is three to ten times smaller than Adam's. */
  learningRate?: number | Schedule;
  /** How much of the momentum goes into the step's sign, in [0, 1), or a schedule of it. Default 0.9. */
  beta1?: number | Schedule;
  /** Decay rate of the momentum, in [0, 1). Default 0.99. */
  beta2?: number;
}

type LionSlots = {readonly m: Tensor};

/**
 * Lion (Chen et al. 2023): `w ← w − rate · sign(β₁·m + (1−β₁)·g)`, then `m ← β₂·m + (1−β₂)·g`. Every element
 * moves by the rate itself. Half of Adam's memory.
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const w = tf.variable(tf.tensor1d([1, 2]));
 * new Lion({learningRate: 0.1}).step([{key: 'w', variable: w, gradient: tf.tensor1d([5, -0.01])}]);
 * w.dataSync(); // [0.9, 2.1]
 */
export class Lion extends Optimizer<LionSlots> {
  readonly name = 'lion';
  readonly beta1: number | Schedule;
  readonly beta2: number;

  constructor(options: LionOptions = {}) {
    super(options, {learningRate: 0.001, names: ['beta1', 'beta2']});
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.99;
    checkScheduled('beta1', this.beta1, checkFraction);
    checkFraction('beta2', this.beta2);
  }

  override getConfig(): Required<LionOptions> {
    return {...super.getConfig(), beta1: this.beta1, beta2: this.beta2};
  }

  protected slots(shape: readonly number[]): SlotInits {
    return {m: {shape}};
  }

  protected override fused(): FusedRule {
    return {
      rule: 'lion',
      slots: ['m'],
      numbers: ({learningRate, count}) => [1 - this.beta1At(count), 1 - this.beta2, learningRate],
    };
  }

  protected rule({
    value,
    gradient,
    slots: {m},
    learningRate,
    count,
    scalar,
  }: RuleInput<LionSlots>): RuleOutput<LionSlots> {
    const difference = tf.sub(gradient, m);
    const direction = signOf(tf.add(m, tf.mul(difference, scalar(1 - this.beta1At(count)))), scalar(0));
    return {
      value: tf.sub(value, tf.mul(direction, scalar(learningRate))),
      slots: {m: tf.add(m, tf.mul(difference, scalar(1 - this.beta2)))},
    };
  }

  private beta1At(count: number): number {
    return scheduledValue('beta1', this.beta1, count, checkFraction);
  }
}

/** −1, 0 or 1. On WASM tf.sign takes all below 1.2e-7 for 0, and so would hold gradients of that size still. */
function signOf(x: Tensor, zero: Tensor): Tensor {
  return tf.sub(tf.cast(tf.greater(x, zero), 'float32'), tf.cast(tf.less(x, zero), 'float32'));
}
