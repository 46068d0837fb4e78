/** From values to pixels, and numbers as people write them. */
import {element, label} from './svg';

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

/** Grid lines and numbers under a plot from `top` to `bottom`, and what they measure. */
export function horizontalAxis(scale: Scale, top: number, bottom: number, title: string): string {
  const from = scale(scale.low);
  const to = scale(scale.high);
  const marks = ticks(scale.low, scale.high, Math.max(2, Math.floor((to - from) / 90)));
  return (
    marks
      .map(
        mark =>
          element('line', {
            ...{x1: scale(mark), x2: scale(mark), y1: top, y2: bottom},
            class: mark === 0 ? 'strong' : 'line',
          }) + label(number(mark), scale(mark), bottom + 17, {class: 'muted small', 'text-anchor': 'middle'}),
      )
      .join('') + label(title, (from + to) / 2, bottom + 37, {class: 'muted', 'text-anchor': 'middle'})
  );
}
