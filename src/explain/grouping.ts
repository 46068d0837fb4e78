/** Features that mean one thing together, as one. */
import {ConfigurationError, ShapeError} from '../core';
import type {ExplanationData, Values} from './explanation';

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
  const owner = new Map<number, string>();
  for (const [name, columns] of Object.entries(groups)) {
    for (const column of columns) {
      if (!Number.isInteger(column) || column < 0 || column >= width || owner.has(column)) {
        throw new ConfigurationError(
          `Group '${name}' lists column ${column}, which ${owner.has(column) ? `is in '${owner.get(column)}' too` : 'does not exist'}.`,
          {hint: `There are columns 0 to ${width - 1}, each for one group.`, code: 'configuration/group'},
        );
      }
      owner.set(column, name);
    }
  }
  const names: string[] = [];
  const places = Array.from({length: width}, (_, column) => {
    const name = owner.get(column) ?? featureNames?.[column] ?? `feature ${column}`;
    const at = owner.has(column) ? names.indexOf(name) : -1;
    return at >= 0 ? at : names.push(name) - 1;
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
