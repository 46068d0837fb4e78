/**
 * Checks of schedule options: what cannot mean anything is refused when the schedule is made.
 */
import {ConfigurationError, checkNames as checkNamesOf} from '../core';

/** Throws a ConfigurationError, naming schedule and option, unless `valid`. */
export function checkOption(
  schedule: string,
  option: string,
  value: unknown,
  valid: boolean,
  expected: string,
): void {
  if (valid) return;
  throw new ConfigurationError(`${schedule}: ${option} is ${String(value)}; it must be ${expected}.`, {
    code: 'configuration/schedule-option',
  });
}

/** Throws unless each of the named values is a finite number that is at least 0. */
export function checkNonNegative(schedule: string, values: Readonly<Record<string, number>>): void {
  for (const [option, value] of Object.entries(values)) {
    checkOption(schedule, option, value, Number.isFinite(value) && value >= 0, 'a finite number, at least 0');
  }
}

/** Throws unless each of the named values is a finite number above 0. */
export function checkPositive(schedule: string, values: Readonly<Record<string, number>>): void {
  for (const [option, value] of Object.entries(values)) {
    checkOption(schedule, option, value, Number.isFinite(value) && value > 0, 'a finite number above 0');
  }
}

/** Throws for an option that the schedule does not have. */
export function checkNames(schedule: string, options: object, known: readonly string[]): void {
  checkNamesOf(schedule, options, known, kerasNames);
}

const kerasNames = {
  initialLearningRate: 'initial',
  initial_learning_rate: 'initial',
  decaySteps: 'steps',
  decay_steps: 'steps',
  decayRate: 'rate',
  decay_rate: 'rate',
  endLearningRate: 'end',
  end_learning_rate: 'end',
  warmup_steps: 'warmupSteps',
  warmup_target: 'warmupTarget',
};

/** `count` over `steps` as a number from 0 to 1: before the start 0, beyond the end 1. */
export function progress(count: number, steps: number): number {
  return Math.min(Math.max(count / steps, 0), 1);
}
