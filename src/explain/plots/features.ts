/** An explanation's numbers as features: names, values, attributions. */
import {DataError, ShapeError, unknownName} from '../../core';
import type {Explanation, Values} from '../explanation';

/** One row of a plot: a feature, or all that have no row of their own. */
export interface Feature {
  readonly name: string;
  /** Its value in the example, where it has one. */
  readonly value?: number;
  readonly attribution: number;
}

/** `[batch, width]`, row by row. */
export interface Table {
  readonly data: Float32Array;
  readonly batch: number;
  readonly width: number;
}

/**
 * The attributions of features in a vector; of words, the sum over their embedding.
 *
 * @throws ShapeError for images and other shapes, DataError for numbers that are not finite.
 */
export function attributionTable(explanation: Explanation, plot: string): Table {
  const {values, shape, batch} = explanation;
  checkFinite(values, explanation);
  const [rows = batch, width = 1, depth = 1] = shape;
  const inner = shape.length === 3 ? depth : 1;
  if (shape.length > 3 || (shape.length === 3 && explanation.data.inputs[0]?.shape.length !== 2)) {
    throw new ShapeError(
      `A ${plot} plot shows features in a vector; these have shape [${shape.join(', ')}].`,
      {
        hint: "Images are shown by plot('heatmap').",
        code: 'shape/plot',
      },
    );
  }
  if (values.length === 0) {
    throw new DataError('There is no feature to plot.', {code: 'data/empty'});
  }
  if (inner === 1) return {data: values, batch: rows, width};
  const data = new Float32Array(rows * width);
  values.forEach((value, i) => {
    const at = Math.floor(i / inner);
    data[at] = data[at]! + value;
  });
  return {data, batch: rows, width};
}

/** The values of the features, where the explanation has them in the same places. */
export function inputTable({data: {inputs}}: Explanation, {batch, width}: Table): Values | undefined {
  const [input] = inputs;
  return input !== undefined && input.data.length === batch * width ? input : undefined;
}

export function featureName(explanation: Explanation, at: number, example?: number): string {
  const names = example === undefined ? explanation.featureNames : explanation.featureNamesOf(example);
  return names?.[at] ?? `feature ${at}`;
}

/** The features of an example, in their order. */
export function featuresOf(explanation: Explanation, example: number, plot: string): Feature[] {
  const table = attributionTable(explanation, plot);
  const {width, data} = table;
  // Words and conditions such as 'age <= 30' say their value themselves.
  const inputs =
    explanation.data.exampleFeatureNames === undefined ? inputTable(explanation, table) : undefined;
  return Array.from({length: width}, (_, i) => {
    const value = inputs?.data[example * width + i];
    return {
      name: featureName(explanation, i, example),
      attribution: data[example * width + i]!,
      ...(value !== undefined && {value}),
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
export function placeOf(explanation: Explanation, feature: string | number, width: number): number {
  const names = Array.from({length: width}, (_, i) => featureName(explanation, i));
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
