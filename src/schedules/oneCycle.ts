/**
 * One cycle: up, and down to almost nothing, with the momentum going the other way.
 */
import {halfCosine} from './cosine';
import {checkNames, checkNonNegative, checkOption, checkPositive, progress} from './options';
import type {Schedule} from './types';

export interface OneCycleOptions {
  /** The highest value: what `findLearningRate` suggests, say. */
  peak: number;
  /** All updates of the run: epochs × updates an epoch. */
  steps: number;
  /** The share of `steps` on the way up, between 0 and 1. Default 0.25. */
  warmupFraction?: number;
  /** The cycle starts at `peak / startDivisor`. Default 25. */
  startDivisor?: number;
  /** The cycle ends at `peak / endDivisor`. Default 1e5. */
  endDivisor?: number;
}

/**
 * The one-cycle policy (Smith 2018) in fastai's form: along half a cosine from `peak/25` to `peak` in the first
 * quarter, then along another to `peak/1e5`; constant after that.
 *
 * The value at count `steps` is the end; PyTorch's OneCycleLR reaches it one update earlier. Beside it,
 * `oneCycleMomentum` moves SGD's `momentum` or Adam's `beta1`.
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const rate = oneCycle({peak: 1, steps: 100});
 * [rate(0), rate(25), rate(100)]; // [0.04, 1, 0.00001]
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  checkNames('oneCycle', options, ['peak', 'steps', 'warmupFraction', 'startDivisor', 'endDivisor']);
  const {peak, steps, warmupFraction = 0.25, startDivisor = 25, endDivisor = 1e5} = options;
  checkPositive('oneCycle', {peak, steps, startDivisor, endDivisor});
  checkWarmupFraction('oneCycle', warmupFraction);
  return twoHalves(peak / startDivisor, peak, peak / endDivisor, steps, warmupFraction);
}

export interface OneCycleMomentumOptions {
  /** All updates of the run, as for `oneCycle`. */
  steps: number;
  /** The momentum at both ends. Default 0.95. */
  high?: number;
  /** The momentum where the rate is highest. Default 0.85. */
  low?: number;
  /** As for `oneCycle`. Default 0.25. */
  warmupFraction?: number;
}

/**
 * The momentum that goes with `oneCycle` (fastai): along half cosines from 0.95 down to 0.85 and back.
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const steps = 100;
 * const adam = new Adam({learningRate: oneCycle({peak: 1e-3, steps}), beta1: oneCycleMomentum({steps})});
 * const momentum = oneCycleMomentum({steps});
 * [momentum(0), momentum(25), momentum(100)]; // [0.95, 0.85, 0.95]
 */
export function oneCycleMomentum(options: OneCycleMomentumOptions): Schedule {
  checkNames('oneCycleMomentum', options, ['steps', 'high', 'low', 'warmupFraction']);
  const {steps, high = 0.95, low = 0.85, warmupFraction = 0.25} = options;
  checkPositive('oneCycleMomentum', {steps});
  checkNonNegative('oneCycleMomentum', {high, low});
  checkOption('oneCycleMomentum', 'high', high, high < 1, 'below 1');
  checkOption('oneCycleMomentum', 'low', low, low < 1, 'below 1');
  checkWarmupFraction('oneCycleMomentum', warmupFraction);
  return twoHalves(high, low, high, steps, warmupFraction);
}

/** Along half a cosine from `start` to `middle`, and along another to `end`. */
function twoHalves(start: number, middle: number, end: number, steps: number, turn: number): Schedule {
  return count => {
    const position = progress(count, steps);
    return position < turn
      ? middle + (start - middle) * halfCosine(position / turn)
      : end + (middle - end) * halfCosine((position - turn) / (1 - turn));
  };
}

function checkWarmupFraction(schedule: string, fraction: number): void {
  checkOption(schedule, 'warmupFraction', fraction, fraction > 0 && fraction < 1, 'between 0 and 1');
}
