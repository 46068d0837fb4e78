/** A waterfall: step by step from the base value to the score (Lundberg's plot). */
import {ConfigurationError} from '../../core';
import type {Explanation} from '../explanation';
import {labelColumn, ROW, rowLabel, rowName} from './bar';
import {featuresOf, largest} from './features';
import type {Feature} from './features';
import {settings, titleOf} from './options';
import type {PlotOptions} from './options';
import {horizontalAxis, linearScale, number, signed} from './scale';
import {element, fitted, label, page, textWidth} from './svg';

/** What the attributions may miss of the difference before it gets a row of its own. */
const NOTEWORTHY = 0.01;
const TOP = 66;

/**
 * From the base value at the bottom to the score at the top, one feature a step, the largest on top. What the
 * attributions miss of the difference is shown as a step too.
 *
 * @returns SVG text
 * @throws ConfigurationError for methods without a base value, ShapeError for images, DataError for attributions that
 * are not finite.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [2, -1]), 1);
 * const explanation = await new IntegratedGradients(score).explain(tf.tensor2d([[1, 3]]));
 * waterfallPlot(explanation, {theme: 'light'}).startsWith('<svg'); // true
 */
export function waterfallPlot(explanation: Explanation, options: PlotOptions = {}): string {
  const {width, theme, maxFeatures, example = 0} = settings(explanation, options);
  const {base, output, rest} = sumOf(explanation, example, 'waterfall');
  const rows = largest(featuresOf(explanation, example, 'waterfall'), maxFeatures);
  if (rest !== undefined) rows.push({name: 'missed by the method', attribution: rest});
  const ends = stepEnds(rows, base);
  const left = labelColumn(rows.map(rowLabel), width);
  const low = Math.min(base, output, ...ends.flat());
  const high = Math.max(base, output, ...ends.flat());
  const x = linearScale(low, high, left + 66, width - 70);
  const bottom = TOP + rows.length * ROW;
  const title = titleOf(explanation, options, example);
  const steps = rows.map(({attribution}, i) => {
    const y = TOP + i * ROW;
    const [start, end] = ends[i]!;
    const line = {x1: x(end), x2: x(end), y1: y - ROW + 4, y2: y + 4, class: 'strong'};
    return (
      rowName(rows[i]!, left, y) +
      element('path', {
        d: arrow(x(start), x(end), y + 4, ROW - 8),
        class: attribution < 0 ? 'down' : 'up',
      }) +
      stepLabel(signed(attribution), x(start), x(end), y + ROW / 2 + 4.5) +
      (i === 0 ? '' : element('line', {...line, 'stroke-dasharray': '3 3'}))
    );
  });
  return page(
    label(fitted(title, width - 32, 15), 16, 27, {class: 'ink title'}) +
      horizontalAxis(x, TOP - 4, bottom, `score; it starts from the base value ${number(base)}`) +
      marker(x(output), TOP - 4, TOP + 4, `score ${number(output)}`, TOP - 9) +
      element('line', {
        x1: x(base),
        x2: x(base),
        y1: TOP - 4,
        y2: bottom,
        class: 'strong',
        'stroke-dasharray': '2 4',
      }) +
      steps.join(''),
    {width, height: bottom + 50, theme, description: title},
  );
}

/** @throws ConfigurationError for methods whose attributions are no parts of a sum. */
export function sumOf(
  explanation: Explanation,
  example: number,
  plot: string,
): {base: number; output: number; rest: number | undefined} {
  const base = explanation.baseValues?.[example];
  const output = explanation.outputs[example]!;
  if (base === undefined || !Number.isFinite(base) || !Number.isFinite(output)) {
    throw new ConfigurationError(
      `${explanation.method} gives no sum from a base value, which a ${plot} plot shows.`,
      {
        hint: "Use plot('bar'), or a method such as IntegratedGradients or KernelShap.",
        code: 'configuration/plot',
      },
    );
  }
  const total = featuresOf(explanation, example, plot).reduce((sum, {attribution}) => sum + attribution, 0);
  const missed = output - base - total;
  const isNoteworthy = Math.abs(missed) > NOTEWORTHY * Math.max(1e-6, Math.abs(output - base));
  return {base, output, rest: isNoteworthy ? missed : undefined};
}

/** Where each row's step starts and ends, counted from the bottom row. */
function stepEnds(rows: readonly Feature[], base: number): [number, number][] {
  let at = base;
  return rows
    .toReversed()
    .map(({attribution}): [number, number] => [at, (at += attribution)])
    .toReversed();
}

/** A bar with a point where it leads to. */
function arrow(from: number, to: number, y: number, height: number): string {
  const point = Math.sign(to - from) * Math.min(6, Math.abs(to - from));
  return `M${spot(from, y)}L${spot(to - point, y)}L${spot(to, y + height / 2)}L${spot(to - point, y + height)}L${spot(from, y + height)}Z`;
}

const spot = (x: number, y: number): string => `${x.toFixed(2)} ${y.toFixed(2)}`;

/** In the bar where it fits, beside it where not. */
function stepLabel(text: string, start: number, end: number, y: number): string {
  if (Math.abs(end - start) > textWidth(text) + 16)
    return label(text, (start + end) / 2, y, {class: 'on', 'text-anchor': 'middle'});
  return end < start
    ? label(text, end - 6, y, {class: 'ink halo', 'text-anchor': 'end'})
    : label(text, end + 6, y, {class: 'ink halo', 'text-anchor': 'start'});
}

function marker(x: number, top: number, bottom: number, text: string, y: number): string {
  return (
    element('line', {x1: x, x2: x, y1: top, y2: bottom, class: 'strong'}) +
    label(text, x, y, {'text-anchor': 'middle'})
  );
}
