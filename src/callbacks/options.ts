/**
 * Checks of callbacks' options, so that a slip is an error when the callback is made and not hours later.
 */
import {ConfigurationError} from '../core';

export {checkNames} from '../core';

/** Throws unless `value` is an integer of at least `least`. */
export function checkInteger(owner: string, name: string, value: unknown, least: number): void {
  if (!Number.isInteger(value) || (value as number) < least) {
    throw badOption(owner, name, value, `an integer of at least ${least}`);
  }
}

/** Throws unless `value` is a finite number for which `fits` holds. */
export function checkNumber(
  owner: string,
  name: string,
  value: unknown,
  expected = 'a finite number',
  fits: (value: number) => boolean = () => true,
): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || !fits(value)) {
    throw badOption(owner, name, value, expected);
  }
}

/** The error for an option's value that cannot mean anything. */
export function badOption(owner: string, name: string, value: unknown, expected: string): ConfigurationError {
  const found = typeof value === 'string' ? `'${value}'` : String(value);
  return new ConfigurationError(`${owner}: ${name} is ${found}; it should be ${expected}.`, {
    code: 'configuration/option',
  });
}
