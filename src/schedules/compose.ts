/**
 * Schedules made of others.
 */
import {checkNames, checkNonNegative, checkOption, checkPositive, progress} from './options';
import type {Schedule} from './types';

/**
 * One schedule after another, each on a clock of its own: `schedules[i + 1]` takes over at count
 * `boundaries[i]`, which is its 0 (optax's `join_schedules`).
 *
 * @throws ConfigurationError if the boundaries do not ascend, or there is not one schedule more than boundaries
 * @example
 * const rate = join([constant(1), exponential({initial: 0.5, rate: 0.5, steps: 1})], [10]);
 * [rate(9), rate(10), rate(11)]; // [1, 0.5, 0.25]
 */
export function join(schedules: readonly Schedule[], boundaries: readonly number[]): Schedule {
  const fits = schedules.length === boundaries.length + 1;
  checkOption(
    'join',
    'the number of schedules',
    schedules.length,
    fits,
    `${boundaries.length + 1}, one more than boundaries`,
  );
  const ascending = boundaries.every((boundary, i) => boundary > (boundaries[i - 1] ?? 0));
  checkOption('join', 'boundaries', boundaries.join(', '), ascending, 'ascending numbers above 0');
  const [parts, starts] = [[...schedules], [0, ...boundaries]];
  return count => {
    const index = Math.max(
      0,
      starts.findLastIndex(start => count >= start),
    );
    return parts[index]!(count - starts[index]!);
  };
}

export interface WarmupOptions {
  /** How many updates the warm-up takes. */
  steps: number;
  /** The value that it starts at. Default 0. */
  from?: number;
}

/**
 * A linear warm-up before any schedule: from `from` to the schedule's first value; the schedule's own count
 * begins when the warm-up is over (Goyal et al. 2017).
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const rate = warmup(polynomial({initial: 1, end: 0, steps: 100}), {steps: 10});
 * [rate(0), rate(5), rate(10), rate(60)]; // [0, 0.5, 1, 0.5]
 */
export function warmup(schedule: Schedule | number, options: WarmupOptions): Schedule {
  checkNames('warmup', options, ['steps', 'from']);
  const {steps, from = 0} = options;
  checkPositive('warmup', {steps});
  checkNonNegative('warmup', {from});
  const after: Schedule = typeof schedule === 'number' ? () => schedule : schedule;
  if (typeof schedule === 'number') checkNonNegative('warmup', {schedule});
  return join([count => from + (after(0) - from) * progress(count, steps), after], [steps]);
}
