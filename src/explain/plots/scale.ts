/** From values to pixels, and numbers as people write them. */
import {element, fitted, label} from './svg';

/** A straight line from `[low, high]` to pixels. */
export interface Scale {
  (value: number): number;
  readonly low: number;
  readonly high: number;
}

export function linearScale(low: number, high: number, from: number, to: number): Scale {
  const span = high - low || 1;
  return Object.assign((value: number) => from + ((value - low) / span) * (to - from), {low, high});
}

/** Round numbers (1, 2 or 5 times a power of ten apart) that lie within the scale, about `count` of them. */
export function ticks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find(factor => factor * power >= rough * (1 - 1e-9))!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({length: last - first + 1}, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Three significant digits, a real minus, no trailing zeros: `0.0123`, `−1,530`, `2.1e−7`. */
export function number(value: number): string {
  const size = Math.abs(value);
  const text =
    size === 0
      ? '0'
      : size >= 1e6 || size < 1e-4
        ? size.toExponential(1).replace('e+', 'e').replace('e-', 'e−')
        : size >= 1000
          ? Math.round(size).toLocaleString('en')
          : String(Number(size.toPrecision(3)));
  return value < 0 ? `−${text}` : text;
}

/** With a plus where it is positive. */
export function signed(value: number): string {
  return value > 0 ? `+${number(value)}` : number(value);
}

/** A place along an axis, and what stands there. */
export interface Mark {
  readonly at: number;
  readonly name: string;
  /** Where the numbers begin. */
  readonly isZero?: boolean;
}

/** Round numbers, `room` pixels apart or more. */
export function numberMarks(scale: Scale, room = 90): Mark[] {
  const length = Math.abs(scale(scale.high) - scale(scale.low));
  return ticks(scale.low, scale.high, Math.max(2, Math.floor(length / room))).map(at => ({
    ...{at, name: number(at), isZero: at === 0},
  }));
}

/** Grid lines and numbers under a plot from `top` to `bottom`, and what they measure. */
export function horizontalAxis(
  scale: Scale,
  top: number,
  bottom: number,
  title: string,
  marks: readonly Mark[] = numberMarks(scale),
): string {
  const middle = (scale(scale.low) + scale(scale.high)) / 2;
  return (
    marks
      .map(
        ({at, name, isZero}) =>
          element('line', {
            ...{x1: scale(at), x2: scale(at), y1: top, y2: bottom},
            class: isZero ? 'strong' : 'line',
          }) + label(name, scale(at), bottom + 17, {class: 'muted small', 'text-anchor': 'middle'}),
      )
      .join('') + label(title, middle, bottom + 37, {class: 'muted', 'text-anchor': 'middle'})
  );
}

/** Grid lines and numbers left of a plot from `left` to `right`, and what they measure. */
export function verticalAxis(
  scale: Scale,
  left: number,
  right: number,
  title: string,
  marks: readonly Mark[] = numberMarks(scale, 55),
): string {
  const [bottom, top] = [scale(scale.low), scale(scale.high)];
  const lines = marks.map(
    ({at, name, isZero}) =>
      element('line', {
        ...{x1: left, x2: right, y1: scale(at), y2: scale(at)},
        class: isZero ? 'strong' : 'line',
      }) + label(name, left - 8, scale(at) + 4, {class: 'muted small', 'text-anchor': 'end'}),
  );
  return (
    lines.join('') +
    element(
      'g',
      {transform: `translate(24 ${Math.round((top + bottom) / 2)}) rotate(-90)`},
      label(fitted(title, bottom - top), 0, 0, {class: 'muted', 'text-anchor': 'middle'}),
    )
  );
}
