/** How a score moves with a feature: the mean as a curve, and those of examples behind it. */
import type {FeatureDependenceData} from '../featureDependence';
import {gridAxis, rug} from './gridAxis';
import type {GridAxis} from './gridAxis';
import {settings} from './options';
import type {PlotOptions} from './options';
import {horizontalAxis, linearScale, number, verticalAxis} from './scale';
import type {Scale} from './scale';
import {element, fitted, label, page, path} from './svg';

const TOP = 46;
const PLOT = 300;
/** More curves than these are a stain, and a large file. */
const MOST = 100;

/** The picture of one feature. Categories are bars, and the scores of examples points on them. */
export function dependenceCurve(data: FeatureDependenceData, options: PlotOptions): string {
  const {width, theme} = settings({batch: 1}, options);
  const {kind, target, centered, features, average, categorical} = data;
  const {lines, examples} = curvesOf(data);
  const showsMean = kind !== 'individual';
  const shown = lines.length < examples ? `${lines.length} of ${number(examples)}` : String(examples);
  const what = [...(showsMean ? ['mean'] : []), ...(lines.length > 0 ? [`${shown} examples`] : [])].join(
    ' and ',
  );
  const {title = `PartialDependence: score ${target}, ${what}`} = options;
  const [left, right, bottom] = [86, width - 24, TOP + PLOT];
  const x = gridAxis(data, 0, {from: left + 10, to: right - 6, cells: false});
  const bars = categorical[0]! && showsMean;
  const y = scoreScale([...lines, ...(showsMean ? [average] : [])], bars, bottom);
  const draw = categorical[0]! ? drawCategories : drawCurves;
  return page(
    label(fitted(title, width - 32, 15), 16, 27, {class: 'ink title'}) +
      verticalAxis(y, left, right, centered ? `score ${target}, from its first point` : `score ${target}`) +
      horizontalAxis(x.scale, TOP, bottom, fitted(features[0]!, right - left), x.marks) +
      draw(x, y, lines, showsMean ? average : undefined) +
      rug(x.deciles, 'x', bottom),
    {width, height: bottom + 50, theme, description: title},
  );
}

/** Curves of examples that are shown: some of many, evenly spaced in the order of the data. */
function curvesOf({individual, average}: FeatureDependenceData): {lines: Float32Array[]; examples: number} {
  if (individual === undefined) return {lines: [], examples: 0};
  const points = average.length;
  const examples = individual.length / points;
  const shown = Math.min(MOST, examples);
  const lines = Array.from({length: shown}, (_, i) => {
    const example = Math.floor((i * examples) / shown);
    return individual.subarray(example * points, (example + 1) * points);
  });
  return {lines, examples};
}

/** All that is drawn, and a margin; bars also have their zero. */
function scoreScale(curves: readonly ArrayLike<number>[], bars: boolean, bottom: number): Scale {
  let [low, high] = bars ? [0, 0] : [Infinity, -Infinity];
  for (const curve of curves) {
    for (let i = 0; i < curve.length; i++) {
      low = Math.min(low, curve[i]!);
      high = Math.max(high, curve[i]!);
    }
  }
  const margin = low === high ? Math.max(0.5, Math.abs(low) / 10) : 0;
  return linearScale(low - margin, high + margin, bottom - 14, TOP + 8);
}

type Draw = (
  x: GridAxis,
  y: Scale,
  lines: readonly Float32Array[],
  average: Float64Array | undefined,
) => string;

const drawCurves: Draw = ({places}, y, lines, average) => {
  const through = (curve: ArrayLike<number>, attributes: Readonly<Record<string, string | number>>): string =>
    // A single value is a point: a line of no length with round ends.
    path(
      [...places, ...(places.length === 1 ? places : [])].map((place, i) => [
        place,
        y(curve[i % places.length]!),
      ]),
      {'stroke-linecap': 'round', 'stroke-linejoin': 'round', ...attributes},
    );
  return (
    lines.map(line => through(line, {class: 'strong', 'stroke-opacity': 0.3})).join('') +
    (average === undefined ? '' : through(average, {class: 'curve', 'stroke-width': 3.5}))
  );
};

const drawCategories: Draw = ({places, cells}, y, lines, average) => {
  const bars = Array.from(average ?? [], (value, i) => {
    const [from, to] = [y(Math.max(0, value)), y(Math.min(0, value))];
    const half = Math.min(40, Math.abs(cells[i]![1] - cells[i]![0]) * 0.35);
    return element('rect', {
      x: places[i]! - half,
      y: from,
      width: 2 * half,
      height: to - from,
      rx: 2,
      class: 'plain',
      'fill-opacity': 0.6,
    });
  });
  const points = lines.flatMap((line, row) =>
    Array.from(line, (score, i) => {
      // Side by side by a fixed pattern, so that equal scores do not hide each other.
      const aside =
        (((row * 0.618034) % 1) - 0.5) * Math.min(50, Math.abs(cells[i]![1] - cells[i]![0]) * 0.5);
      return element('circle', {
        cx: places[i]! + aside,
        cy: y(score),
        r: 2.4,
        class: 'ink',
        'fill-opacity': 0.35,
      });
    }),
  );
  return bars.join('') + points.join('');
};
