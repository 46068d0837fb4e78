/** Checks of options that many explainers have. */
import {ConfigurationError, asGiven} from '../core';

/** Options that are whole numbers in whatever explainer, and the least that each can be. */
const WHOLE_NUMBERS = {batchSize: 1, samples: 1, steps: 1, maxEvaluations: 1, repeats: 1, seed: -Infinity};

/** @throws ConfigurationError for an option of them that is none. */
export function checkWholeNumbers(owner: string, options: object): void {
  const given = options as Readonly<Record<string, unknown>>;
  for (const [name, least] of Object.entries(WHOLE_NUMBERS))
    checkWholeNumber(owner, name, given[name], least);
}

/** @throws ConfigurationError unless it is a whole number, or not given. */
export function checkWholeNumber(owner: string, name: string, value: unknown, least = 1): void {
  if (value === undefined || (Number.isInteger(value) && (value as number) >= least)) return;
  throw new ConfigurationError(`${name} of ${owner} is ${asGiven(value)}.`, {
    hint: `Give a whole number${least > -Infinity ? `, at least ${least}` : ''}.`,
  });
}

/** @throws ConfigurationError unless it is a finite number above 0. */
export function checkPositive(owner: string, name: string, value: unknown): void {
  if (Number.isFinite(value) && (value as number) > 0) return;
  throw new ConfigurationError(`${name} of ${owner} is ${asGiven(value)}.`, {hint: 'Give a number above 0.'});
}
