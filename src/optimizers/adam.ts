/**
 * Adam, the default of most of deep learning.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {Schedule} from '../schedules';
import {DecayProduct} from './decayProduct';
import {firstMoment, secondMoment} from './moments';
import {Optimizer} from './optimizer';
import type {OptimizerOptions, RuleInput, RuleOutput} from './optimizer';
import {checkFraction, checkNonNegative, checkScheduled, scheduledValue} from './options';
import type {SlotInits} from './slots';

export interface AdamOptions extends OptimizerOptions {
  /** Default 0.001. */
  learningRate?: number | Schedule;
  /** Decay rate of the gradients' mean, in [0, 1), or a schedule of it. Default 0.9. */
  beta1?: number | Schedule;
  /** Decay rate of the squared gradients' mean, in [0, 1). Default 0.999. */
  beta2?: number;
  /** Added to the root of the squared gradients' mean. Default 1e-7. */
  epsilon?: number;
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
export class Adam extends Optimizer<AdamSlots> {
  readonly name: string = 'adam';
  readonly beta1: number | Schedule;
  readonly beta2: number;
  readonly epsilon: number;
  readonly amsgrad: boolean;
  private readonly beta1Product: DecayProduct;

  constructor(options: AdamOptions = {}, defaults: {weightDecay?: number} = {}) {
    super(options, {learningRate: 0.001, ...defaults});
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.999;
    this.epsilon = options.epsilon ?? 1e-7;
    this.amsgrad = options.amsgrad ?? false;
    checkScheduled('beta1', this.beta1, checkFraction);
    checkFraction('beta2', this.beta2);
    checkNonNegative('epsilon', this.epsilon);
    this.beta1Product = new DecayProduct(this.beta1);
  }

  override getConfig(): Required<AdamOptions> {
    return {
      ...super.getConfig(),
      beta1: this.beta1,
      beta2: this.beta2,
      epsilon: this.epsilon,
      amsgrad: this.amsgrad,
    };
  }

  protected slots(shape: readonly number[]): SlotInits {
    return {m: {shape}, v: {shape}, vMax: this.amsgrad ? {shape} : undefined};
  }

  protected rule(input: RuleInput<AdamSlots>): RuleOutput<AdamSlots> {
    const {value, gradient, slots, learningRate, count, scalar} = input;
    const beta1 = scheduledValue('beta1', this.beta1, count, checkFraction);
    const m = firstMoment(slots.m, gradient, scalar(1 - beta1));
    const v = secondMoment(slots.v, gradient, scalar(1 - this.beta2));
    const vMax = slots.vMax && tf.maximum(slots.vMax, v);
    const correction = Math.sqrt(1 - this.beta2 ** (count + 1)) / (1 - this.beta1Product.upTo(count + 1));
    const step = tf.div(
      tf.mul(m, scalar(learningRate * correction)),
      tf.add(tf.sqrt(vMax ?? v), scalar(this.epsilon)),
    );
    return {value: tf.sub(value, step), slots: {m, v, vMax}};
  }
}
