/**
 * Gradient descent in units of all gradients so far.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {Schedule} from '../schedules';
import type {FusedRule} from './fused';
import {Optimizer} from './optimizer';
import type {OptimizerOptions} from './optimizer';
import {checkNonNegative} from './options';
import type {RuleInput, RuleOutput} from './rule';
import type {SlotInits} from './slots';

export interface AdagradOptions extends OptimizerOptions {
  /** Default 0.001. */
  learningRate?: number | Schedule;
  /** What the sum of squared gradients starts at. Default 0.1. */
  initialAccumulator?: number;
  /** Added to the sum before its root is taken. Default 1e-7. */
  epsilon?: number;
}

type AdagradSlots = {readonly accumulator: Tensor};

/**
 * Adagrad (Duchi et al. 2011), as Keras defines it: `a ← a + g²`, `w ← w − rate · g / √(a + ε)`.
 *
 * PyTorch starts the sum at 0, adds its ε (1e-10) to the root, and its rate defaults to 0.01.
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const w = tf.variable(tf.tensor1d([1]));
 * const adagrad = new Adagrad({learningRate: 0.1, initialAccumulator: 16});
 * adagrad.step([{key: 'w', variable: w, gradient: tf.tensor1d([3])}]);
 * w.dataSync(); // [0.94]
 */
export class Adagrad extends Optimizer<AdagradSlots> {
  readonly name = 'adagrad';
  readonly initialAccumulator: number;
  readonly epsilon: number;

  constructor(options: AdagradOptions = {}) {
    super(options, {learningRate: 0.001, names: ['initialAccumulator', 'epsilon']});
    this.initialAccumulator = options.initialAccumulator ?? 0.1;
    this.epsilon = options.epsilon ?? 1e-7;
    checkNonNegative('initialAccumulator', this.initialAccumulator);
    checkNonNegative('epsilon', this.epsilon);
  }

  override getConfig(): Required<AdagradOptions> {
    return {...super.getConfig(), initialAccumulator: this.initialAccumulator, epsilon: this.epsilon};
  }

  protected slots(shape: readonly number[]): SlotInits {
    return {accumulator: {shape, fill: this.initialAccumulator}};
  }

  protected override fused(): FusedRule {
    return {
      rule: 'adagrad',
      slots: ['accumulator'],
      numbers: ({learningRate}) => [learningRate, this.epsilon],
    };
  }

  protected rule({
    value,
    gradient,
    slots,
    learningRate,
    scalar,
  }: RuleInput<AdagradSlots>): RuleOutput<AdagradSlots> {
    const accumulator = tf.add(slots.accumulator, tf.square(gradient));
    const step = tf.div(
      tf.mul(gradient, scalar(learningRate)),
      tf.sqrt(tf.add(accumulator, scalar(this.epsilon))),
    );
    return {value: tf.sub(value, step), slots: {accumulator}};
  }
}
