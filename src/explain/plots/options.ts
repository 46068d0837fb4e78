/** What plots take, and how they read it. */
import {ConfigurationError, checkNames} from '../../core';
import type {Explanation} from '../explanation';
import {number} from './scale';
import type {PlotTheme} from './svg';

/** How a plot looks, and what it shows. */
export interface PlotOptions {
  /** Default: the method, and the score explained. */
  title?: string;
  /** In pixels; the SVG scales. Default 720. */
  width?: number;
  /** `'auto'` (the default) follows the reader's system, `'light'` and `'dark'` do not. */
  theme?: PlotTheme;
  /** Which example to show. Default: the first, or all of them in plots of many. */
  example?: number;
  /** How many features get a row of their own; the rest are summed up in the last. Default 10. */
  maxFeatures?: number;
  /** For `dependence`: the feature along the axis, by its name or place. Default: the one that matters most. */
  feature?: string | number;
  /** For `dependence`: the feature that colours the points. */
  colorBy?: string | number;
  /** For `text`: the words, if the explanation has no names for them. */
  tokens?: readonly string[];
  /** For `heatmap`: how much the colours cover the image, 0 to 1, where nothing is seen of it. Default 0.65. */
  overlay?: number;
  /** For `heatmap`: this percentage of the pixels, the strongest, share the strongest colour. Default 2. */
  outliers?: number;
}

const NAMES = [
  ...['title', 'width', 'theme', 'example', 'maxFeatures', 'feature', 'colorBy'],
  ...['tokens', 'overlay', 'outliers'],
];

/** Options with their defaults. */
export type Settings = PlotOptions & Required<Pick<PlotOptions, 'width' | 'theme' | 'maxFeatures'>>;

/** @throws ConfigurationError for an option that does not exist, or out of its range. */
export function settings({batch}: Pick<Explanation, 'batch'>, options: PlotOptions): Settings {
  checkNames('plot()', options, NAMES);
  const {width = 720, maxFeatures = 10, theme = 'auto', overlay = 0.65, outliers = 2, example} = options;
  const within = (name: string, value: number, low: number, high: number): void => {
    if (value >= low && value <= high) return;
    throw new ConfigurationError(`${name} of a plot is ${String(value)}.`, {
      hint: `Give a number from ${low} to ${high}.`,
      code: 'configuration/plot',
    });
  };
  within('width', width, 160, 10_000);
  within('maxFeatures', maxFeatures, 1, 1000);
  within('overlay', overlay, 0, 1);
  within('outliers', outliers, 0, 99);
  if (example !== undefined && !(Number.isInteger(example) && example >= 0 && example < batch)) {
    throw new ConfigurationError(`There is no example ${example}: ${batch} are explained.`, {
      code: 'configuration/plot',
    });
  }
  return {...options, width, maxFeatures, theme};
}

/** What a plot is called: `IntegratedGradients: score 3 = 0.93`. */
export function titleOf(explanation: Explanation, {title}: PlotOptions, example?: number): string {
  if (title !== undefined) return title;
  if (example === undefined) return `${explanation.method}, ${explanation.batch} examples`;
  return `${explanation.method}: score ${explanation.targets[example]} = ${number(explanation.outputs[example]!)}`;
}

/** One of several examples: `3: score 7 = 0.93`. */
export function captionOf(explanation: Explanation, example: number): string {
  return `${example}: score ${explanation.targets[example]} = ${number(explanation.outputs[example]!)}`;
}
