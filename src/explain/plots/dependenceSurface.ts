/** How a score moves with two features together: a map of colours. */
import type {FeatureDependenceData} from '../featureDependence';
import {hex, orderedColor} from './colors';
import {gridAxis, rug} from './gridAxis';
import {settings} from './options';
import type {PlotOptions} from './options';
import {horizontalAxis, linearScale, number, numberMarks, verticalAxis} from './scale';
import {element, fitted, label, page, textWidth} from './svg';

const TOP = 46;
const PLOT = 360;
const BAR = 12;

/** The picture of two features: the first along, the second upwards. */
export function dependenceSurface(data: FeatureDependenceData, options: PlotOptions): string {
  const {width, theme} = settings({batch: 1}, options);
  const {target, features, average} = data;
  const {title = `PartialDependence: score ${target}, mean`} = options;
  const [low, high] = [average.reduce((a, b) => Math.min(a, b)), average.reduce((a, b) => Math.max(a, b))];
  const bottom = TOP + PLOT;
  const legend = linearScale(low, high, bottom, TOP);
  const marks = low === high ? [{at: low, name: number(low)}] : numberMarks(legend, 55);
  const names = Math.max(...marks.map(({name}) => textWidth(name, 12)));
  const [left, right] = [86, width - names - BAR - 60];
  const x = gridAxis(data, 0, {from: left, to: right, cells: true});
  const y = gridAxis(data, 1, {from: bottom, to: TOP, cells: true});
  const color = (value: number): string =>
    hex(orderedColor(low === high ? 0.5 : (value - low) / (high - low)));
  const cells = Array.from(average, (value, i) => {
    const [from, to] = x.cells[Math.floor(i / y.cells.length)]!;
    const [under, over] = y.cells[i % y.cells.length]!;
    return element('rect', {x: from, y: over, width: to - from, height: under - over, fill: color(value)});
  });
  const at = right + 20;
  const steps = 60;
  const bar = Array.from({length: steps}, (_, i) =>
    element('rect', {
      ...{x: at, y: bottom - ((i + 1) * PLOT) / steps, width: BAR, height: PLOT / steps},
      fill: hex(orderedColor(i / (steps - 1))),
    }),
  );
  const numbers = marks.map(({at: value, name}) =>
    label(name, at + BAR + 7, (low === high ? TOP + PLOT / 2 : legend(value)) + 4, {class: 'muted small'}),
  );
  return page(
    label(fitted(title, width - 32, 15), 16, 27, {class: 'ink title'}) +
      verticalAxis(y.scale, left, right, features[1]!, y.marks) +
      horizontalAxis(x.scale, TOP, bottom, fitted(features[0]!, right - left), x.marks) +
      // Neighbours share an edge: smoothed, the panel would shine through between them.
      element('g', {'shape-rendering': 'crispEdges'}, cells.join('') + bar.join('')) +
      rug(x.deciles, 'x', bottom) +
      rug(y.deciles, 'y', left) +
      numbers.join('') +
      element(
        'g',
        {transform: `translate(${(at + BAR + names + 24).toFixed(1)} ${TOP + PLOT / 2}) rotate(90)`},
        label(`score ${target}`, 0, 0, {class: 'muted', 'text-anchor': 'middle'}),
      ),
    {width, height: bottom + 50, theme, description: title},
  );
}
