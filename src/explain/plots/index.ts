/** Pictures of explanations: SVG text that needs nothing else. */
import {unknownName} from '../../core';
import type {Explanation} from '../explanation';
import {barPlot} from './bar';
import {beeswarmPlot} from './beeswarm';
import {dependencePlot} from './dependence';
import {forcePlot} from './force';
import {heatmapPlot} from './heatmap';
import type {PlotOptions} from './options';
import {textPlot} from './text';
import {waterfallPlot} from './waterfall';

export {barPlot, beeswarmPlot, dependencePlot, forcePlot, heatmapPlot, textPlot, waterfallPlot};
export {changesPlot} from './changes';
export {plotGrid} from './grid';
export type {PlotGridOptions} from './grid';
export type {PlotOptions} from './options';
export type {PlotTheme} from './svg';

const PLOTS = {
  bar: barPlot,
  beeswarm: beeswarmPlot,
  dependence: dependencePlot,
  force: forcePlot,
  heatmap: heatmapPlot,
  text: textPlot,
  waterfall: waterfallPlot,
};

/** The plots that there are. */
export type PlotKind = keyof typeof PLOTS;

/** A plot by its name, or the one that suits the explanation. */
export function plotExplanation(
  explanation: Explanation,
  kind: PlotKind | undefined,
  options: PlotOptions,
): string {
  const chosen = kind ?? kindFor(explanation, options);
  if (!Object.hasOwn(PLOTS, chosen)) throw unknownName('plot', chosen, Object.keys(PLOTS));
  return PLOTS[chosen](explanation, options);
}

function kindFor(explanation: Explanation, options: PlotOptions): PlotKind {
  const {shape, batch, baseValues, data} = explanation;
  const isEmbedded = shape.length === 3 && data.inputs[0]?.shape.length === 2;
  if (options.tokens !== undefined) return 'text';
  if (isEmbedded) return explanation.featureNamesOf(options.example ?? 0) === undefined ? 'bar' : 'text';
  if (shape.length > 2) return 'heatmap';
  if (batch > 1 && options.example === undefined) return data.inputs.length > 0 ? 'beeswarm' : 'bar';
  return baseValues === undefined ? 'bar' : 'waterfall';
}
