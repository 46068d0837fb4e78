/** Bars for what a counterfactual changes: from what to what, and how far that is. */
import {checkNames} from '../../core';
import type {ChangesPlotOptions, CounterfactualExample} from '../counterfactuals';
import {ROW, TOP, labelColumn} from './bar';
import {horizontalAxis, linearScale, number, signed} from './scale';
import {element, fitted, label, page} from './svg';

/** See `Counterfactuals.plot`. */
export function changesPlot(
  {changes, score, found}: CounterfactualExample,
  options: ChangesPlotOptions,
): string {
  checkNames('plot()', options, ['title', 'width', 'theme', 'example']);
  const {width = 720, theme = 'auto'} = options;
  const outcome = `score ${score.output}: ${number(score.before)} → ${number(score.after)}`;
  const {title = found ? `Counterfactual, ${outcome}` : `No counterfactual found, ${outcome}`} = options;
  const written = (value: number | string): string => (typeof value === 'number' ? number(value) : value);
  const rows = changes.map(({feature, from, to}) => `${feature}: ${written(from)} → ${written(to)}`);
  const left = labelColumn(['nothing', ...rows], width);
  const distances = changes.map(({distance}) => distance);
  const low = Math.min(0, ...distances);
  const high = Math.max(0, ...distances) || (low === 0 ? 1 : 0);
  const x = linearScale(low, high, left + (low < 0 ? 62 : 8), width - (high > 0 ? 66 : 16));
  const bottom = TOP + Math.max(1, rows.length) * ROW;
  const bars = changes.map(({distance}, i) => {
    const y = TOP + i * ROW;
    const [from, to] = [x(0), x(distance)].sort((a, b) => a - b) as [number, number];
    const ends = distance < 0 ? {at: from - 6, anchor: 'end'} : {at: to + 6, anchor: 'start'};
    return (
      label(fitted(rows[i]!, left - 26), left - 10, y + ROW / 2 + 4.5, {'text-anchor': 'end'}) +
      element('rect', {
        ...{x: from, y: y + 4, width: to - from, height: ROW - 8, rx: 2},
        class: distance < 0 ? 'down' : 'up',
      }) +
      label(signed(distance), ends.at, y + ROW / 2 + 4.5, {'text-anchor': ends.anchor})
    );
  });
  return page(
    label(fitted(title, width - 32, 15), 16, 27, {class: 'ink title'}) +
      horizontalAxis(x, TOP, bottom, 'change, as it counts in the distance') +
      bars.join(''),
    {width, height: bottom + 50, theme, description: title},
  );
}
