/**
 * Schedules that follow a simple formula. All count optimizer updates, 0 for the first.
 */
import {checkNames, checkNonNegative, checkOption, checkPositive, progress} from './options';
import type {Schedule} from './types';

/**
 * Always the same value.
 *
 * @throws ConfigurationError if the value is negative or not finite
 * @example
 * constant(0.01)(1000); // 0.01
 */
export function constant(value: number): Schedule {
  checkNonNegative('constant', {value});
  return () => value;
}

export interface StepDecayOptions {
  /** The value before the first drop. */
  initial: number;
  /** What each drop multiplies by. Default 0.1. */
  factor?: number;
  /** Updates between drops. */
  every: number;
}

/**
 * Drops by a factor every so many updates: `initial · factor^⌊count/every⌋` (PyTorch's StepLR).
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const rate = stepDecay({initial: 1, factor: 0.5, every: 10});
 * [rate(0), rate(9), rate(10), rate(25)]; // [1, 1, 0.5, 0.25]
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  checkNames('stepDecay', options, ['initial', 'factor', 'every']);
  const {initial, factor = 0.1, every} = options;
  checkNonNegative('stepDecay', {initial, factor});
  checkPositive('stepDecay', {every});
  return count => initial * factor ** Math.floor(Math.max(count, 0) / every);
}

export interface PiecewiseOptions {
  /** Update counts, ascending. */
  boundaries: readonly number[];
  /** One value more than there are boundaries. */
  values: readonly number[];
}

/**
 * One constant after another: `values[i]` up to and including count `boundaries[i]` (Keras's
 * PiecewiseConstantDecay; PyTorch's MultiStepLR changes one update earlier).
 *
 * @throws ConfigurationError if the boundaries do not ascend, or the numbers of values and boundaries do not fit
 * @example
 * const rate = piecewise({boundaries: [2, 5], values: [1, 0.1, 0.01]});
 * [rate(2), rate(3), rate(6)]; // [1, 0.1, 0.01]
 */
export function piecewise(options: PiecewiseOptions): Schedule {
  checkNames('piecewise', options, ['boundaries', 'values']);
  const {boundaries, values} = options;
  const ascending = boundaries.every((boundary, i) => i === 0 || boundary > boundaries[i - 1]!);
  checkOption('piecewise', 'boundaries', boundaries.join(', '), ascending, 'ascending numbers');
  const fits = values.length === boundaries.length + 1;
  checkOption(
    'piecewise',
    'the number of values',
    values.length,
    fits,
    `${boundaries.length + 1}, one more than boundaries`,
  );
  values.forEach((value, i) => checkNonNegative('piecewise', {[`values[${i}]`]: value}));
  const [limits, levels] = [[...boundaries, Infinity], [...values]];
  return count => levels[limits.findIndex(limit => count <= limit)]!;
}

export interface ExponentialOptions {
  initial: number;
  /** What `steps` updates multiply by. */
  rate: number;
  /** How many updates that takes. */
  steps: number;
  /** Multiply only at whole multiples of `steps`. Default false. */
  staircase?: boolean;
}

/**
 * Exponential decay without end: `initial · rate^(count/steps)` (Keras's ExponentialDecay).
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * exponential({initial: 1, rate: 0.25, steps: 10})(5); // 0.5
 */
export function exponential(options: ExponentialOptions): Schedule {
  checkNames('exponential', options, ['initial', 'rate', 'steps', 'staircase']);
  const {initial, rate, steps, staircase = false} = options;
  checkNonNegative('exponential', {initial});
  checkPositive('exponential', {rate, steps});
  return count => initial * rate ** periods(count, steps, staircase);
}

export interface InverseTimeOptions {
  initial: number;
  /** What `steps` updates add to the divisor. */
  rate: number;
  /** How many updates that takes. */
  steps: number;
  /** Divide only at whole multiples of `steps`. Default false. */
  staircase?: boolean;
}

/**
 * Inverse time decay without end: `initial / (1 + rate·count/steps)` (Keras's InverseTimeDecay).
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * inverseTime({initial: 1, rate: 0.5, steps: 10})(20); // 0.5
 */
export function inverseTime(options: InverseTimeOptions): Schedule {
  checkNames('inverseTime', options, ['initial', 'rate', 'steps', 'staircase']);
  const {initial, rate, steps, staircase = false} = options;
  checkNonNegative('inverseTime', {initial, rate});
  checkPositive('inverseTime', {steps});
  return count => initial / (1 + rate * periods(count, steps, staircase));
}

export interface PolynomialOptions {
  initial: number;
  /** The value after `steps` updates and ever after. Default 0.0001. */
  end?: number;
  steps: number;
  /** 1 is a straight line, 2 a parabola. Default 1. */
  power?: number;
  /** Start again from above at the end, each time for as many `steps` more. Default false. */
  cycle?: boolean;
}

/**
 * From one value to another along a power of the way left: `(initial − end)·(1 − count/steps)^power + end`
 * (Keras's PolynomialDecay).
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const rate = polynomial({initial: 1, end: 0, steps: 10});
 * [rate(5), rate(10), rate(99)]; // [0.5, 0, 0]
 */
export function polynomial(options: PolynomialOptions): Schedule {
  checkNames('polynomial', options, ['initial', 'end', 'steps', 'power', 'cycle']);
  const {initial, end = 0.0001, steps, power = 1, cycle = false} = options;
  checkNonNegative('polynomial', {initial, end});
  checkPositive('polynomial', {steps, power});
  return count => {
    const length = cycle ? steps * Math.max(1, Math.ceil(count / steps)) : steps;
    return (initial - end) * (1 - progress(count, length)) ** power + end;
  };
}

function periods(count: number, steps: number, staircase: boolean): number {
  const passed = Math.max(count, 0) / steps;
  return staircase ? Math.floor(passed) : passed;
}
