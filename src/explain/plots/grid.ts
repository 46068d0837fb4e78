/** Plots side by side. */
import {ConfigurationError, checkNames} from '../../core';
import type {PlotTheme} from './svg';
import {element, fitted, label, page} from './svg';

/** How plots are laid out. */
export interface PlotGridOptions {
  /** Plots in a row. Default: as many as there are, at most 3. */
  columns?: number;
  /** In pixels, of all columns together. Default 1080. */
  width?: number;
  /** Above everything. */
  title?: string;
  /** Above each plot. */
  titles?: readonly string[];
  theme?: PlotTheme;
}

const GAP = 16;

/**
 * Several plots in one SVG: of several methods, examples or classes. Each is scaled to its column.
 *
 * @param plots what `explanation.plot()` gives
 * @returns SVG text
 * @throws ConfigurationError for no plots, or text that is none.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.square(x), 1);
 * const methods = [new Saliency(score), new InputXGradient(score)];
 * const explanations = await Promise.all(methods.map(method => method.explain(tf.tensor2d([[1, 2]]))));
 * plotGrid(explanations.map(explanation => explanation.plot())).startsWith('<svg'); // true
 */
export function plotGrid(plots: readonly string[], options: PlotGridOptions = {}): string {
  checkNames('plotGrid()', options, ['columns', 'width', 'title', 'titles', 'theme']);
  const {width = 1080, title, titles, theme = 'auto', columns = Math.min(3, plots.length)} = options;
  if (plots.length === 0) {
    throw new ConfigurationError('There is no plot to lay out.', {code: 'configuration/plot'});
  }
  if (!Number.isInteger(columns) || columns < 1 || !(width / columns >= 80)) {
    throw new ConfigurationError(`${String(columns)} columns do not fit in a width of ${String(width)}.`, {
      hint: 'Give a whole number of columns, and at least 80 pixels for each.',
      code: 'configuration/plot',
    });
  }
  const cell = (width - GAP * (columns + 1)) / columns;
  let y = title === undefined ? GAP : 44;
  let content =
    title === undefined ? '' : label(fitted(title, width - 2 * GAP, 15), GAP, 27, {class: 'ink title'});
  for (let first = 0; first < plots.length; first += columns) {
    let tallest = 0;
    for (const [i, plot] of plots.slice(first, first + columns).entries()) {
      const size = sizeOf(plot);
      const x = GAP + i * (cell + GAP);
      const name = titles?.[first + i];
      const height = (size.height * cell) / size.width;
      const above = titles === undefined ? 0 : 22;
      if (name !== undefined) content += label(fitted(name, cell), x + 2, y + 13, {});
      content += element(
        'svg',
        {x, y: y + above, width: cell, height, viewBox: `0 0 ${size.width} ${size.height}`},
        plot,
      );
      tallest = Math.max(tallest, height + above);
    }
    y += tallest + GAP;
  }
  const description = title ?? `${plots.length} plots side by side`;
  return page(content, {width, height: y, theme, description});
}

function sizeOf(plot: string): {width: number; height: number} {
  const found = /^<svg [^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(plot);
  if (found !== null) return {width: Number(found[1]), height: Number(found[2])};
  throw new ConfigurationError('A grid holds plots, and was given something else.', {
    hint: 'Give what explanation.plot() returns.',
    code: 'configuration/plot',
  });
}
