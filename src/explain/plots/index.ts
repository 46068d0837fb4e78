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
export {curvesPlot} from './curves';
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
  const {shape, batch, baseValues, data, surrogates} = explanation;
  const {arePairs = false, inputs} = data;
  const isEmbedded = shape.length === 3 && inputs[0]?.shape.length === 2 && !arePairs;
  const areWords = data.exampleFeatureNames !== undefined && inputs.length === 0;
  if (options.tokens !== undefined || areWords) return 'text';
  if (isEmbedded) return explanation.featureNamesOf(options.example ?? 0) === undefined ? 'bar' : 'text';
  if (shape.length > 2 && !arePairs) return 'heatmap';
  if (arePairs && batch > 1) return 'bar';
  if (batch > 1 && options.example === undefined) return data.inputs.length > 0 ? 'beeswarm' : 'bar';
  // The coefficients of a linear model are no parts of its sum.
  return baseValues === undefined || surrogates !== undefined ? 'bar' : 'waterfall';
}
