/** A small line chart for the examples, in the colours of the page. */
import {escaped} from './page';

/** One line: its values are spread evenly from 0 to 1. */
export interface Line {
  readonly name: string;
  readonly values: ArrayLike<number>;
}

/** Told apart by lightness too, and readable on light and on dark. */
const COLORS = ['#3b82d6', '#d9574a', '#2f9e77', '#b07cdb', '#c98a1b', '#7a8794'];
const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [720, 330, 52, 46, 262];

/** Lines over a share from 0 to 100 %, with values from 0 to 1. */
export function lineChart(title: string, along: string, lines: readonly Line[]): string {
  const right = WIDTH - 20;
  const y = (value: number): number => BOTTOM - value * (BOTTOM - TOP);
  const x = (share: number): number => LEFT + share * (right - LEFT);
  const text = (content: string, at: number, height: number, anchor: string, kind = 'quiet'): string =>
    `<text x="${at.toFixed(1)}" y="${height.toFixed(1)}" text-anchor="${anchor}" class="${kind}">${escaped(content)}</text>`;
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    value =>
      `<line x1="${LEFT}" x2="${right}" y1="${y(value)}" y2="${y(value)}"/>` +
      text(String(value), LEFT - 8, y(value) + 4, 'end') +
      text(`${100 * value} %`, x(value), BOTTOM + 20, value === 1 ? 'end' : 'middle'),
  );
  const room = (right - LEFT) / lines.length;
  const drawn = lines.map(({name, values}, i) => {
    const points = Array.from(
      values,
      (value, at) => `${x(at / (values.length - 1)).toFixed(1)},${y(value).toFixed(1)}`,
    );
    const from = LEFT + i * room;
    return (
      `<polyline points="${points.join(' ')}" stroke="${COLORS[i % COLORS.length]!}"/>` +
      `<circle cx="${from + 5}" cy="${HEIGHT - 15}" r="5" fill="${COLORS[i % COLORS.length]!}"/>` +
      text(name, from + 15, HEIGHT - 11, 'start')
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">` +
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="6" class="panel"/>${text(title, 16, 27, 'start', 'head')}` +
    `${grid.join('')}${text(along, (LEFT + right) / 2, BOTTOM + 42, 'middle')}${drawn.join('')}</svg>`
  );
}
