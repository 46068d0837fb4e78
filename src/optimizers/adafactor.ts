/**
 * Adam's denominator in a row and a column: almost no memory for matrices.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../core';
import type {Schedule} from '../schedules';
import {decayingMean, sumOfSquares} from './moments';
import {Optimizer} from './optimizer';
import type {OptimizerOptions} from './optimizer';
import {checkNonNegative, checkPositive} from './options';
import type {RuleInput, RuleOutput} from './rule';
import type {SlotInits} from './slots';

export interface AdafactorOptions extends OptimizerOptions {
  /** The rate relative to the weight's size (root mean square). Default 0.001. */
  learningRate?: number | Schedule;
  /** The t-th update's share in the second moments is t to this power, which is negative. Default −0.8. */
  beta2Decay?: number;
  /** Added to squared gradients. Default 1e-30. */
  epsilon1?: number;
  /** The least size that a weight counts as having. Default 1e-3. */
  epsilon2?: number;
  /** Larger steps, by root mean square before the rate, are scaled down to this. Default 1. */
  clipThreshold?: number;
  /** Bounds the rate by 1/√t. Default true. */
  relativeStep?: boolean;
}

type AdafactorSlots = {readonly row?: Tensor; readonly column?: Tensor; readonly v?: Tensor};

/**
 * Adafactor (Shazeer and Stern 2018), as Keras defines it. Weights with two or more axes keep only means of
 * squared gradients along the last two, `row` and `column`; others keep all, `v`. The step
 * `g / √v`, clipped, is scaled by `max(ε₂, rms(w)) · rate`.
 *
 * Keras bounds the rate by 1/√t whatever `relative_step` says; here `relativeStep: false` means what it says
 * (at the default rate there is no difference for a million updates). A rate above the bound still sets the
 * weight decay, as in Keras.
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const w = tf.variable(tf.tensor1d([2, 2]));
 * new Adafactor({learningRate: 0.1}).step([{key: 'w', variable: w, gradient: tf.tensor1d([5, -5])}]);
 * w.dataSync(); // [1.8, 2.2]: a step of 0.1 times the weight's size
 */
export class Adafactor extends Optimizer<AdafactorSlots> {
  readonly name = 'adafactor';
  readonly beta2Decay: number;
  readonly epsilon1: number;
  readonly epsilon2: number;
  readonly clipThreshold: number;
  readonly relativeStep: boolean;

  constructor(options: AdafactorOptions = {}) {
    super(options, {
      learningRate: 0.001,
      names: ['beta2Decay', 'epsilon1', 'epsilon2', 'clipThreshold', 'relativeStep'],
    });
    this.beta2Decay = options.beta2Decay ?? -0.8;
    this.epsilon1 = options.epsilon1 ?? 1e-30;
    this.epsilon2 = options.epsilon2 ?? 1e-3;
    this.clipThreshold = options.clipThreshold ?? 1;
    this.relativeStep = options.relativeStep ?? true;
    if (!(this.beta2Decay < 0 && Number.isFinite(this.beta2Decay))) {
      throw new ConfigurationError(`Optimizer option beta2Decay is ${this.beta2Decay}; it must be below 0.`, {
        code: 'configuration/optimizer-option',
      });
    }
    checkPositive('epsilon1', this.epsilon1);
    checkNonNegative('epsilon2', this.epsilon2);
    checkPositive('clipThreshold', this.clipThreshold);
  }

  override getConfig(): Required<AdafactorOptions> {
    const {beta2Decay, epsilon1, epsilon2, clipThreshold, relativeStep} = this;
    return {...super.getConfig(), beta2Decay, epsilon1, epsilon2, clipThreshold, relativeStep};
  }

  protected override effectiveRate(rate: number, count: number): number {
    return this.relativeStep ? Math.min(rate, 1 / Math.sqrt(count + 1)) : rate;
  }

  protected slots(shape: readonly number[]): SlotInits {
    if (shape.length < 2) return {v: {shape}};
    return {row: {shape: shape.slice(0, -1)}, column: {shape: [...shape.slice(0, -2), shape.at(-1)!]}};
  }

  protected rule(input: RuleInput<AdafactorSlots>): RuleOutput<AdafactorSlots> {
    const {value, learningRate, scalar} = input;
    const {scaled, slots} = this.scaleGradient(input);
    const elements = scalar(value.size);
    const size = tf.maximum(rootMeanSquare(value, elements), scalar(this.epsilon2));
    const excess = tf.maximum(
      tf.div(rootMeanSquare(scaled, elements), scalar(this.clipThreshold)),
      scalar(1),
    );
    const rate = tf.div(tf.mul(size, scalar(learningRate)), excess);
    return {value: tf.sub(value, tf.mul(scaled, rate)), slots};
  }

  /** The gradient over the root of its second moment, and the slots that this moment leaves behind. */
  private scaleGradient({gradient, slots, count, scalar}: RuleInput<AdafactorSlots>): {
    scaled: Tensor;
    slots: AdafactorSlots;
  } {
    const share = scalar((count + 1) ** this.beta2Decay);
    const square = tf.add(tf.square(gradient), scalar(this.epsilon1));
    if (slots.row === undefined || slots.column === undefined) {
      const v = slots.v === undefined ? square : decayingMean(slots.v, square, share);
      return {scaled: tf.div(gradient, tf.sqrt(v)), slots: {v}};
    }
    const row = decayingMean(slots.row, tf.mean(square, -1), share);
    const column = decayingMean(slots.column, tf.mean(square, -2), share);
    // √(row/mean(row)) and √column divide one after the other: where a row and a column are both without
    // gradients, their product underflows in float32 and would give 0/0.
    const rowScale = tf.rsqrt(tf.div(row, tf.mean(row, -1, true)));
    const scaled = tf.mul(tf.mul(gradient, tf.expandDims(rowScale, -1)), tf.expandDims(tf.rsqrt(column), -2));
    return {scaled, slots: {row, column}};
  }
}

function rootMeanSquare(x: Tensor, elements: Scalar): Tensor {
  return tf.sqrt(tf.div(sumOfSquares(x), elements));
}
