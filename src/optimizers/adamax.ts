/**
 * Adam with the maximum norm.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {AdamFamily} from './adamFamily';
import type {AdamFamilyOptions} from './adamFamily';
import {DecayProduct} from './decayProduct';
import type {Clock, FusedRule} from './fused';
import {decayingMean} from './moments';
import type {RuleInput, RuleOutput} from './rule';
import type {SlotInits} from './slots';

export type AdamaxOptions = AdamFamilyOptions;

type AdamaxSlots = {readonly m: Tensor; readonly u: Tensor};

/**
 * Adamax (Kingma and Ba 2015, section 7.1), as Keras defines it: `u ← max(β₂·u, |g|)` and
 * `w ← w − rate/(1−β₁ᵗ) · m/(u + ε)`.
 *
 * PyTorch adds ε to |g| inside the maximum.
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const w = tf.variable(tf.tensor1d([1, 2]));
 * new Adamax({learningRate: 0.1}).step([{key: 'w', variable: w, gradient: tf.tensor1d([5, -5])}]);
 * w.dataSync(); // [0.9, 2.1]
 */
export class Adamax extends AdamFamily<AdamaxSlots> {
  readonly name = 'adamax';
  private readonly beta1Product = new DecayProduct(this.beta1);

  constructor(options: AdamaxOptions = {}) {
    super(options);
  }

  protected slots(shape: readonly number[]): SlotInits {
    return {m: {shape}, u: {shape}};
  }

  protected override fused(): FusedRule {
    return {
      rule: 'adamax',
      slots: ['m', 'u'],
      numbers: clock => [1 - this.beta1At(clock.count), this.beta2, this.correctedRate(clock), this.epsilon],
    };
  }

  protected rule({
    value,
    gradient,
    slots,
    learningRate,
    count,
    scalar,
  }: RuleInput<AdamaxSlots>): RuleOutput<AdamaxSlots> {
    const m = decayingMean(slots.m, gradient, scalar(1 - this.beta1At(count)));
    const u = tf.maximum(tf.mul(slots.u, scalar(this.beta2)), tf.abs(gradient));
    const rate = this.correctedRate({learningRate, count});
    const step = tf.div(tf.mul(m, scalar(rate)), tf.add(u, scalar(this.epsilon)));
    return {value: tf.sub(value, step), slots: {m, u}};
  }

  private correctedRate({learningRate, count}: Clock): number {
    return learningRate / (1 - this.beta1Product.upTo(count + 1));
  }
}
