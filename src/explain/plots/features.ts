/** An explanation's numbers as features: names, values, attributions. */
import {DataError, ShapeError, unknownName} from '../../core';
import type {Explanation, Values} from '../explanation';
import {membersOf, partName} from '../parts';
import {row} from '../values';

/** One row of a plot: a feature, or all that have no row of their own. */
export interface Feature {
  readonly name: string;
  /** Its value in the example, where it has one. */
  readonly value?: number;
  readonly attribution: number;
}

/** A feature among an explanation's numbers. */
interface Column {
  readonly name: string;
  /** The numbers whose sum is its attribution, as places in those of all inputs one after the other. */
  readonly places: readonly number[];
  /** The place of its value among the examples' numbers, where it is a single one. */
  readonly input?: number;
}

/** `[batch, width]`, row by row. */
export interface Table {
  readonly data: Float32Array;
  readonly batch: number;
  readonly width: number;
  readonly names: readonly string[];
  /** The features' values in each example, NaN where one has none; absent where none has. */
  readonly inputs?: Float32Array;
}

/**
 * The attributions of features: those of vectors, of all inputs; of words, the sum over their embedding; once for each
 * feature of a mask; of pairs, both halves together.
 *
 * @param example whose names and mask count, where examples differ
 * @throws ShapeError for images and other shapes, DataError for numbers that are not finite.
 */
export function attributionTable(explanation: Explanation, plot: string, example?: number): Table {
  const {attributions, batch} = explanation;
  for (const {data} of attributions) checkFinite(data, explanation);
  const columns = columnsOf(explanation, plot, example);
  if (columns.length === 0) throw new DataError('There is no feature to plot.', {code: 'data/empty'});
  const read = (values: readonly Values[], placesOf: (column: Column) => readonly number[]): Float32Array => {
    const sizes = values.map(({data}) => data.length / batch);
    const rows = Array.from({length: batch}, (_, row) =>
      values.flatMap(({data}, i) => [...data.subarray(row * sizes[i]!, (row + 1) * sizes[i]!)]),
    );
    return Float32Array.from(
      rows.flatMap(row => columns.map(column => placesOf(column).reduce((sum, at) => sum + row[at]!, 0))),
    );
  };
  const {inputs} = explanation.data;
  return {
    data: read(attributions, ({places}) => places),
    ...{batch, width: columns.length, names: columns.map(({name}) => name)},
    ...(columns.some(({input}) => input !== undefined) && {
      inputs: read(inputs, ({input = -1}) => [input]),
    }),
  };
}

function columnsOf(explanation: Explanation, plot: string, example: number | undefined): Column[] {
  const {attributions, batch, data} = explanation;
  const {inputs, parts, arePairs = false} = data;
  const [{shape}] = attributions as [Values];
  const isEmbedded = shape.length === 3 && inputs[0]?.shape.length === 2;
  const areVectors = attributions.every(({shape: {length}}) => length <= 2);
  if (!areVectors && !arePairs && !(isEmbedded && attributions.length === 1)) {
    throw new ShapeError(
      `A ${plot} plot shows features in vectors; these have shape ${attributions.map(of => `[${of.shape.join(', ')}]`).join(' and ')}.`,
      {
        hint: "Images are shown by plot('heatmap'); one of several inputs by forInput(0).plot().",
        code: 'shape/plot',
      },
    );
  }
  const numbers = (values: readonly Values[]): number =>
    values.reduce((sum, of) => sum + of.data.length / batch, 0);
  const widths = attributions.map(({shape: [, width = 1]}) => width);
  const name = (place: number): string => {
    const names = example === undefined ? explanation.featureNames : explanation.featureNamesOf(example);
    if (names?.[place] !== undefined || attributions.length === 1)
      return names?.[place] ?? `feature ${place}`;
    let input = 0;
    let at = place;
    while (at >= widths[input]!) at -= widths[input++]!;
    return `feature ${at} of input ${input}`;
  };
  const count = widths.reduce((sum, width) => sum + width, 0);
  const places = Array.from({length: count}, (_, place) => place);
  if (arePairs) return pairs(count, name);
  if (isEmbedded) {
    const depth = shape[2]!;
    return places.map(at => ({
      name: name(at),
      places: Array.from({length: depth}, (_, i) => at * depth + i),
      ...(numbers(inputs) === count && {input: at}),
    }));
  }
  // Words and conditions such as 'age <= 30' say their value themselves.
  const hasValues = numbers(inputs) === count && data.exampleFeatureNames === undefined;
  if (parts === undefined || plot === 'text') {
    return places.map(at => ({name: name(at), places: [at], ...(hasValues && {input: at})}));
  }
  if (example === undefined && parts.masks.some(({shape: [rows]}) => rows! > 1)) {
    throw new ShapeError('The examples have different feature masks: no plot can show them together.', {
      hint: `Show one: plot('${plot}', {example: 0}).`,
      code: 'shape/plot',
    });
  }
  const labels = parts.masks.map(mask => row(mask, (example ?? 0) % mask.shape[0]!).data);
  // Not each feature is of each input: flatMap leaves the others out.
  return membersOf(labels).flatMap((members, feature) => ({
    name: partName(parts.names?.[feature], members, name),
    places: members.slice(0, 1),
    ...(hasValues && members.length === 1 && {input: members[0]!}),
  }));
}

/** What features add by themselves, and then what two do only together. */
function pairs(count: number, name: (place: number) => string): Column[] {
  const columns = Array.from({length: count}, (_, i): Column => ({name: name(i), places: [i * count + i]}));
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++)
      columns.push({name: `${name(i)} × ${name(j)}`, places: [i * count + j, j * count + i]});
  }
  return columns;
}

/** The features of an example, in their order. */
export function featuresOf(explanation: Explanation, example: number, plot: string): Feature[] {
  const {data, width, names, inputs} = attributionTable(explanation, plot, example);
  return names.map((name, i) => {
    const value = inputs?.[example * width + i];
    return {
      name,
      attribution: data[example * width + i]!,
      ...(value !== undefined && !Number.isNaN(value) && {value}),
    };
  });
}

/** The largest first, by |attribution|; what has no room is summed up in a last row. */
export function largest(features: readonly Feature[], maxFeatures: number): Feature[] {
  const sorted = [...features].sort((a, b) => Math.abs(b.attribution) - Math.abs(a.attribution));
  if (sorted.length <= maxFeatures) return sorted;
  const rest = sorted.splice(maxFeatures - 1);
  const attribution = rest.reduce((sum, feature) => sum + feature.attribution, 0);
  return [...sorted, {name: `${rest.length} other features`, attribution}];
}

/** The place of a feature. @throws ConfigurationError for one that does not exist. */
export function placeOf({names}: Table, feature: string | number): number {
  const at = typeof feature === 'number' ? feature : names.indexOf(feature);
  if (names[at] === undefined) throw unknownName('feature', String(feature), names);
  return at;
}

/** @throws DataError if an attribution is NaN or infinite. */
export function checkFinite(values: Float32Array, {method}: Explanation): void {
  const at = values.findIndex(value => !Number.isFinite(value));
  if (at < 0) return;
  throw new DataError(
    `The attributions of ${method} hold ${values[at]} at place ${at}: there is no place for it in a plot.`,
    {
      hint: 'Look at what the model gives for this input.',
      code: 'data/not-finite',
    },
  );
}
