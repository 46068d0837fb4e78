/**
 * Checks of optimizer options: what cannot mean anything is refused when the optimizer is made.
 */
import {ConfigurationError} from '../core';
import type {Schedule} from '../schedules';

/** Throws unless `value` is a finite number that is at least 0. */
export function checkNonNegative(option: string, value: number): void {
  if (!Number.isFinite(value) || value < 0)
    throw refused(option, value, 'a finite number that is at least 0');
}

/** Throws unless `value` is a finite number above 0. */
export function checkPositive(option: string, value: number): void {
  if (!Number.isFinite(value) || value <= 0) throw refused(option, value, 'a finite number above 0');
}

/** Throws unless `value` is in [0, 1). */
export function checkFraction(option: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw refused(option, value, 'at least 0 and below 1');
}

/** Throws unless `value` is a function, or a number that `check` lets pass. */
export function checkScheduled(
  option: string,
  value: number | Schedule,
  check: (option: string, value: number) => void,
): void {
  if (typeof value !== 'function') check(option, value);
}

/** The value of a number or schedule at `count`, checked. */
export function scheduledValue(
  option: string,
  value: number | Schedule,
  count: number,
  check: (option: string, value: number) => void,
): number {
  if (typeof value === 'number') return value;
  const result = value(count);
  check(`${option}(${count})`, result);
  return result;
}

function refused(option: string, value: unknown, expected: string): ConfigurationError {
  return new ConfigurationError(`Optimizer option ${option} is ${String(value)}; it must be ${expected}.`, {
    code: 'configuration/optimizer-option',
  });
}
