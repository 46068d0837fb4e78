/** A beeswarm: every example a point, so that one sees how a feature's value moves the score (Lundberg's plot). */
import type {Explanation} from '../explanation';
import {labelColumn, meanFeatures, notShown, rowName} from './bar';
import {featureColor, hex} from './colors';
import {attributionTable} from './features';
import {settings, titleOf} from './options';
import type {PlotOptions} from './options';
import {horizontalAxis, linearScale} from './scale';
import type {Scale} from './scale';
import {element, fitted, heading, label, page} from './svg';

const ROW = 38;
const TOP = 46;
const RADIUS = 3.2;

/**
 * A row for each feature, the ones that matter most on top; a point for each example, at its attribution, coloured by
 * the feature's value from low to high. Points in each other's way are stacked.
 *
 * @returns SVG text
 * @throws ShapeError for images, DataError for attributions that are not finite, ConfigurationError for wrong options.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [2, -1]), 1);
 * const explanation = await new InputXGradient(score).explain(tf.randomNormal([50, 2]));
 * beeswarmPlot(explanation).startsWith('<svg'); // true
 */
export function beeswarmPlot(explanation: Explanation, options: PlotOptions = {}): string {
  const {width, theme, maxFeatures} = settings(explanation, options);
  const table = attributionTable(explanation, 'beeswarm');
  const {inputs} = table;
  const column = (data: Float32Array, at: number): Float32Array =>
    Float32Array.from({length: table.batch}, (_, row) => data[row * table.width + at]!);
  const rows = meanFeatures(explanation)
    .map((feature, at) => ({...feature, at}))
    .sort((a, b) => b.attribution - a.attribution)
    .slice(0, maxFeatures);
  const shown = rows.map(({at}) => column(table.data, at));
  const low = Math.min(0, ...shown.map(least));
  const high = Math.max(0, ...shown.map(most));
  const left = labelColumn(
    rows.map(({name}) => name),
    width,
  );
  const x = linearScale(low, high, left + 10, width - (inputs ? 84 : 20));
  const bottom = TOP + rows.length * ROW;
  const title = titleOf(explanation, options);
  const points = rows.map((row, i) => {
    const y = TOP + i * ROW + ROW / 2;
    const values = inputs && column(inputs, row.at);
    // A feature of several numbers has no value that a colour could show.
    const colors = values?.every(Number.isFinite)
      ? shares(values).map(share => hex(featureColor(share)))
      : undefined;
    return rowName({name: row.name, attribution: 0}, left, y - 14) + swarm(shown[i]!, colors, x, y);
  });
  const note = notShown(explanation, rows.length, 'beeswarm');
  return page(
    heading(title, note, width) +
      horizontalAxis(x, TOP, bottom, 'attribution: what the feature adds to the score') +
      points.join('') +
      (inputs ? colorBar(width - 62, TOP + 4, bottom - TOP - 8, 'value') : ''),
    {width, height: bottom + 50, theme, description: title},
  );
}

/** Points side by side where there is room, stacked away from the middle where not. */
function swarm(values: Float32Array, colors: string[] | undefined, x: Scale, y: number): string {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const placed: {x: number; y: number}[] = [];
  const limit = ROW / 2 - RADIUS;
  const drawn = order.map(i => {
    const at = x(values[i]!);
    const near: {x: number; y: number}[] = [];
    for (let j = placed.length - 1; j >= 0 && at - placed[j]!.x < 2 * RADIUS; j--) near.push(placed[j]!);
    const isFree = (offset: number): boolean =>
      near.every(point => Math.hypot(point.x - at, point.y - offset) >= 2 * RADIUS - 0.4);
    let offset = 0;
    for (let step = 0; Math.abs(offset) <= limit && !isFree(offset); step++) {
      offset = (step % 2 === 0 ? 1 : -1) * Math.ceil((step + 1) / 2) * 1.6;
    }
    // A crowd fuller than its row: spread over it all the same, by a fixed pattern.
    if (Math.abs(offset) > limit) offset = (((placed.length * 0.618034) % 1) * 2 - 1) * limit;
    placed.push({x: at, y: offset});
    return element('circle', {
      ...{cx: at, cy: y + offset, r: RADIUS, 'fill-opacity': 0.9},
      ...(colors === undefined ? {class: 'muted'} : {fill: colors[i]!}),
    });
  });
  return drawn.join('');
}

/** Where each value lies between the 5th and the 95th percentile, 0 to 1: a few extremes do not take the colours. */
export function shares(values: Float32Array): number[] {
  const sorted = Float32Array.from(values).sort();
  const at = (quantile: number): number => sorted[Math.round(quantile * (sorted.length - 1))]!;
  let [low, high] = [at(0.05), at(0.95)];
  if (low === high) [low, high] = [sorted[0]!, sorted.at(-1)!];
  return [...values].map(value =>
    high === low ? 0.5 : Math.min(1, Math.max(0, (value - low) / (high - low))),
  );
}

/** What the points' colours say. */
export function colorBar(x: number, y: number, height: number, title: string): string {
  const steps = 24;
  const part = height / steps;
  const bars = Array.from({length: steps}, (_, i) =>
    element('rect', {
      ...{x, y: y + i * part, width: 9, height: part + 0.5},
      fill: hex(featureColor(1 - i / (steps - 1))),
    }),
  );
  const text = (name: string, at: number): string => label(name, x + 15, at, {class: 'muted small'});
  return (
    bars.join('') +
    text('high', y + 10) +
    text('low', y + height) +
    element(
      'g',
      {transform: `translate(${(x + 24).toFixed(1)} ${(y + height / 2).toFixed(1)}) rotate(90)`},
      label(fitted(title, height - 60), 0, 0, {class: 'muted small', 'text-anchor': 'middle'}),
    )
  );
}

export function least(values: Float32Array): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

export function most(values: Float32Array): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}
