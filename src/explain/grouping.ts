/** Features that mean one thing together, as one. */
import {ConfigurationError, ShapeError} from '../core';
import type {ExplanationData, Values} from './explanation';

/**
 * Which group each column is in, by its name.
 *
 * @throws ConfigurationError for a column that does not exist, or is in two groups.
 */
export function ownersOf(
  groups: Readonly<Record<string, readonly number[]>>,
  width: number,
): ReadonlyMap<number, string> {
  const owners = new Map<number, string>();
  for (const [name, columns] of Object.entries(groups)) {
    for (const column of columns) {
      if (!Number.isInteger(column) || column < 0 || column >= width || owners.has(column)) {
        const why = owners.has(column) ? `is in '${owners.get(column)}' too` : 'does not exist';
        throw new ConfigurationError(`Group '${name}' lists column ${column}, which ${why}.`, {
          hint: `There are columns 0 to ${width - 1}, each for one group.`,
          code: 'configuration/group',
        });
      }
      owners.set(column, name);
    }
  }
  return owners;
}

/** See `Explanation.group`. */
export function groupFeatures(
  {method, evaluations, warnings, featureNames, classes}: ExplanationData,
  shape: readonly number[],
  groups: Readonly<Record<string, readonly number[]>>,
): ExplanationData {
  const [batch = 0, width = 0] = shape;
  if (shape.length !== 2) {
    throw new ShapeError(`Only features in a vector can be grouped; these have shape [${shape.join(', ')}].`);
  }
  if (classes[0]!.attributions.length > 1) {
    throw new ShapeError('Only the features of a single input can be grouped; these are of several.', {
      hint: 'Sum up the attributions of the input that is meant.',
    });
  }
  const owners = ownersOf(groups, width);
  const placeOfGroup = new Map<string, number>();
  const names: string[] = [];
  const places = Array.from({length: width}, (_, column) => {
    const group = owners.get(column);
    const known = group === undefined ? undefined : placeOfGroup.get(group);
    if (known !== undefined) return known;
    const place = names.push(group ?? featureNames?.[column] ?? `feature ${column}`) - 1;
    if (group !== undefined) placeOfGroup.set(group, place);
    return place;
  });
  const sum = ({data}: Values): Values => {
    const sums = new Float32Array(batch * names.length);
    data.forEach((value, i) => {
      const at = Math.floor(i / width) * names.length + places[i % width]!;
      sums[at] = sums[at]! + value;
    });
    return {data: sums, shape: [batch, names.length]};
  };
  return {
    ...{method, evaluations, warnings, featureNames: names},
    // A group has no value of its own.
    inputs: [],
    classes: classes.map(({standardErrors: _, surrogates: __, ...scores}) => ({
      ...scores,
      attributions: [sum(scores.attributions[0]!)],
    })),
  };
}
