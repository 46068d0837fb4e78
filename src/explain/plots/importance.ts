/** Bars with error bars: how much a model needs each feature. */
import type {Importances} from '../importances';
import {ROW, TOP, labelColumn, rowName} from './bar';
import {settings} from './options';
import type {PlotOptions} from './options';
import {horizontalAxis, linearScale, number} from './scale';
import {element, fitted, label, page} from './svg';

/** Bars for the features that matter most, with a standard deviation over the shuffles to either side. */
export function importancePlot(importances: Importances, options: PlotOptions): string {
  const {metric, baseScore, mean, standardDeviation, featureNames} = importances;
  const {width, theme, maxFeatures} = settings({batch: 1}, options);
  // Features that are left out are not summed up: importances do not add.
  const rows = featureNames
    .map((name, i) => ({name, attribution: mean[i]!, error: standardDeviation[i]!}))
    .sort((a, b) => b.attribution - a.attribution)
    .slice(0, maxFeatures);
  const left = labelColumn(
    rows.map(({name}) => name),
    width,
  );
  const low = Math.min(0, ...rows.map(({attribution, error}) => attribution - error));
  const high = Math.max(0, ...rows.map(({attribution, error}) => attribution + error)) || (low === 0 ? 1 : 0);
  const x = linearScale(low, high, left + (low < 0 ? 62 : 8), width - 66);
  const bottom = TOP + rows.length * ROW;
  const {title = `${importances.method}: ${metric} = ${number(baseScore)}`} = options;
  const bars = rows.map((row, i) => {
    const {attribution, error} = row;
    const y = TOP + i * ROW;
    const middle = y + ROW / 2;
    const [from, to] = [x(attribution - error), x(attribution + error)];
    const [start, end] = [x(0), x(attribution)].sort((a, b) => a - b) as [number, number];
    const whisker =
      error > 0
        ? `M${round(from)} ${middle}H${round(to)}` +
          [from, to].map(at => `M${round(at)} ${middle - 4}V${middle + 4}`).join('')
        : undefined;
    const written =
      attribution < 0
        ? label(number(attribution), Math.min(from, start) - 6, middle + 4.5, {'text-anchor': 'end'})
        : label(number(attribution), Math.max(to, end) + 6, middle + 4.5);
    return (
      rowName(row, left, y) +
      element('rect', {
        x: start,
        y: y + 4,
        width: end - start,
        height: ROW - 8,
        rx: 2,
        class: 'plain',
        'fill-opacity': 0.6,
      }) +
      (whisker === undefined ? '' : element('path', {d: whisker, class: 'mark', 'stroke-width': 1.5})) +
      written
    );
  });
  return page(
    label(fitted(title, width - 32, 15), 16, 27, {class: 'ink title'}) +
      horizontalAxis(
        x,
        TOP,
        bottom,
        fitted(`how much worse ${metric} gets without the feature`, width - left),
      ) +
      bars.join(''),
    {width, height: bottom + 50, theme, description: title},
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
