import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError, checkNames, unknownName} from '../core';
import {columnOf, columnsOf} from './dependenceFeatures';
import type {DependenceFeatures} from './dependenceFeatures';
import {gridOf} from './dependenceGrid';
import {ExplanationFrame, predictRows} from './explainer';
import type {ExplainerOptions} from './explainer';
import {FeatureDependence} from './featureDependence';
import {takeInputs} from './inputs';
import type {ExplainInput} from './inputs';
import {quantile, sortedColumn} from './matrix';
import type {Matrix} from './matrix';
import type {ExplainableModel, ScoredModel} from './model';
import {checkWholeNumber} from './options';
import {checkSignal} from './turns';

export interface PartialDependenceOptions extends ExplainerOptions {
  /** Which of the model's scores. Needed where there are several. */
  target?: number;
  /** Values along a feature. Default 50, for two features 20 along each. */
  gridSize?: number;
  /** The quantiles of the data that the grid lies between. Default `[0.05, 0.95]`. */
  percentiles?: readonly [number, number];
  /** `'average'` (the default), or also the curve of each example; `'individual'` draws those alone. Pairs are averaged. */
  kind?: 'average' | 'individual' | 'both';
  /** Curves of one feature start at zero, so that their shapes can be compared. Default false. */
  centered?: boolean;
  /** The values of categorical features, instead of a grid: `{city: [0, 1, 2]}`. */
  categories?: Readonly<Record<string, readonly number[]>>;
}

const OWN_OPTIONS = ['target', 'gridSize', 'percentiles', 'kind', 'centered', 'categories'];
const KINDS = ['average', 'individual', 'both'];

/**
 * How a model's score moves with a feature (Friedman 2001): all examples have the feature set to one value after another,
 * and the scores are averaged. The curve of each example (Goldstein et al. 2015) shows what the mean hides. Grids are those
 * of scikit-learn's `partial_dependence`. Where features hang together, some of what the model is asked never occurs.
 *
 * @throws ConfigurationError for an unknown or impossible option.
 *
 * @example
 * const model = (x: tf.Tensor) => tf.sum(tf.mul(x, [3, 1]), 1);
 * const x = tf.tensor2d([[0, 2], [1, 4], [2, 6]]);
 * const dependence = new PartialDependence(model, {kind: 'both', featureNames: ['age', 'bmi']});
 * const [age, both] = await dependence.explain(x, {features: ['age', ['age', 'bmi']]});
 * age.grid[0]; // [0, 1, 2]
 * age.average; // [4, 7, 10]
 * age.individual?.subarray(0, 3); // [2, 5, 8]
 * both.average; // [2, 4, 6, 5, 7, 9, 8, 10, 12]
 */
export class PartialDependence {
  private readonly model: ScoredModel;

  constructor(
    model: ExplainableModel,
    private readonly options: PartialDependenceOptions = {},
  ) {
    this.model = new ExplanationFrame('PartialDependence', model, options, OWN_OPTIONS, 'output').model;
    const {gridSize = 50, percentiles = [0.05, 0.95], kind = 'average', target = 0} = options;
    const [low, high] = percentiles;
    if (!KINDS.includes(kind)) throw unknownName('kind of PartialDependence', kind, KINDS);
    checkWholeNumber('PartialDependence', 'gridSize', gridSize, 2);
    checkWholeNumber('PartialDependence', 'target', target, 0);
    if (low >= 0 && low < high && high <= 1) return;
    throw new ConfigurationError(`percentiles of PartialDependence is [${percentiles.join(', ')}].`, {
      hint: 'Give two numbers, such as [0.05, 0.95].',
    });
  }

  /**
   * @param input examples, `[examples, features]`; they stay the caller's
   * @returns a dependence for each entry of `features`, in their order
   * @throws ConfigurationError for a feature or target that does not exist, or none said of a model with several scores;
   * ShapeError for examples that are no vectors, DataError for numbers that are not finite.
   */
  async explain(
    input: ExplainInput,
    options: {features: readonly DependenceFeatures[]; signal?: AbortSignal},
  ): Promise<FeatureDependence[]> {
    checkNames('explain()', options, ['features', 'signal']);
    const {features, signal} = options;
    checkSignal(signal);
    const {dtype, ...table} = await this.read(input);
    const names = this.namesOf(table.columns);
    const whole = dtype !== 'float32';
    // All that may be wrong with any of them, before the first row is scored.
    const prepared = columnsOf(features, names).map(columns => ({
      columns,
      axes: this.axesOf(columns, table, names, whole),
    }));
    const found: FeatureDependence[] = [];
    for (const {columns, axes} of prepared) {
      const grid = axes.map(({values}) => values);
      const {kind = 'average', centered = false, target = 0} = this.options;
      const single = columns.length === 1;
      const scores = await this.scores(table, columns, grid, {
        dtype,
        signal,
        keep: single && kind !== 'average',
      });
      if (single && centered) center(scores, grid[0]!.length);
      found.push(
        new FeatureDependence({
          ...{features: columns.map(column => names[column]!), target, kind: single ? kind : 'average'},
          ...{centered: single && centered, grid, categorical: axes.map(({isCategorical}) => isCategorical)},
          deciles: columns.map(column => decilesOf(table, column)),
          ...scores,
          evaluations: {forward: table.rows * scores.average.length, backward: 0},
        }),
      );
    }
    return found;
  }

  private async read(input: ExplainInput): Promise<Matrix & {dtype: Tensor['dtype']}> {
    const inputs = await takeInputs(input, this.model);
    try {
      const [x] = inputs;
      if (inputs.length === 1 && x!.rank === 2) {
        const [rows = 0, columns = 0] = x!.shape;
        return {rows, columns, data: Float64Array.from(await x!.data()), dtype: x!.dtype};
      }
      const shapes = inputs.map(({shape}) => `[${shape.join(', ')}]`).join(' and ');
      throw new ShapeError(`PartialDependence sets columns of one table; the input is ${shapes}.`, {
        hint: 'Give [examples, features], and a function that makes the inputs of the model of it.',
        code: 'shape/table',
      });
    } finally {
      tf.dispose(inputs);
    }
  }

  private namesOf(columns: number): readonly string[] {
    const {featureNames} = this.options;
    if (featureNames === undefined) return Array.from({length: columns}, (_, i) => `feature ${i}`);
    if (featureNames.length === columns) return featureNames;
    throw new ConfigurationError(`There are ${featureNames.length} featureNames for ${columns} features.`, {
      hint: 'Give one for each column.',
    });
  }

  private axesOf(
    columns: readonly number[],
    table: Matrix,
    names: readonly string[],
    whole: boolean,
  ): readonly Axis[] {
    const {gridSize, percentiles = [0.05, 0.95], categories = {}} = this.options;
    const size = gridSize ?? (columns.length === 1 ? 50 : 20);
    const given = new Map(
      Object.entries(categories).map(([name, values]) => [columnOf(name, names), values]),
    );
    return columns.map(column => {
      const values = given.get(column);
      if (values === undefined) {
        const spec = {size, percentiles, whole};
        return {values: gridOf(sortedColumn(table, column), names[column]!, spec), isCategorical: false};
      }
      if (values.length > 0 && values.every(Number.isFinite)) {
        return {values: Float64Array.from(values), isCategorical: true};
      }
      throw new ConfigurationError(`The categories of '${names[column]}' are [${values.join(', ')}].`, {
        hint: 'Give the finite numbers that stand for them.',
      });
    });
  }

  /** Scores of every example at every value, a few rows at a time. */
  private async scores(
    {rows, columns: width, data}: Matrix,
    columns: readonly number[],
    grid: readonly Float64Array[],
    {dtype, signal, keep}: {dtype: Tensor['dtype']; signal: AbortSignal | undefined; keep: boolean},
  ): Promise<Curves> {
    const {batchSize = 100} = this.options;
    const inner = grid[1]?.length ?? 1;
    const points = grid[0]!.length * inner;
    const average = new Float64Array(points);
    const individual = keep ? new Float32Array(rows * points) : undefined;
    for (let first = 0; first < rows * points; first += batchSize) {
      const size = Math.min(batchSize, rows * points - first);
      const chunk = new (dtype === 'int32' ? Int32Array : Float32Array)(size * width);
      for (let i = 0; i < size; i++) {
        const row = (first + i) % rows;
        const point = Math.floor((first + i) / rows);
        chunk.set(data.subarray(row * width, (row + 1) * width), i * width);
        chunk[i * width + columns[0]!] = grid[0]![Math.floor(point / inner)]!;
        if (grid.length === 2) chunk[i * width + columns[1]!] = grid[1]![point % inner]!;
      }
      const x = tf.tensor2d(chunk, [size, width], dtype);
      try {
        const scores = await predictRows(
          this.model,
          [x],
          size,
          signal,
          row => `example ${(first + row) % rows} with the feature set`,
        );
        const target = this.targetOf(scores.outputs);
        for (let i = 0; i < size; i++) {
          const score = scores.data[i * scores.outputs + target]!;
          const point = Math.floor((first + i) / rows);
          average[point] = average[point]! + score / rows;
          if (individual) individual[((first + i) % rows) * points + point] = score;
        }
      } finally {
        x.dispose();
      }
      signal?.throwIfAborted();
    }
    return {average, ...(individual && {individual})};
  }

  private targetOf(outputs: number): number {
    const {target} = this.options;
    if (target === undefined && outputs > 1) {
      throw new ConfigurationError(`The model gives ${outputs} scores.`, {
        hint: `Say which one moves with the features: {target: …}, from 0 to ${outputs - 1}.`,
        code: 'configuration/target',
      });
    }
    if (target === undefined || target < outputs) return target ?? 0;
    throw new ConfigurationError(`The target ${target} is not one of the model's ${outputs} outputs.`, {
      hint: `Give an integer from 0 to ${outputs - 1}.`,
      code: 'configuration/target',
    });
  }
}

interface Axis {
  readonly values: Float64Array;
  readonly isCategorical: boolean;
}

interface Curves {
  readonly average: Float64Array;
  readonly individual?: Float32Array;
}

function decilesOf(table: Matrix, column: number): Float64Array {
  const sorted = sortedColumn(table, column);
  return Float64Array.from({length: 9}, (_, i) => quantile(sorted, (i + 1) / 10));
}

/** Differences to the first point of each curve. */
function center({average, individual = new Float32Array(0)}: Curves, points: number): void {
  for (const curves of [average, individual]) {
    for (let first = 0; first < curves.length; first += points) {
      const start = curves[first]!;
      for (let i = first; i < first + points; i++) curves[i] = curves[i]! - start;
    }
  }
}
