/** Dependence: what a feature adds to the score, over its value (Lundberg's plot). */
import {ConfigurationError} from '../../core';
import type {Explanation} from '../explanation';
import {meanFeatures} from './bar';
import {colorBar, least, most, shares} from './beeswarm';
import {featureColor, hex} from './colors';
import {attributionTable, placeOf} from './features';
import {settings, titleOf} from './options';
import type {PlotOptions} from './options';
import {horizontalAxis, linearScale, verticalAxis} from './scale';
import {element, fitted, label, page} from './svg';

const TOP = 46;
const PLOT = 300;

/**
 * A point for each example: along the axis the feature's value, upwards what it adds to the score. `colorBy` colours
 * the points by another feature, which shows how the two interact.
 *
 * @returns SVG text
 * @throws ConfigurationError for a feature that does not exist, or an explanation without the inputs' values;
 * ShapeError for images; DataError for attributions that are not finite.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.square(x), 1);
 * const explanation = await new InputXGradient(score).explain(tf.randomNormal([50, 2]));
 * dependencePlot(explanation, {feature: 0, colorBy: 1}).startsWith('<svg'); // true
 */
export function dependencePlot(explanation: Explanation, options: PlotOptions = {}): string {
  const {width, theme, feature, colorBy} = settings(explanation, options);
  const table = attributionTable(explanation, 'dependence');
  const {inputs} = table;
  const column = (data: Float32Array, at: number): Float32Array =>
    Float32Array.from({length: table.batch}, (_, row) => data[row * table.width + at]!);
  const at = placeOf(table, feature ?? mostImportant(explanation));
  const values = inputs && column(inputs, at);
  if (inputs === undefined || !values?.every(Number.isFinite)) {
    throw new ConfigurationError(
      'The explanation has no values of its features, which a dependence plot shows.',
      {
        hint: 'Grouped features and embedded words have none: explain the features themselves.',
        code: 'configuration/plot',
      },
    );
  }
  const attributions = column(table.data, at);
  const color = colorBy === undefined ? undefined : placeOf(table, colorBy);
  const colors = color === undefined ? undefined : shares(column(inputs, color));
  const [bottom, left, right] = [TOP + PLOT, 86, width - (colors ? 90 : 24)];
  const x = linearScale(least(values), most(values), left + 10, right - 6);
  const y = linearScale(
    Math.min(0, least(attributions)),
    Math.max(0, most(attributions)),
    bottom - 8,
    TOP + 8,
  );
  const name = table.names[at]!;
  const title = titleOf(explanation, options);
  const points = [...values].map((value, i) =>
    element('circle', {
      ...{cx: x(value), cy: y(attributions[i]!), r: 3.4, 'fill-opacity': 0.8},
      ...(colors === undefined ? {class: 'plain'} : {fill: hex(featureColor(colors[i]!))}),
    }),
  );
  return page(
    label(fitted(title, width - 32, 15), 16, 27, {class: 'ink title'}) +
      verticalAxis(y, left, right, `attribution of ${name}`) +
      horizontalAxis(x, TOP, bottom, fitted(name, right - left)) +
      points.join('') +
      (color === undefined ? '' : colorBar(width - 66, TOP + 4, PLOT - 8, table.names[color]!)),
    {width, height: bottom + 50, theme, description: title},
  );
}

function mostImportant(explanation: Explanation): number {
  const features = meanFeatures(explanation);
  return features.reduce(
    (best, {attribution}, i) => (attribution > features[best]!.attribution ? i : best),
    0,
  );
}
