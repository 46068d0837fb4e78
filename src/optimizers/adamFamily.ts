/**
 * The options that Adam and its relatives share.
 */
import type {Schedule} from '../schedules';
import {Optimizer} from './optimizer';
import type {OptimizerOptions} from './optimizer';
import {checkFraction, checkNonNegative, checkScheduled, scheduledValue} from './options';
import type {SlotTensors} from './slots';

export interface AdamFamilyOptions extends OptimizerOptions {
  /** Default 0.001. */
  learningRate?: number | Schedule;
  /** Decay rate of the gradients' mean, in [0, 1), or a schedule of it. Default 0.9. */
  beta1?: number | Schedule;
  /** Decay rate of the mean (Adamax: maximum) of the gradients' size, in [0, 1). Default 0.999. */
  beta2?: number;
  /** Keeps the denominator away from 0. Default 1e-7. */
  epsilon?: number;
}

export abstract class AdamFamily<S extends SlotTensors> extends Optimizer<S> {
  readonly beta1: number | Schedule;
  readonly beta2: number;
  readonly epsilon: number;

  protected constructor(
    options: AdamFamilyOptions,
    defaults: {weightDecay?: number; names?: readonly string[]} = {},
  ) {
    const names = ['beta1', 'beta2', 'epsilon', ...(defaults.names ?? [])];
    super(options, {learningRate: 0.001, ...defaults, names});
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.999;
    this.epsilon = options.epsilon ?? 1e-7;
    checkScheduled('beta1', this.beta1, checkFraction);
    checkFraction('beta2', this.beta2);
    checkNonNegative('epsilon', this.epsilon);
  }

  override getConfig(): Required<AdamFamilyOptions> {
    return {...super.getConfig(), beta1: this.beta1, beta2: this.beta2, epsilon: this.epsilon};
  }

  /** β₁ of the update that follows `count` others. */
  protected beta1At(count: number): number {
    return scheduledValue('beta1', this.beta1, count, checkFraction);
  }

  /** √(1 − β₂ᵗ): what takes the bias of the start at 0 out of the root of the squared gradients' mean. */
  protected rootCorrection(count: number): number {
    return Math.sqrt(1 - this.beta2 ** (count + 1));
  }
}
