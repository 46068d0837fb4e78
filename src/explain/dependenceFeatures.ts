/** Which columns a dependence is on. */
import {ConfigurationError, unknownName} from '../core';
import type {FeatureReference} from './counterfactualSpace';

/** One feature, or two together, by their names or columns. */
export type DependenceFeatures = FeatureReference | readonly [FeatureReference, FeatureReference];

/** The columns of each entry. @throws ConfigurationError for what is none. */
export function columnsOf(
  features: readonly DependenceFeatures[],
  names: readonly string[],
): readonly (readonly number[])[] {
  if (!Array.isArray(features) || features.length === 0) {
    throw new ConfigurationError('PartialDependence is told no features.', {
      hint: "Name them: explain(x, {features: ['age', ['age', 'bmi']]}).",
      code: 'configuration/features',
    });
  }
  return (features as readonly DependenceFeatures[]).map(entry => {
    const columns = (
      Array.isArray(entry) ? (entry as readonly FeatureReference[]) : [entry as FeatureReference]
    ).map(reference => columnOf(reference, names));
    if (columns.length <= 2 && columns.length > 0 && columns[0] !== columns[1]) return columns;
    throw new ConfigurationError(
      `[${columns.map(column => names[column]).join(', ')}] is no pair of features.`,
      {
        hint: 'Give one feature, or two different ones.',
        code: 'configuration/features',
      },
    );
  });
}

export function columnOf(reference: FeatureReference, names: readonly string[]): number {
  const named = typeof reference === 'string' ? names.indexOf(reference) : -1;
  // Keys of an object are strings: '3' is column 3, unless something is called so.
  const column = named >= 0 ? named : Number(reference);
  if (reference !== '' && names[column] !== undefined) return column;
  throw unknownName('feature', String(reference), names);
}
