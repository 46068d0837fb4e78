/** Curves of deletion or insertion, one for each explainer. */
import {ConfigurationError} from '../../core';
import type {PerturbationCurve} from '../evaluation/curves';
import {hex, lineColor} from './colors';
import {settings} from './options';
import type {PlotOptions} from './options';
import {horizontalAxis, linearScale, verticalAxis} from './scale';
import {element, heading, label, page, path, textWidth} from './svg';

const TOP = 46;
const PLOT = 230;
const LEGEND = 22;

/**
 * Scores while features go or come, from none of them to all, as lines: the mean over the examples, or one of them.
 *
 * @param curves by name, such as those of several explainers
 * @returns SVG text
 * @throws ConfigurationError for no curve, or wrong options.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [3, 1]), 1);
 * const x = tf.tensor2d([[1, 1]]);
 * const explanation = await new InputXGradient(score).explain(x);
 * const {deletion, insertion} = await perturbationCurves(score, x, explanation);
 * curvesPlot({deletion, insertion}, {title: 'Input times gradient'}).startsWith('<svg'); // true
 */
export function curvesPlot(
  curves: Readonly<Record<string, PerturbationCurve>>,
  options: PlotOptions = {},
): string {
  const named = Object.entries(curves);
  if (named.length === 0) {
    throw new ConfigurationError('There is no curve to plot.', {
      hint: 'Give curves by name, {deletion, insertion}.',
      code: 'configuration/plot',
    });
  }
  const batch = named[0]![1].auc.length;
  const {width, theme, example, title = 'Scores on the way'} = settings({batch}, options);
  const lines = named.map(([name, curve]) => ({name, scores: along(curve, example)}));
  const all = lines.flatMap(({scores}) => scores);
  const [left, right, bottom] = [86, width - 24, TOP + PLOT];
  const x = linearScale(0, 100, left, right);
  const y = linearScale(Math.min(0, ...all), Math.max(0, ...all), bottom - 6, TOP + 8);
  let [at, row] = [16, 0];
  const drawn = lines.map(({name, scores}, i) => {
    const color = hex(lineColor(i));
    const room = textWidth(name) + 34;
    if (at > 16 && at + room > width) [at, row] = [16, row + 1];
    const height = bottom + 62 + row * LEGEND;
    const key =
      element('circle', {cx: at + 5, cy: height - 4, r: 5, fill: color}) + label(name, at + 16, height);
    at += room;
    const points = scores.map((score, step) => [x((100 * step) / (scores.length - 1)), y(score)] as const);
    return path(points, {stroke: color, fill: 'none', 'stroke-width': 2, 'stroke-linejoin': 'round'}) + key;
  });
  const note = example === undefined && batch > 1 ? ` (mean of ${batch} examples)` : '';
  return page(
    heading(title, note, width) +
      verticalAxis(y, left, right, 'score') +
      horizontalAxis(x, TOP, bottom, 'changed features, %') +
      drawn.join(''),
    {width, height: bottom + 74 + row * LEGEND, theme, description: title},
  );
}

/** The scores of an example, or their mean. */
function along({scores: {data, shape}}: PerturbationCurve, example: number | undefined): number[] {
  const [batch, points] = shape as [number, number];
  return Array.from({length: points}, (_, step) => {
    if (example !== undefined) return data[example * points + step]!;
    let sum = 0;
    for (let i = 0; i < batch; i++) sum += data[i * points + step]!;
    return sum / batch;
  });
}
