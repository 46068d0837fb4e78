/**
 * A value that was given for another, as an error shows it: strings in quotes, so that `'2'` is not taken for 2.
 *
 * @example
 * asGiven('2'); // "'2'"
 */
export function asGiven(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return `the function ${value.name || 'without a name'}`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
