/**
 * Schedules along half a cosine.
 */
import {checkNames, checkNonNegative, checkOption, checkPositive, progress} from './options';
import type {Schedule} from './types';

export interface CosineOptions {
  /** Where the value starts: the top, unless there is a warm-up. */
  initial: number;
  /** How many updates the way down takes (after the warm-up). */
  steps: number;
  /** The value at the end, as a fraction of the top, in [0, 1]. Default 0. */
  alpha?: number;
  /** How many updates to rise from `initial` to `warmupTarget` first, along a line. Default 0. */
  warmupSteps?: number;
  /** The top, after a warm-up. */
  warmupTarget?: number;
}

/**
 * Down along half a cosine, after a linear warm-up if asked for; constant after that (Loshchilov and Hutter
 * 2017; Keras's CosineDecay).
 *
 * @throws ConfigurationError if an option is out of range, or one of the warm-up's two is set alone
 * @example
 * const rate = cosine({initial: 0, warmupTarget: 1, warmupSteps: 10, steps: 100});
 * [rate(5), rate(10), rate(60), rate(110)]; // [0.5, 1, 0.5, 0]
 */
export function cosine(options: CosineOptions): Schedule {
  checkNames('cosine', options, ['initial', 'steps', 'alpha', 'warmupSteps', 'warmupTarget']);
  const {initial, steps, alpha = 0, warmupSteps = 0, warmupTarget} = options;
  checkNonNegative('cosine', {initial, warmupSteps, warmupTarget: warmupTarget ?? 0});
  checkPositive('cosine', {steps});
  checkAlpha('cosine', alpha);
  const paired = warmupSteps > 0 === (warmupTarget !== undefined);
  checkOption('cosine', 'warmupTarget', warmupTarget, paired, 'set if and only if warmupSteps is above 0');
  const top = warmupTarget ?? initial;
  return count => {
    if (count < warmupSteps) return initial + (top - initial) * progress(count, warmupSteps);
    return top * (alpha + (1 - alpha) * halfCosine(progress(count - warmupSteps, steps)));
  };
}

export interface CosineRestartsOptions {
  /** The top of the first period. */
  initial: number;
  /** Updates in the first period. */
  steps: number;
  /** What each period's length is multiplied by for the next, at least 1. Default 2. */
  stepsMultiplier?: number;
  /** What each period's top is multiplied by for the next. Default 1. */
  peakMultiplier?: number;
  /** The value at a period's end, as a fraction of its top, in [0, 1]. Default 0. */
  alpha?: number;
}

/**
 * Down along half a cosine, again and again (SGDR, Loshchilov and Hutter 2017; Keras's CosineDecayRestarts).
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const rate = cosineRestarts({initial: 1, steps: 10});
 * [rate(5), rate(10), rate(20)]; // [0.5, 1, 0.5]
 */
export function cosineRestarts(options: CosineRestartsOptions): Schedule {
  checkNames('cosineRestarts', options, ['initial', 'steps', 'stepsMultiplier', 'peakMultiplier', 'alpha']);
  const {initial, steps, stepsMultiplier = 2, peakMultiplier = 1, alpha = 0} = options;
  checkNonNegative('cosineRestarts', {initial, peakMultiplier});
  checkPositive('cosineRestarts', {steps});
  const growing = Number.isFinite(stepsMultiplier) && stepsMultiplier >= 1;
  checkOption('cosineRestarts', 'stepsMultiplier', stepsMultiplier, growing, 'a finite number, at least 1');
  checkAlpha('cosineRestarts', alpha);
  return count => {
    let [position, length, top] = [Math.max(count, 0), steps, initial];
    if (stepsMultiplier === 1) {
      top *= peakMultiplier ** Math.floor(position / length);
      position %= length;
    } else {
      for (; position >= length; length *= stepsMultiplier, top *= peakMultiplier) position -= length;
    }
    return top * (alpha + (1 - alpha) * halfCosine(position / length));
  };
}

/** From 1 at 0 to 0 at 1. */
export function halfCosine(position: number): number {
  return (1 + Math.cos(Math.PI * position)) / 2;
}

function checkAlpha(schedule: string, alpha: number): void {
  checkOption(schedule, 'alpha', alpha, alpha >= 0 && alpha <= 1, 'from 0 to 1');
}
