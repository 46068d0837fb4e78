/**
 * The share of the targets' variance that predictions explain.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, type StateTree} from '../core';
import {alignTargets} from '../losses';
import {Chunks} from './chunks';
import {asRecord} from './deviceSum';
import {checkWeight} from './mean';
import {elementShape, Metric} from './metric';

/** Options of `R2Score`. */
export interface R2ScoreOptions {
  /** How several columns become one: their plain mean, or weighted by their variance. Default `'uniform'`. */
  average?: 'uniform' | 'varianceWeighted';
  name?: string;
}

/**
 * The coefficient of determination, `1 − Σ(y − ŷ)² / Σ(y − ȳ)²`: 1 is perfect, 0 is as good as the mean. A column of
 * equal targets gives 1 if it is met exactly and 0 otherwise, as in scikit-learn; fewer than two targets give NaN.
 *
 * Each batch contributes its own mean and squares about it, which are joined in float64 (Chan, Golub and LeVeque
 * 1979), so that targets far from zero lose no digits.
 *
 * @throws ConfigurationError for an unknown `average`
 * @example
 * const r2 = new metrics.R2Score();
 * r2.update(tf.tensor1d([1, 2, 3]), tf.tensor2d([[1], [2], [4]]));
 * await r2.result(); // 0.5
 * r2.dispose();
 */
export class R2Score extends Metric {
  private readonly average: 'uniform' | 'varianceWeighted';
  /**
   * One row a batch: weight, then for each column a center (the mean as float32 rounds it), offsets from it, their
   * squares, and squared errors.
   */
  private readonly batches = new Chunks();
  private columns = 0;
  private elements = 0;

  constructor({average = 'uniform', name = 'r2_score'}: R2ScoreOptions = {}) {
    super(name);
    if (average !== 'uniform' && average !== 'varianceWeighted') {
      throw new ConfigurationError(`R2Score got average '${String(average)}'.`, {
        hint: "It is 'uniform' or 'varianceWeighted'.",
      });
    }
    this.average = average;
  }

  update(yTrue: Tensor, yPred: Tensor, weight?: Tensor): void {
    if (weight !== undefined) checkWeight(this.name, weight, elementShape(yPred));
    tf.tidy(() => {
      const aligned = alignTargets(yTrue, yPred, this.name);
      const columns = aligned[1].shape[aligned[1].rank - 1]!;
      const [target, predicted] = aligned.map(x => tf.reshape(x, [-1, columns])) as [Tensor, Tensor];
      const rows = target.shape[0];
      const weights = weight === undefined ? undefined : tf.reshape(weight, [-1, 1]);
      const sum = (x: Tensor): Tensor => tf.sum(weights === undefined ? x : tf.mul(x, weights), 0);
      const count = weights === undefined ? tf.fill([1], rows) : tf.sum(weights, 0);
      const center = tf.divNoNan(sum(target), count);
      const offsets = tf.sub(target, center);
      const error = sum(tf.squaredDifference(target, predicted));
      const row = [count, center, sum(offsets), sum(tf.square(offsets)), error];
      this.batches.push(tf.expandDims(tf.concat(row), 0));
      this.columns = columns;
      this.elements += rows;
    });
  }

  async result(): Promise<number> {
    const batches = await this.batches.read();
    if (this.elements < 2) return NaN;
    let score = 0;
    let total = 0;
    for (let column = 0; column < this.columns; column++) {
      const {spread, error} = join(batches, this.columns, column);
      const r2 = spread > 0 ? 1 - error / spread : error === 0 ? 1 : 0;
      const share = this.average === 'uniform' ? 1 : spread;
      score += share * r2;
      total += share;
    }
    return total > 0 ? score / total : 1;
  }

  reset(): void {
    this.batches.reset();
    this.columns = 0;
    this.elements = 0;
  }

  getState(): StateTree {
    return {batches: this.batches.getState(), columns: this.columns, elements: this.elements};
  }

  setState(state: StateTree): void {
    const {batches, columns, elements} = asRecord(state, `metric '${this.name}'`);
    this.batches.setState(batches);
    this.columns = Number(columns);
    this.elements = Number(elements);
  }
}

/** The squares about the mean of all batches together, and the squared errors, of one column. */
function join(batches: Float32Array, columns: number, column: number): {spread: number; error: number} {
  const width = 1 + 4 * columns;
  let weight = 0;
  let mean = 0;
  let spread = 0;
  let error = 0;
  for (let row = 0; row < batches.length; row += width) {
    const count = batches[row]!;
    if (count === 0) continue;
    const [center, offsets, squares, errors] = [0, 1, 2, 3].map(
      part => batches[row + 1 + part * columns + column]!,
    ) as [number, number, number, number];
    const difference = center + offsets / count - mean;
    const joined = weight + count;
    mean += (difference * count) / joined;
    spread += squares - (offsets * offsets) / count + (difference * difference * weight * count) / joined;
    error += errors;
    weight = joined;
  }
  return {spread, error};
}
