/** Forces: what pushes the score up from the left, and what pushes it down from the right (Lundberg's plot). */
import type {Explanation} from '../explanation';
import {featuresOf, largest} from './features';
import type {Feature} from './features';
import {settings, titleOf} from './options';
import type {PlotOptions} from './options';
import {linearScale, number, signed} from './scale';
import type {Scale} from './scale';
import {element, fitted, label, page, textWidth} from './svg';
import {sumOf} from './waterfall';

const TOP = 86;
const HEIGHT = 34;

/**
 * One line: features that raise the score push it to the right, those that lower it to the left; they meet at the
 * score. The largest stand next to it.
 *
 * @returns SVG text
 * @throws ConfigurationError for methods without a base value, ShapeError for images, DataError for attributions that
 * are not finite.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [2, -1]), 1);
 * const explanation = await new IntegratedGradients(score).explain(tf.tensor2d([[1, 3]]));
 * forcePlot(explanation, {width: 900}).startsWith('<svg'); // true
 */
export function forcePlot(explanation: Explanation, options: PlotOptions = {}): string {
  const {width, theme, maxFeatures, example = 0} = settings(explanation, options);
  const {base, output, rest} = sumOf(explanation, example, 'force');
  const features = largest(featuresOf(explanation, example, 'force'), maxFeatures);
  if (rest !== undefined) features.push({name: 'missed by the method', attribution: rest});
  const up = features.filter(({attribution}) => attribution > 0);
  const down = features.filter(({attribution}) => attribution < 0);
  const total = (list: readonly Feature[]): number =>
    list.reduce((sum, {attribution}) => sum + Math.abs(attribution), 0);
  const x = linearScale(
    Math.min(base, output - total(up)),
    Math.max(base, output + total(down)),
    28,
    width - 28,
  );
  const title = titleOf(explanation, options, example);
  const at = Math.min(Math.max(x(output), 60), width - 60);
  return page(
    label(fitted(title, width - 32, 15), 16, 27, {class: 'ink title'}) +
      label('raises →', at - 52, TOP - 30, {class: 'up', 'text-anchor': 'end'}) +
      label(number(output), at, TOP - 30, {class: 'ink title', 'text-anchor': 'middle'}) +
      label('← lowers', at + 52, TOP - 30, {class: 'down'}) +
      forces(up, output, -1, x) +
      forces(down, output, 1, x) +
      element('line', {x1: x(output), x2: x(output), y1: TOP - 22, y2: TOP + HEIGHT, class: 'strong'}) +
      element('path', {d: `M${x(base).toFixed(2)} ${TOP - 3}l-5 -8h10Z`, class: 'muted'}) +
      baseLabel(base, x, at, width),
    {width, height: TOP + HEIGHT + 62, theme, description: title},
  );
}

/** The features on one side, away from the score, each a wedge that points at where it pushes. */
function forces(features: readonly Feature[], output: number, side: 1 | -1, x: Scale): string {
  let at = output;
  return features
    .map(feature => {
      const near = x(at);
      at += side * Math.abs(feature.attribution);
      const far = x(at);
      const left = Math.min(near, far);
      const length = Math.abs(far - near);
      const point = Math.min(8, length) * -side;
      const gap = length > 3 ? side : 0;
      const d =
        `M${far.toFixed(2)} ${TOP}L${(near + gap - point).toFixed(2)} ${TOP}L${(near + gap).toFixed(2)} ${TOP + HEIGHT / 2}` +
        `L${(near + gap - point).toFixed(2)} ${TOP + HEIGHT}L${far.toFixed(2)} ${TOP + HEIGHT}` +
        `L${(far - point).toFixed(2)} ${TOP + HEIGHT / 2}Z`;
      return (
        element('g', {class: side < 0 ? 'up' : 'down'}, element('path', {d})) +
        forceLabels(feature, left, length)
      );
    })
    .join('');
}

function forceLabels(feature: Feature, left: number, length: number): string {
  const {name, value, attribution} = feature;
  const middle = {'text-anchor': 'middle'};
  const center = left + length / 2;
  const written = signed(attribution);
  // Half a number would be another number.
  const shown = value === undefined ? undefined : `= ${number(value)}`;
  const inside =
    length > textWidth(written) + 22
      ? label(written, center, TOP + HEIGHT / 2 + 4.5, {class: 'on', ...middle})
      : '';
  if (length < 44) return inside;
  return (
    inside +
    label(fitted(name, length - 6), center, TOP + HEIGHT + 20, middle) +
    (shown === undefined || textWidth(shown) > length - 6
      ? ''
      : label(shown, center, TOP + HEIGHT + 38, {class: 'muted', ...middle}))
  );
}

/** Above the bar, unless the score stands there. */
function baseLabel(base: number, x: Scale, output: number, width: number): string {
  const text = `base ${number(base)}`;
  const half = textWidth(text) / 2;
  const at = Math.min(Math.max(x(base), half + 10), width - half - 10);
  const isFree = Math.abs(at - output) > half + 30;
  return label(text, at, isFree ? TOP - 14 : TOP + HEIGHT + 56, {class: 'muted', 'text-anchor': 'middle'});
}
