/**
 * Adam with a rate for each weight in proportion to the weight's size.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {AdamFamily} from './adamFamily';
import type {AdamFamilyOptions} from './adamFamily';
import {DecayProduct} from './decayProduct';
import type {FusedRule} from './fused';
import {decayingMean, sumOfSquares} from './moments';
import type {RuleInput, RuleOutput} from './rule';
import type {SlotInits} from './slots';

export type LAMBOptions = AdamFamilyOptions;

type LAMBSlots = {readonly m: Tensor; readonly v: Tensor};

/**
 * LAMB (You et al. 2020), for large batches, as Keras defines it: with Adam's step
 * `s = m̂/(√v̂ + ε)`, `w ← w − rate · ‖w‖/‖s‖ · s`. The ratio is 1 where either norm is 0.
 *
 * The paper adds weight decay to `s`; here, as in Keras, it is decoupled and comes before.
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const w = tf.variable(tf.tensor1d([3, 4]));
 * new LAMB({learningRate: 0.1}).step([{key: 'w', variable: w, gradient: tf.tensor1d([7, 0])}]);
 * w.dataSync(); // [2.5, 4]: a step of 0.1·‖w‖
 */
export class LAMB extends AdamFamily<LAMBSlots> {
  readonly name = 'lamb';
  private readonly beta1Product = new DecayProduct(this.beta1);

  constructor(options: LAMBOptions = {}) {
    super(options);
  }

  protected slots(shape: readonly number[]): SlotInits {
    return {m: {shape}, v: {shape}};
  }

  protected override fused(): FusedRule {
    return {
      rule: 'lamb',
      slots: ['m', 'v'],
      numbers: ({learningRate, count}) => {
        const {ofMomentum, epsilon} = this.corrected(count);
        return [1 - this.beta1At(count), 1 - this.beta2, ofMomentum, epsilon, learningRate];
      },
    };
  }

  protected rule({
    value,
    gradient,
    slots,
    learningRate,
    count,
    scalar,
  }: RuleInput<LAMBSlots>): RuleOutput<LAMBSlots> {
    const m = decayingMean(slots.m, gradient, scalar(1 - this.beta1At(count)));
    const v = decayingMean(slots.v, tf.square(gradient), scalar(1 - this.beta2));
    const {ofMomentum, epsilon} = this.corrected(count);
    const step = tf.div(tf.mul(m, scalar(ofMomentum)), tf.add(tf.sqrt(v), scalar(epsilon)));
    const rate = tf.mul(trustRatio(value, step, scalar(1)), scalar(learningRate));
    return {value: tf.sub(value, tf.mul(step, rate)), slots: {m, v}};
  }

  /** What the momentum is multiplied by, and ε, with the corrections of bias in them. */
  private corrected(count: number): {ofMomentum: number; epsilon: number} {
    const correction = this.rootCorrection(count);
    return {
      ofMomentum: correction / (1 - this.beta1Product.upTo(count + 1)),
      epsilon: this.epsilon * correction,
    };
  }
}

/** ‖value‖/‖step‖, or 1 where either is 0. */
function trustRatio(value: Tensor, step: Tensor, one: Tensor): Tensor {
  const valueNorm = tf.sqrt(sumOfSquares(value));
  const stepNorm = tf.sqrt(sumOfSquares(step));
  const bothPositive = tf.greater(tf.minimum(valueNorm, stepNorm), 0);
  return tf.where(bothPositive, tf.div(valueNorm, stepNorm), one);
}
