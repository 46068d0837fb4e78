/** Features that mean one thing together, as one. */
import {ConfigurationError, ShapeError} from '../core';
import type {ExplanationData, Values} from './explanation';
import {membersOf, partName} from './parts';
import type {FeatureParts} from './parts';

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
  const hint = `Give columns by the groups' names, {city: [1, 2]}; there are columns 0 to ${width - 1}.`;
  for (const [name, columns] of Object.entries(groups ?? {'': []})) {
    if (!(columns instanceof Array) || columns.length === 0) {
      throw new ConfigurationError(`Group '${name}' lists no columns.`, {hint, code: 'configuration/group'});
    }
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
  {method, evaluations, warnings, featureNames, classes, parts}: ExplanationData,
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
  const name = (column: number): string => featureNames?.[column] ?? `feature ${column}`;
  // By a group's name, or by the first column of a feature in no group.
  const columns = new Map<string | number, {name: string; members: number[]}>();
  for (const {own, members} of featuresIn(parts, width)) {
    const [first, ...others] = members;
    const group = owners.get(first!);
    const stray = others.find(column => owners.get(column) !== group);
    if (stray !== undefined) {
      throw new ConfigurationError(
        `Columns ${first} and ${stray} are one feature, and not in the same group.`,
        {
          hint: 'Give a group all columns of a feature, or none.',
          code: 'configuration/group',
        },
      );
    }
    const key = group ?? first!;
    const column = columns.get(key) ?? {name: group ?? partName(own, members, name), members: []};
    // Columns that are one feature share its attribution: it counts once.
    column.members.push(first!);
    columns.set(key, column);
  }
  const places = [...columns.values()];
  const names = places.map(column => column.name);
  const sum = ({data}: Values): Values => ({
    data: Float32Array.from({length: batch * names.length}, (_, i) => {
      const row = Math.floor(i / names.length) * width;
      return places[i % names.length]!.members.reduce((total, column) => total + data[row + column]!, 0);
    }),
    shape: [batch, names.length],
  });
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

/** The columns of each feature, and its own name if it has one. */
function featuresIn(parts: FeatureParts | undefined, width: number): {own?: string; members: number[]}[] {
  if (parts === undefined) return Array.from({length: width}, (_, column) => ({members: [column]}));
  const {masks, names = []} = parts;
  const [{data, shape}] = masks as [Values];
  if (shape[0] === 1) {
    return membersOf([data])
      .flatMap((members, feature) => ({own: names[feature] ?? '', members}))
      .sort((a, b) => a.members[0]! - b.members[0]!);
  }
  throw new ShapeError('The examples have different feature masks: they cannot be grouped together.', {
    hint: 'Group one: explanation.example(0).group(…).',
  });
}
