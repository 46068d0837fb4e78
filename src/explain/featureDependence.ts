/** What PartialDependence returns. */
import type {PlotOptions} from './plots';
import {dependenceCurve} from './plots/partialDependence';
import {dependenceSurface} from './plots/dependenceSurface';

/** How a picture of a dependence looks. */
export type FeatureDependencePlotOptions = Pick<PlotOptions, 'title' | 'width' | 'theme'>;

/** What was measured. */
export interface FeatureDependenceData {
  /** One feature or two. */
  readonly features: readonly string[];
  /** Which of the model's scores. */
  readonly target: number;
  readonly kind: 'average' | 'individual' | 'both';
  /** Whether curves are differences to their first points. */
  readonly centered: boolean;
  /** For each feature the values that it was set to. */
  readonly grid: readonly Float64Array[];
  /** For each feature whether its values are categories, without an order. */
  readonly categorical: readonly boolean[];
  /** For each feature the nine deciles of the data. */
  readonly deciles: readonly Float64Array[];
  /** `[grid]`, for two features `[grid of the first, grid of the second]`, row by row. */
  readonly average: Float64Array;
  /** `[examples, grid]`, row by row. */
  readonly individual?: Float32Array;
  /** Rows that went through the model. */
  readonly evaluations: {readonly forward: number; readonly backward: number};
}

/**
 * How a score moves with one feature, or with two. Plain numbers: there is nothing to dispose.
 *
 * @example
 * const evaluations = {forward: 20, backward: 0};
 * const dependence = new FeatureDependence({
 *   ...{features: ['age'], target: 0, kind: 'average', centered: false, categorical: [false], evaluations},
 *   ...{grid: [Float64Array.of(20, 40)], deciles: [new Float64Array(9)], average: Float64Array.of(0.1, 0.7)},
 * });
 * dependence.average; // [0.1, 0.7]
 */
export class FeatureDependence {
  constructor(readonly data: FeatureDependenceData) {}

  /** One name or two. */
  get features(): readonly string[] {
    return this.data.features;
  }

  /** For each feature the values that it was set to. */
  get grid(): readonly Float64Array[] {
    return this.data.grid;
  }

  /** The mean score at each value, `[grid]`; for two features `[grid of the first, grid of the second]`, row by row. */
  get average(): Float64Array {
    return this.data.average;
  }

  /** The curve of each example, `[examples, grid]`, row by row; of one feature, where it was asked for. */
  get individual(): Float32Array | undefined {
    return this.data.individual;
  }

  /** Rows that went through the model. */
  get evaluations(): {readonly forward: number; readonly backward: number} {
    return this.data.evaluations;
  }

  /**
   * The mean as a curve, behind it those of examples (100 at most), and below it the deciles of the data; two features as
   * a map of colours. SVG text.
   *
   * @throws ConfigurationError for wrong options.
   *
   * @example
   * const score = (x: tf.Tensor) => tf.sum(tf.square(x), 1);
   * const explainer = new PartialDependence(score, {kind: 'both'});
   * const [found] = await explainer.explain(tf.randomNormal([20, 2]), {features: [0]});
   * found.plot({title: 'A parabola'}).startsWith('<svg'); // true
   */
  plot(options: FeatureDependencePlotOptions = {}): string {
    return this.features.length === 2
      ? dependenceSurface(this.data, options)
      : dependenceCurve(this.data, options);
  }

  /**
   * All there is, as plain arrays, for `JSON.stringify`.
   *
   * @example
   * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [2, 1]), 1);
   * const [found] = await new PartialDependence(score).explain(tf.tensor2d([[0, 1], [1, 1]]), {features: [0]});
   * JSON.parse(JSON.stringify(found)).average; // [1, 3]
   */
  toJSON(): object {
    const {grid, deciles, average, individual, ...rest} = this.data;
    return {
      ...rest,
      grid: grid.map(values => [...values]),
      deciles: deciles.map(values => [...values]),
      average: [...average],
      ...(individual && {individual: [...individual]}),
    };
  }
}
