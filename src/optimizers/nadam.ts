/**
 * Adam with Nesterov's momentum.
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

export type NadamOptions = AdamFamilyOptions;

type NadamSlots = {readonly m: Tensor; readonly v: Tensor};

/**
 * Nadam (Dozat 2016), as Keras defines it: the momentum warms up as `uₜ = β₁·(1 − ½·0.96ᵗ)`, and
 * `w ← w − rate·(uₜ₊₁·m/(1−Πu₁…uₜ₊₁) + (1−uₜ)·g/(1−Πu₁…uₜ)) / (√(v/(1−β₂ᵗ)) + ε)`.
 *
 * PyTorch's NAdam warms up 250 times slower (`momentum_decay` 0.004; it is the same at 1).
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const w = tf.variable(tf.scalar(1));
 * new Nadam({learningRate: 0.1, beta1: 0}).step([{key: 'w', variable: w, gradient: tf.scalar(3)}]);
 * w.dataSync(); // [0.9]
 */
export class Nadam extends AdamFamily<NadamSlots> {
  readonly name = 'nadam';
  private readonly momentumProduct = new DecayProduct(count => this.momentumAt(count));

  constructor(options: NadamOptions = {}) {
    super(options);
  }

  protected slots(shape: readonly number[]): SlotInits {
    return {m: {shape}, v: {shape}};
  }

  protected override fused(): FusedRule {
    return {
      rule: 'nadam',
      slots: ['m', 'v'],
      numbers: clock => {
        const {ofMomentum, ofGradient, epsilon} = this.corrected(clock);
        return [1 - this.beta1At(clock.count), 1 - this.beta2, ofMomentum, ofGradient, epsilon];
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
  }: RuleInput<NadamSlots>): RuleOutput<NadamSlots> {
    const m = decayingMean(slots.m, gradient, scalar(1 - this.beta1At(count)));
    const v = decayingMean(slots.v, tf.square(gradient), scalar(1 - this.beta2));
    const {ofMomentum, ofGradient, epsilon} = this.corrected({learningRate, count});
    const step = tf.div(
      tf.add(tf.mul(m, scalar(ofMomentum)), tf.mul(gradient, scalar(ofGradient))),
      tf.add(tf.sqrt(v), scalar(epsilon)),
    );
    return {value: tf.sub(value, step), slots: {m, v}};
  }

  /** The rates of momentum and gradient, and ε, with all corrections of bias in them. */
  private corrected({learningRate, count}: Clock): {ofMomentum: number; ofGradient: number; epsilon: number} {
    const product = this.momentumProduct.upTo(count + 1);
    const next = this.momentumAt(count + 1);
    const correction = this.rootCorrection(count);
    const rate = learningRate * correction;
    return {
      ofMomentum: (rate * next) / (1 - product * next),
      ofGradient: (rate * (1 - this.momentumAt(count))) / (1 - product),
      epsilon: this.epsilon * correction,
    };
  }

  private momentumAt(count: number): number {
    return this.beta1At(count) * (1 - 0.5 * 0.96 ** (count + 1));
  }
}
