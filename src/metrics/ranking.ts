/**
 * How well scores rank: areas under the ROC and the precision–recall curve.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, type StateTree} from '../core';
import {Chunks} from './chunks';
import {averagePrecision, rank, rocArea, type RankedGroups} from './curves';
import {targetRows} from './decisions';
import {DeviceSum, asRecord} from './deviceSum';
import {checkWeight} from './mean';
import {elementShape, Metric, type MetricTarget} from './metric';

/** Options of `RocAuc` and `PrAuc`. */
export interface RankingOptions {
  /**
   * Counts scores from 0 to 1 in so many equal bins, in constant memory: the area is exact for scores rounded to
   * bins. Without it all scores are kept, and the area is exact.
   */
  bins?: number;
  /** How the areas of several classes, each against the rest, become one. Default `'macro'`. */
  average?: 'macro' | 'weighted';
  name?: string;
}

/** An area under a curve of ranked scores, one curve a column. */
abstract class RankingMetric extends Metric {
  private readonly bins: number | undefined;
  private readonly average: 'macro' | 'weighted';
  private columns = 0;
  private weighted = false;
  private rows = 0;
  private readonly scores = new Chunks();
  private readonly targets = new Chunks();
  private readonly weights = new Chunks();
  /** `[column, positive or negative, bin]`, flat. */
  private readonly histogram = new DeviceSum();

  constructor(name: string, {bins, average = 'macro'}: RankingOptions) {
    super(name);
    if (bins !== undefined && !(Number.isInteger(bins) && bins >= 2)) {
      throw new ConfigurationError(`Metric '${name}' got ${bins} bins.`, {
        hint: 'Take a whole number from 2 on (1000 is usual), or leave it out.',
      });
    }
    if (average !== 'macro' && average !== 'weighted') {
      throw new ConfigurationError(`Metric '${name}' got average '${String(average)}'.`, {
        hint: "It is 'macro' or 'weighted'; perClass() gives one number a class.",
      });
    }
    this.bins = bins;
    this.average = average;
  }

  protected abstract area(groups: RankedGroups): number;

  override checkOutput({name, activation}: MetricTarget): void {
    if (this.bins === undefined || activation === undefined) return;
    if (activation === 'sigmoid' || activation === 'softmax' || activation === 'hardSigmoid') return;
    throw new ConfigurationError(
      `Metric '${this.name}' counts scores from 0 to 1 in bins, but output '${name}' ends in '${activation}'.`,
      {hint: 'Leave bins out: then any scores can be ranked.', code: 'configuration/output'},
    );
  }

  update(yTrue: Tensor, yPred: Tensor, weight?: Tensor): void {
    if (weight !== undefined) checkWeight(this.name, weight, elementShape(yPred));
    tf.tidy(() => {
      const columns = yPred.rank === 1 ? 1 : yPred.shape[yPred.rank - 1]!;
      const targets = tf.reshape(targetRows(yTrue, yPred, this.name), [-1, columns]);
      const scores = tf.reshape(yPred, [-1, columns]);
      const weights = weight === undefined ? undefined : tf.reshape(weight, [-1, 1]);
      this.columns = columns;
      if (this.bins === undefined) this.keepRows(scores, targets, weights);
      else this.count(this.bins, scores, targets, weights);
    });
  }

  async result(): Promise<number> {
    const curves = await this.curves();
    let sum = 0;
    let total = 0;
    for (const groups of curves) {
      const area = this.area(groups);
      if (Number.isNaN(area)) continue;
      const share = this.average === 'macro' ? 1 : groups.positives.reduce((a, b) => a + b, 0);
      sum += share * area;
      total += share;
    }
    return total > 0 ? sum / total : NaN;
  }

  /** The area of each class against the rest; NaN where a class lacks positives or negatives. */
  async perClass(): Promise<number[]> {
    return (await this.curves()).map(groups => this.area(groups));
  }

  reset(): void {
    for (const kept of [this.scores, this.targets, this.weights, this.histogram]) kept.reset();
    this.columns = 0;
    this.rows = 0;
    this.weighted = false;
  }

  getState(): StateTree {
    return {
      columns: this.columns,
      rows: this.rows,
      weighted: this.weighted,
      scores: this.scores.getState(),
      targets: this.targets.getState(),
      weights: this.weights.getState(),
      histogram: this.histogram.getState(),
    };
  }

  setState(state: StateTree): void {
    const {columns, rows, weighted, ...kept} = asRecord(state, `metric '${this.name}'`);
    this.scores.setState(kept.scores);
    this.targets.setState(kept.targets);
    this.weights.setState(kept.weights);
    this.histogram.setState(kept.histogram);
    this.columns = Number(columns);
    this.rows = Number(rows);
    this.weighted = weighted === true;
  }

  private keepRows(scores: Tensor, targets: Tensor, weights: Tensor | undefined): void {
    const rows = scores.shape[0];
    // Weights are kept only once there are some; rows before then count 1.
    if (weights !== undefined && !this.weighted && this.rows > 0) this.weights.push(tf.ones([this.rows, 1]));
    this.weighted ||= weights !== undefined;
    if (this.weighted) this.weights.push(weights ?? tf.ones([rows, 1]));
    this.scores.push(scores);
    this.targets.push(targets);
    this.rows += rows;
  }

  private count(bins: number, scores: Tensor, targets: Tensor, weights: Tensor | undefined): void {
    const bin = tf.clipByValue(tf.floor(tf.mul(scores, bins)), 0, bins - 1);
    const offset = tf.mul(tf.range(0, this.columns, 1, 'float32'), 2 * bins);
    const positive = tf.cast(tf.add(bin, offset), 'int32');
    const cells = tf.concat([positive, tf.add(positive, tf.scalar(bins, 'int32'))], 0);
    const shares = tf.concat([targets, tf.sub(1, targets)], 0);
    const weighed = weights === undefined ? shares : tf.mul(shares, tf.concat([weights, weights], 0));
    const counts = tf.bincount(
      tf.reshape<tf.Rank.R1>(cells, [-1]),
      tf.reshape<tf.Rank.R1>(weighed, [-1]),
      2 * bins * this.columns,
    );
    this.histogram.add(counts, weights === undefined ? scores.shape[0] : 0);
  }

  private async curves(): Promise<RankedGroups[]> {
    const {columns, bins} = this;
    if (bins !== undefined) {
      const counts = await this.histogram.read();
      const part = (index: number): Float64Array => counts.slice(index * bins, (index + 1) * bins).reverse();
      return Array.from({length: counts.length === 0 ? 0 : columns}, (_, column) => ({
        positives: part(2 * column),
        negatives: part(2 * column + 1),
      }));
    }
    const [scores, targets, weights] = await Promise.all([
      this.scores.read(),
      this.targets.read(),
      this.weights.read(),
    ]);
    if (scores.some(Number.isNaN)) return [];
    const weight = weights.length > 0 ? (i: number): number => weights[i]! : (): number => 1;
    return Array.from({length: columns}, (_, column) =>
      rank(
        Float32Array.from({length: scores.length / columns}, (_, i) => scores[i * columns + column]!),
        i => targets[i * columns + column]!,
        weight,
      ),
    );
  }
}

/**
 * The area under the receiver operating characteristic: the chance that a positive scores above a negative.
 *
 * Exact, as scikit-learn's `roc_auc_score`: all scores are kept on the device, 8 bytes a score (12 with weights),
 * until the next reset. With `bins` memory is constant. For several units, each class is taken against the rest
 * (classes without positives or negatives are left out) and averaged. NaN where there is nothing to compare, or where
 * a score is NaN.
 *
 * @throws ConfigurationError for fewer than 2 `bins` or an unknown `average`
 * @example
 * const auc = new metrics.RocAuc();
 * auc.update(tf.tensor1d([0, 0, 1, 1]), tf.tensor2d([[0.1], [0.4], [0.35], [0.8]]));
 * await auc.result(); // 0.75
 * auc.dispose();
 */
export class RocAuc extends RankingMetric {
  constructor({name = 'auc', ...options}: RankingOptions = {}) {
    super(name, options);
  }

  protected area(groups: RankedGroups): number {
    return rocArea(groups);
  }
}

/**
 * The area under the precision–recall curve as average precision, `Σ (Rₙ − Rₙ₋₁)·Pₙ`: scikit-learn's
 * `average_precision_score`. Kept, averaged and binned as `RocAuc`.
 *
 * @throws ConfigurationError for fewer than 2 `bins` or an unknown `average`
 * @example
 * const auc = new metrics.PrAuc();
 * auc.update(tf.tensor1d([0, 0, 1, 1]), tf.tensor2d([[0.1], [0.4], [0.35], [0.8]]));
 * await auc.result(); // 0.8333333333333333
 * auc.dispose();
 */
export class PrAuc extends RankingMetric {
  constructor({name = 'pr_auc', ...options}: RankingOptions = {}) {
    super(name, options);
  }

  protected area(groups: RankedGroups): number {
    return averagePrecision(groups);
  }
}
