/**
 * Precision, recall and their harmonic mean.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, type StateTree} from '../core';
import {decide, type Threshold} from './decisions';
import {DeviceSum} from './deviceSum';
import {checkWeight} from './mean';
import {elementShape, Metric} from './metric';

/** How the numbers of several columns become one: over all decisions, the plain mean, or weighted by support. */
export type Average = 'micro' | 'macro' | 'weighted';

/** Options of `Precision`, `Recall` and `FScore`. */
export interface PrecisionRecallOptions {
  average?: Average;
  /**
   * A number: whatever scores above it is predicted, each column by itself. `'largest'`: the largest of a row is
   * predicted. A single unit is always decided by a number, 0.5 by default.
   */
  threshold?: Threshold;
  /** Only this column counts. */
  classId?: number;
  name?: string;
}

/** What one column has collected. */
interface ColumnCounts {
  truePositives: number;
  predicted: number;
  actual: number;
}

/** True positives, predictions and targets of each column, and a score made of them. */
abstract class CountedMetric extends Metric {
  readonly average: Average;
  readonly classId: number | undefined;
  private readonly threshold: Threshold;
  /** `[3, columns]`: true positives, predicted, actual. */
  private readonly counts = new DeviceSum();

  constructor({
    name,
    average,
    threshold,
    classId,
  }: Required<Omit<PrecisionRecallOptions, 'classId'>> & {classId: number | undefined}) {
    super(name);
    if (!['micro', 'macro', 'weighted'].includes(average)) {
      throw new ConfigurationError(`Metric '${name}' got average '${average}'.`, {
        hint: "It is 'micro', 'macro' or 'weighted'; perClass() gives one number a class.",
      });
    }
    if (threshold !== 'largest' && !Number.isFinite(threshold)) {
      throw new ConfigurationError(`Metric '${name}' got threshold ${threshold}.`, {
        hint: "It is a number or 'largest'.",
      });
    }
    this.average = average;
    this.threshold = threshold;
    this.classId = classId;
  }

  protected abstract score(counts: ColumnCounts): number;

  update(yTrue: Tensor, yPred: Tensor, weight?: Tensor): void {
    if (weight !== undefined) checkWeight(this.name, weight, elementShape(yPred));
    tf.tidy(() => {
      const single = yPred.rank === 1 || yPred.shape[yPred.rank - 1] === 1;
      const threshold = single && this.threshold === 'largest' ? 0.5 : this.threshold;
      const {actual, predicted} = decide(yTrue, yPred, threshold, this.name);
      const weights = weight === undefined ? undefined : tf.reshape(weight, [-1, 1]);
      const weigh = (x: Tensor): Tensor => (weights === undefined ? x : tf.mul(x, weights));
      const counted = weigh(predicted);
      const sums = [tf.mul(counted, actual), counted, weigh(actual)].map(x => tf.sum(x, 0));
      this.counts.add(tf.stack(sums), weight === undefined ? predicted.shape[0] : 0);
    });
  }

  async result(): Promise<number> {
    const columns = await this.columns();
    if (columns.length === 0) return NaN;
    if (this.classId !== undefined) return this.score(columns[this.classId] ?? NOTHING);
    const sum = (pick: (column: ColumnCounts) => number): number =>
      columns.reduce((total, column) => total + pick(column), 0);
    if (this.average === 'micro') {
      return this.score({
        truePositives: sum(column => column.truePositives),
        predicted: sum(column => column.predicted),
        actual: sum(column => column.actual),
      });
    }
    if (this.average === 'macro') return sum(column => this.score(column)) / columns.length;
    const support = sum(column => column.actual);
    return support === 0 ? 0 : sum(column => this.score(column) * column.actual) / support;
  }

  /** The score of each class by itself; empty before the first update. */
  async perClass(): Promise<number[]> {
    return (await this.columns()).map(column => this.score(column));
  }

  reset(): void {
    this.counts.reset();
  }

  getState(): StateTree {
    return this.counts.getState();
  }

  setState(state: StateTree): void {
    this.counts.setState(state);
  }

  private async columns(): Promise<ColumnCounts[]> {
    const counts = await this.counts.read();
    const columns = counts.length / 3;
    return Array.from({length: columns}, (_, i) => ({
      truePositives: counts[i]!,
      predicted: counts[columns + i]!,
      actual: counts[2 * columns + i]!,
    }));
  }
}

const NOTHING: ColumnCounts = {truePositives: 0, predicted: 0, actual: 0};

/** A share of nothing is 0, as in Keras and (with a warning) in scikit-learn. */
function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/**
 * How much of what was predicted is true: `tp / (tp + fp)`; 0 where nothing was predicted.
 *
 * As in Keras, by default every score above 0.5 is a prediction and all columns are counted together (`'micro'`).
 * With `average: 'macro'` or `'weighted'` the largest of a row is predicted and columns are averaged, as
 * scikit-learn does for classes.
 *
 * @throws ConfigurationError for an unknown `average` or a `threshold` that is no number
 * @example
 * const precision = new metrics.Precision();
 * precision.update(tf.tensor1d([1, 0, 1, 0]), tf.tensor2d([[0.9], [0.8], [0.7], [0.1]]));
 * await precision.result(); // 0.6666666666666666
 * precision.dispose();
 */
export class Precision extends CountedMetric {
  constructor(options: PrecisionRecallOptions = {}) {
    super(withDefaults('precision', options));
  }

  protected score({truePositives, predicted}: ColumnCounts): number {
    return share(truePositives, predicted);
  }
}

/**
 * How much of what is true was predicted: `tp / (tp + fn)`; 0 where nothing is true. Defaults as for `Precision`.
 *
 * @throws ConfigurationError for an unknown `average` or a `threshold` that is no number
 * @example
 * const recall = new metrics.Recall();
 * recall.update(tf.tensor1d([1, 0, 1, 1]), tf.tensor2d([[0.9], [0.8], [0.7], [0.1]]));
 * await recall.result(); // 0.6666666666666666
 * recall.dispose();
 */
export class Recall extends CountedMetric {
  constructor(options: PrecisionRecallOptions = {}) {
    super(withDefaults('recall', options));
  }

  protected score({truePositives, actual}: ColumnCounts): number {
    return share(truePositives, actual);
  }
}

/** Options of `FScore`. */
export interface FScoreOptions extends PrecisionRecallOptions {
  /** How many times as much recall matters as precision. Default 1. */
  beta?: number;
}

/**
 * The harmonic mean of precision and recall, `(1 + β²)·tp / (β²·actual + predicted)`; 0 where there is neither.
 *
 * Over classes it is averaged plainly (`'macro'`), with the largest of a row predicted. A single unit gives the
 * score of its yes.
 *
 * @throws ConfigurationError for a `beta` that is not positive, an unknown `average` or a `threshold` that is no number
 * @example
 * const f1 = new metrics.FScore();
 * f1.update(tf.tensor1d([0, 1, 1]), tf.tensor2d([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]));
 * await f1.result(); // 0.6666666666666666
 * f1.dispose();
 */
export class FScore extends CountedMetric {
  readonly beta: number;

  constructor({beta = 1, ...options}: FScoreOptions = {}) {
    super(
      withDefaults(beta === 1 ? 'f1_score' : 'fbeta_score', {
        average: 'macro',
        threshold: 'largest',
        ...options,
      }),
    );
    if (!(beta > 0)) {
      throw new ConfigurationError(`FScore got beta ${beta}.`, {hint: 'It must be greater than 0.'});
    }
    this.beta = beta;
  }

  protected score({truePositives, predicted, actual}: ColumnCounts): number {
    const square = this.beta * this.beta;
    return share((1 + square) * truePositives, square * actual + predicted);
  }
}

function withDefaults(
  name: string,
  options: PrecisionRecallOptions,
): Required<Omit<PrecisionRecallOptions, 'classId'>> & {classId: number | undefined} {
  const average = options.average ?? 'micro';
  return {
    name: options.name ?? name,
    average,
    threshold: options.threshold ?? (average === 'micro' ? 0.5 : 'largest'),
    classId: options.classId,
  };
}
