/** Bars: how much each feature adds to one score, or how much it matters over all examples. */
import type {Explanation} from '../explanation';
import {featuresOf, attributionTable, largest} from './features';
import type {Feature} from './features';
import {settings, titleOf} from './options';
import type {PlotOptions} from './options';
import {horizontalAxis, linearScale, number, signed} from './scale';
import {element, fitted, heading, label, page, textWidth} from './svg';

export const ROW = 28;
export const TOP = 46;

/**
 * Bars for the features, the largest on top: of one example signed, of several examples the mean of |attribution|.
 *
 * @returns SVG text
 * @throws ShapeError for images, DataError for attributions that are not finite, ConfigurationError for wrong options.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [2, -1]), 1);
 * const explanation = await new InputXGradient(score).explain(tf.tensor2d([[1, 3]]));
 * barPlot(explanation, {title: 'What counts'}).startsWith('<svg'); // true
 */
export function barPlot(explanation: Explanation, options: PlotOptions = {}): string {
  const {width, theme, maxFeatures, example: given} = settings(explanation, options);
  const example = given ?? (explanation.batch === 1 ? 0 : undefined);
  // Features summed up would be the longest bar of all, though each of them matters less than those shown.
  const rows =
    example === undefined
      ? meanFeatures(explanation)
          .sort((a, b) => b.attribution - a.attribution)
          .slice(0, maxFeatures)
      : largest(featuresOf(explanation, example, 'bar'), maxFeatures);
  const left = labelColumn(rows.map(rowLabel), width);
  const attributions = rows.map(({attribution}) => attribution);
  const low = Math.min(0, ...attributions);
  const high = Math.max(0, ...attributions) || (low === 0 ? 1 : 0);
  // Numbers stand at the bars' ends, where there must be room for them.
  const x = linearScale(low, high, left + (low < 0 ? 68 : 8), width - (high > 0 ? 74 : 16));
  const bottom = TOP + rows.length * ROW;
  const title = titleOf(explanation, options, example);
  const note = example === undefined ? notShown(explanation, rows.length, 'bar') : '';
  const bars = rows.map((row, i) => {
    const {attribution} = row;
    const y = TOP + i * ROW;
    const [from, to] = [x(0), x(attribution)].sort((a, b) => a - b) as [number, number];
    const ends = attribution < 0 ? {at: from - 6, anchor: 'end'} : {at: to + 6, anchor: 'start'};
    const written = example === undefined ? number(attribution) : signed(attribution);
    return (
      rowName(row, left, y) +
      element('rect', {
        ...{x: from, y: y + 4, width: to - from, height: ROW - 8, rx: 2},
        class: example === undefined ? 'plain' : attribution < 0 ? 'down' : 'up',
      }) +
      label(written, ends.at, y + ROW / 2 + 4.5, {'text-anchor': ends.anchor})
    );
  });
  const axis =
    example === undefined ? 'mean |attribution|' : 'attribution: what the feature adds to the score';
  return page(heading(title, note, width) + horizontalAxis(x, TOP, bottom, axis) + bars.join(''), {
    width,
    height: bottom + 50,
    theme,
    description: title,
  });
}

/** What plots over all examples say of features that have no row. */
export function notShown(explanation: Explanation, shown: number, plot: string): string {
  const count = attributionTable(explanation, plot).width - shown;
  return count > 0 ? ` (${count} more ${count === 1 ? 'feature is' : 'features are'} not shown)` : '';
}

/** `radius = 17.9` */
export function rowLabel({name, value}: Feature): string {
  return value === undefined ? name : `${name} = ${number(value)}`;
}

/** Where the plot begins, right of the names of its rows. */
export function labelColumn(names: readonly string[], width: number): number {
  return Math.min(width * 0.4, Math.max(...names.map(name => textWidth(name))) + 16) + 16;
}

/** The name of a row, right-aligned. */
export function rowName(feature: Feature, left: number, y: number): string {
  return label(fitted(rowLabel(feature), left - 26), left - 10, y + ROW / 2 + 4.5, {'text-anchor': 'end'});
}

/** What each feature adds over all examples, whichever way. */
export function meanFeatures(explanation: Explanation): Feature[] {
  const {data, batch, width, names} = attributionTable(explanation, 'bar');
  return names.map((name, i) => {
    let sum = 0;
    for (let row = 0; row < batch; row++) sum += Math.abs(data[row * width + i]!);
    return {name, attribution: sum / batch};
  });
}
