/** What PermutationImportance returns. */
import {importancePlot} from './plots/importance';
import type {PlotOptions} from './plots';
import {meanAndStd} from './matrix';

/** What was measured, as plain numbers. */
export interface ImportancesData {
  /** The metric's name. */
  readonly metric: string;
  /** The metric of the data as they are. */
  readonly baseScore: number;
  /** For each feature by how much the metric got worse, once for each shuffle. */
  readonly repeats: readonly (readonly number[])[];
  readonly featureNames: readonly string[];
  /** Rows that went through the model. */
  readonly evaluations: {readonly forward: number; readonly backward: number};
}

/**
 * How much worse a metric gets when each feature is shuffled; positive where the model needs the feature. It speaks of
 * a model on a data set and not of the score of an example, and so is no `Explanation`, which attributes such scores.
 *
 * @example
 * const importances = new Importances({
 *   metric: 'accuracy',
 *   baseScore: 0.9,
 *   repeats: [[0.3, 0.5], [0, 0]],
 *   featureNames: ['age', 'height'],
 *   evaluations: {forward: 500, backward: 0},
 * });
 * importances.mean; // [0.4, 0]
 */
export class Importances {
  readonly method = 'PermutationImportance';
  /** The mean over the shuffles, `[features]`. */
  readonly mean: Float64Array;
  /** The standard deviation over the shuffles (of the population, as in scikit-learn), `[features]`. */
  readonly standardDeviation: Float64Array;

  constructor(readonly data: ImportancesData) {
    const moments = data.repeats.map(meanAndStd);
    this.mean = Float64Array.from(moments, ({mean}) => mean);
    this.standardDeviation = Float64Array.from(moments, ({std}) => std);
  }

  get metric(): string {
    return this.data.metric;
  }

  /** The metric of the data as they are. */
  get baseScore(): number {
    return this.data.baseScore;
  }

  /** `[features][shuffles]`. */
  get repeats(): readonly (readonly number[])[] {
    return this.data.repeats;
  }

  get featureNames(): readonly string[] {
    return this.data.featureNames;
  }

  /** Rows that went through the model. */
  get evaluations(): {readonly forward: number; readonly backward: number} {
    return this.data.evaluations;
  }

  /**
   * Bars, the most important feature on top, with a standard deviation to either side: SVG text.
   *
   * @throws ConfigurationError for wrong options.
   *
   * @example
   * const evaluations = {forward: 30, backward: 0};
   * const data = {metric: 'r2', baseScore: 1, repeats: [[0.5], [0]], featureNames: ['age', 'height'], evaluations};
   * new Importances(data).plot({title: 'What counts'}).startsWith('<svg'); // true
   */
  plot(options: PlotOptions = {}): string {
    return importancePlot(this, options);
  }

  /**
   * All there is, as plain arrays.
   *
   * @example
   * const evaluations = {forward: 30, backward: 0};
   * const data = {metric: 'r2', baseScore: 1, repeats: [[0.5], [0]], featureNames: ['age', 'height'], evaluations};
   * JSON.parse(JSON.stringify(new Importances(data))).mean; // [0.5, 0]
   */
  toJSON(): object {
    const {method, data, mean, standardDeviation} = this;
    return {method, ...data, mean: [...mean], standardDeviation: [...standardDeviation]};
  }
}
