/** Refusals of arguments that mean nothing. */
import {ConfigurationError} from '../core';

/** Throws unless `value` is a whole number of at least `least` (or Infinity, where that is allowed). */
export function checkCount(what: string, value: number, least: number, {endless = false} = {}): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  if (endless && value === Infinity) return;
  throw new ConfigurationError(`${what} is ${String(value)}.`, {
    hint: `It must be a whole number of at least ${least}${endless ? ', or Infinity' : ''}.`,
    code: 'configuration/count',
  });
}

/** Throws unless `seed` is a whole number or left out. */
export function checkSeed(what: string, seed: number | undefined): void {
  if (seed === undefined || Number.isSafeInteger(seed)) return;
  throw new ConfigurationError(`${what} is ${String(seed)}.`, {
    hint: 'Seeds are whole numbers.',
    code: 'configuration/seed',
  });
}

/** Throws unless `fn` is a function. */
export function checkFunction(what: string, fn: unknown): void {
  if (typeof fn === 'function') return;
  throw new ConfigurationError(`${what} takes a function, got ${fn === null ? 'null' : typeof fn}.`, {
    code: 'configuration/function',
  });
}
