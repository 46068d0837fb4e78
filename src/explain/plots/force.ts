/** Forces: what pushes the score up from the left, and what pushes it down from the right (Lundberg's plot). */
import type {Explanation} from '../explanation';
import {rowLabel} from './bar';
import {featuresOf, largest} from './features';
import type {Feature} from './features';
import {settings, titleOf} from './options';
import type {PlotOptions} from './options';
import {linearScale, number, signed} from './scale';
import type {Scale} from './scale';
import {element, escapeText, fitted, label, page, textWidth} from './svg';
import {sumOf} from './waterfall';

const TOP = 86;
const HEIGHT = 34;
/** Names stand in so many rows at most, so far apart. */
const ROWS = 5;
const LINE = 19;
/** Shorter wedges have no name, in pixels. */
const SHORTEST = 6;

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
  // Room for the number, and on its sides for what the colours mean.
  const at = Math.min(Math.max(x(output), 128), width - 128);
  const wedges = [...forces(up, output, -1, x), ...forces(down, output, 1, x)];
  const {names, depth} = namesUnder(wedges, width);
  return page(
    label(fitted(title, width - 32, 15), 16, 27, {class: 'ink title'}) +
      label('raises →', at - 52, TOP - 30, {class: 'up', 'text-anchor': 'end'}) +
      label(number(output), at, TOP - 30, {class: 'ink title', 'text-anchor': 'middle'}) +
      label('← lowers', at + 52, TOP - 30, {class: 'down'}) +
      wedges.map(({svg}) => svg).join('') +
      names +
      element('line', {x1: x(output), x2: x(output), y1: TOP - 22, y2: TOP + HEIGHT, class: 'strong'}) +
      element('path', {d: `M${x(base).toFixed(2)} ${TOP - 3}l-5 -8h10Z`, class: 'muted'}) +
      baseLabel(base, x, at, width, TOP + HEIGHT + depth + 16),
    {width, height: TOP + HEIGHT + depth + (isBeside(base, x, at) ? 28 : 12), theme, description: title},
  );
}

/** A feature in the line. */
interface Wedge {
  readonly feature: Feature;
  readonly svg: string;
  readonly center: number;
  readonly length: number;
}

/** The features on one side, away from the score, each a wedge that points at where it pushes. */
function forces(features: readonly Feature[], output: number, side: 1 | -1, x: Scale): Wedge[] {
  let at = output;
  return features.map(feature => {
    const near = x(at);
    at += side * Math.abs(feature.attribution);
    const far = x(at);
    const center = (near + far) / 2;
    const length = Math.abs(far - near);
    const point = Math.min(8, length) * -side;
    const gap = length > 3 ? side : 0;
    const d =
      `M${far.toFixed(2)} ${TOP}L${(near + gap - point).toFixed(2)} ${TOP}L${(near + gap).toFixed(2)} ${TOP + HEIGHT / 2}` +
      `L${(near + gap - point).toFixed(2)} ${TOP + HEIGHT}L${far.toFixed(2)} ${TOP + HEIGHT}` +
      `L${(far - point).toFixed(2)} ${TOP + HEIGHT / 2}Z`;
    const written = signed(feature.attribution);
    const inside =
      length > textWidth(written) + 22
        ? label(written, center, TOP + HEIGHT / 2 + 4.5, {class: 'on', 'text-anchor': 'middle'})
        : '';
    const about = element('title', {}, escapeText(`${rowLabel(feature)}: ${written}`));
    const wedge = element('g', {class: side < 0 ? 'up' : 'down'}, about + element('path', {d}));
    return {feature, center, length, svg: wedge + inside};
  });
}

interface Name {
  readonly from: number;
  readonly to: number;
  readonly center: number;
  readonly row: number;
}

/**
 * Names under the wedges, each in the highest row where there is room for all of it, with a line that leads to it. A
 * name for which there is no room is left out: its wedge says it to the pointer.
 */
function namesUnder(wedges: readonly Wedge[], width: number): {names: string; depth: number} {
  const named = wedges.filter(({length}) => length >= SHORTEST).sort((a, b) => a.center - b.center);
  const placed: Name[] = [];
  const waiting = new Set(named);
  let names = '';
  const place = (wedge: Wedge, shifts: readonly number[]): void => {
    const {center} = wedge;
    const text = fitted(rowLabel(wedge.feature), width * 0.6);
    const half = textWidth(text) / 2;
    for (let row = 0; row < ROWS; row++) {
      for (const shift of shifts) {
        const middle = Math.min(Math.max(center + shift * half, half + 12), width - half - 12);
        const name = {from: middle - half - 6, to: middle + half + 6, center, row};
        if (placed.some(other => collide(name, other))) continue;
        // Who is still to get a name needs a free way down, unless he has had his turn.
        const others = [...waiting].filter(other => other !== wedge && shifts === FIRST);
        if (others.some(other => other.center > name.from && other.center < name.to)) continue;
        const y = TOP + HEIGHT + 20 + row * LINE;
        const lead = {x1: center, x2: center, y1: TOP + HEIGHT + 3, y2: y - 13, class: 'line'};
        names += element('line', lead) + label(text, middle, y, {'text-anchor': 'middle'});
        placed.push(name);
        waiting.delete(wedge);
        return;
      }
    }
  };
  for (const wedge of named) place(wedge, FIRST);
  for (const wedge of [...waiting].reverse()) place(wedge, SECOND);
  return {names, depth: 8 + placed.reduce((most, {row}) => Math.max(most, row + 1), 1) * LINE};
}

/** From left to right names stand under their wedges or to the left; what is left over stands where it can. */
const FIRST = [0, -0.5, -0.9];
const SECOND = [0, -0.5, -0.9, 0.5, 0.9];

/** Names must not overlap, and lines pass no name on their way. */
function collide(one: Name, other: Name): boolean {
  if (one.row === other.row) return one.from < other.to && other.from < one.to;
  const [upper, lower] = one.row < other.row ? [one, other] : [other, one];
  return lower.center > upper.from && lower.center < upper.to;
}

/** Above the bar, unless the score stands there. */
function baseLabel(base: number, x: Scale, output: number, width: number, below: number): string {
  const text = `base ${number(base)}`;
  const half = textWidth(text) / 2;
  const at = Math.min(Math.max(x(base), half + 10), width - half - 10);
  const y = isBeside(base, x, output) ? below : TOP - 14;
  return label(text, at, y, {class: 'muted', 'text-anchor': 'middle'});
}

/** Whether the base value is so near the score that it has no room beside it. */
function isBeside(base: number, x: Scale, output: number): boolean {
  return Math.abs(x(base) - output) < textWidth(`base ${number(base)}`) / 2 + 118;
}
