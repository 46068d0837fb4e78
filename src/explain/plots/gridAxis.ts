/** Axes along the values that a feature was set to: numbers to scale, categories side by side. */
import type {FeatureDependenceData} from '../featureDependence';
import {linearScale, number, numberMarks} from './scale';
import type {Mark, Scale} from './scale';
import {path} from './svg';

/** One feature of a dependence along an axis. */
export interface GridAxis {
  readonly scale: Scale;
  /** Where each value of the grid lies, in pixels, in the grid's order. */
  readonly places: readonly number[];
  /** Where the cell of each value begins and ends, in pixels. */
  readonly cells: readonly (readonly [number, number])[];
  readonly marks: readonly Mark[];
  /** The deciles that lie on the axis, in pixels. */
  readonly deciles: readonly number[];
}

/** @param from where it starts, in pixels, and ends, `to`; with `cells` there is room for those of the outermost values */
export function gridAxis(
  {grid, categorical, deciles}: FeatureDependenceData,
  feature: number,
  {from, to, cells}: {from: number; to: number; cells: boolean},
): GridAxis {
  const isCategorical = categorical[feature]!;
  const values = isCategorical ? grid[feature]!.map((_, i) => i) : grid[feature]!;
  const edges = edgesOf(values);
  const isWide = cells || values.length === 1 || isCategorical;
  const [low, high] = isWide ? [edges[0]!, edges.at(-1)!] : [values[0]!, values.at(-1)!];
  const scale = linearScale(low, high, from, to);
  const names = grid[feature]!;
  return {
    scale,
    places: Array.from(values, scale),
    cells: Array.from(values, (_, i) => [scale(edges[i]!), scale(edges[i + 1]!)] as const),
    marks: isCategorical
      ? Array.from(values, at => ({at, name: number(names[at]!)}))
      : // Zero of a feature is a value like any other.
        numberMarks(scale, from < to ? 90 : 55).map(({at, name}) => ({at, name})),
    deciles: isCategorical
      ? []
      : [...deciles[feature]!].filter(value => value >= low && value <= high).map(scale),
  };
}

/** Halfway between the values, and as far beyond the outermost. */
function edgesOf(values: Float64Array): number[] {
  const last = values.length - 1;
  if (last === 0) return [values[0]! - 0.5, values[0]! + 0.5];
  const between = Array.from({length: last}, (_, i) => (values[i]! + values[i + 1]!) / 2);
  return [1.5 * values[0]! - values[1]! / 2, ...between, 1.5 * values[last]! - values[last - 1]! / 2];
}

/** Strokes at the deciles, where the data are; with a rim, since they may stand on any colour. */
export function rug(deciles: readonly number[], along: 'x' | 'y', at: number): string {
  return deciles
    .map(place => {
      const [from, to]: [number, number][] =
        along === 'x'
          ? [
              [place, at],
              [place, at - 8],
            ]
          : [
              [at, place],
              [at + 8, place],
            ];
      return path([from!, to!], {class: 'halo'}) + path([from!, to!], {class: 'mark', 'stroke-width': 1.5});
    })
    .join('');
}
