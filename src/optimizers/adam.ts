/**
 * Adam, the default of most of deep learning.
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

export interface AdamOptions extends AdamFamilyOptions {
  /** Divides by the largest mean of squares seen so far (Reddi et al. 2018). Default false. */
  amsgrad?: boolean;
}

type AdamSlots = {readonly m: Tensor; readonly v: Tensor; readonly vMax?: Tensor};

/**
 * Adam (Kingma and Ba 2015), as Keras defines it: with `m` and `v` the decaying means of gradients and of
 * their squares, `w ← w − rate·√(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε)`.
 *
 * PyTorch adds its ε (1e-8) after the bias correction: Keras's acts as PyTorch's would at ε/√(1−β₂ᵗ). With
 * `amsgrad` both take the maximum of `v` before the correction. With a schedule for `beta1` the correction is
 * by the product of the rates used.
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const w = tf.variable(tf.tensor1d([1, 2]));
 * const adam = new Adam({learningRate: 0.1});
 * adam.step([{key: 'w', variable: w, gradient: tf.tensor1d([5, -5])}]);
 * w.dataSync(); // [0.9, 2.1]
 */
export class Adam extends AdamFamily<AdamSlots> {
  readonly name: string = 'adam';
  readonly amsgrad: boolean;
  private readonly beta1Product: DecayProduct;

  constructor(options: AdamOptions = {}, defaults: {weightDecay?: number} = {}) {
    super(options, {...defaults, names: ['amsgrad']});
    this.amsgrad = options.amsgrad ?? false;
    this.beta1Product = new DecayProduct(this.beta1);
  }

  override getConfig(): Required<AdamOptions> {
    return {...super.getConfig(), amsgrad: this.amsgrad};
  }

  protected slots(shape: readonly number[]): SlotInits {
    return {m: {shape}, v: {shape}, vMax: this.amsgrad ? {shape} : undefined};
  }

  protected override fused(): FusedRule {
    return {
      rule: 'adam',
      slots: ['m', 'v', 'vMax'],
      numbers: clock => [
        1 - this.beta1At(clock.count),
        1 - this.beta2,
        this.correctedRate(clock),
        this.epsilon,
      ],
    };
  }

  protected rule({
    value,
    gradient,
    slots,
    learningRate,
    count,
    scalar,
  }: RuleInput<AdamSlots>): RuleOutput<AdamSlots> {
    const m = decayingMean(slots.m, gradient, scalar(1 - this.beta1At(count)));
    const v = decayingMean(slots.v, tf.square(gradient), scalar(1 - this.beta2));
    const vMax = slots.vMax && tf.maximum(slots.vMax, v);
    const rate = this.correctedRate({learningRate, count});
    const step = tf.div(tf.mul(m, scalar(rate)), tf.add(tf.sqrt(vMax ?? v), scalar(this.epsilon)));
    return {value: tf.sub(value, step), slots: {m, v, vMax}};
  }

  private correctedRate({learningRate, count}: Clock): number {
    return learningRate * (this.rootCorrection(count) / (1 - this.beta1Product.upTo(count + 1)));
  }
}
