/**
 * Agreement between targets and predictions beyond chance, from the confusion matrix.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, type StateTree} from '../core';
import {decideClass} from './decisions';
import {DeviceSum} from './deviceSum';
import {checkWeight} from './mean';
import {elementShape, Metric} from './metric';

/** Options of `MatthewsCorrelation`; those of `CohenKappa` add to them. */
export interface AgreementOptions {
  /** Above it a single unit says yes. Default 0.5. */
  threshold?: number;
  name?: string;
}

/** A metric of the confusion matrix, row = target, column = prediction. A single unit counts as two classes. */
abstract class AgreementMetric extends Metric {
  private readonly threshold: number;
  private readonly matrix = new DeviceSum();

  constructor(name: string, {threshold = 0.5}: AgreementOptions) {
    super(name);
    this.threshold = threshold;
  }

  protected abstract score(matrix: Float64Array, classes: number): number;

  update(yTrue: Tensor, yPred: Tensor, weight?: Tensor): void {
    if (weight !== undefined) checkWeight(this.name, weight, elementShape(yPred));
    tf.tidy(() => {
      const {actual, predicted} = decideClass(yTrue, yPred, this.threshold, this.name);
      const weighed = weight === undefined ? predicted : tf.mul(predicted, tf.reshape(weight, [-1, 1]));
      const confusion = tf.matMul(actual, weighed, true, false);
      this.matrix.add(confusion, weight === undefined ? predicted.shape[0] : 0);
    });
  }

  async result(): Promise<number> {
    const matrix = await this.matrix.read();
    return matrix.length === 0 ? NaN : this.score(matrix, Math.round(Math.sqrt(matrix.length)));
  }

  reset(): void {
    this.matrix.reset();
  }

  getState(): StateTree {
    return this.matrix.getState();
  }

  setState(state: StateTree): void {
    this.matrix.setState(state);
  }
}

/** Options of `CohenKappa`. */
export interface CohenKappaOptions extends AgreementOptions {
  /** How a confusion of classes i and j counts: 1, `|i − j|` or `(i − j)²`. Default 1. */
  weights?: 'linear' | 'quadratic';
}

/**
 * Cohen's kappa: agreement beyond what the class frequencies alone would give (Cohen 1960, weighted 1968); 1 is
 * perfect, 0 is chance. Targets are class indices or one-hot, or 0 and 1 for a single unit.
 *
 * @throws ConfigurationError for unknown `weights`
 * @example
 * const kappa = new metrics.CohenKappa();
 * kappa.update(tf.tensor1d([1, 0, 1, 0]), tf.tensor2d([[0.9], [0.1], [0.8], [0.7]]));
 * await kappa.result(); // 0.5
 * kappa.dispose();
 */
export class CohenKappa extends AgreementMetric {
  private readonly distance: (i: number, j: number) => number;

  constructor({weights, name = 'cohen_kappa', ...options}: CohenKappaOptions = {}) {
    super(name, options);
    if (weights === undefined) this.distance = (i, j) => (i === j ? 0 : 1);
    else if (weights === 'linear') this.distance = (i, j) => Math.abs(i - j);
    else if (weights === 'quadratic') this.distance = (i, j) => (i - j) ** 2;
    else {
      throw new ConfigurationError(`CohenKappa got weights '${String(weights)}'.`, {
        hint: "They are 'linear' or 'quadratic', or left out.",
      });
    }
  }

  protected score(matrix: Float64Array, classes: number): number {
    const {rows, columns, sum} = margins(matrix, classes);
    let observed = 0;
    let expected = 0;
    for (let i = 0; i < classes; i++) {
      for (let j = 0; j < classes; j++) {
        observed += this.distance(i, j) * matrix[i * classes + j]!;
        expected += (this.distance(i, j) * rows[i]! * columns[j]!) / sum;
      }
    }
    return 1 - observed / expected;
  }
}

/**
 * The Matthews correlation coefficient of targets and predictions, for any number of classes (Matthews 1975, Gorodkin
 * 2004): 1 is perfect, 0 is chance; 0 where either side is one class only.
 *
 * @example
 * const matthews = new metrics.MatthewsCorrelation();
 * matthews.update(tf.tensor1d([1, 0, 1, 0]), tf.tensor2d([[0.9], [0.1], [0.8], [0.7]]));
 * await matthews.result(); // 0.5773502691896258
 * matthews.dispose();
 */
export class MatthewsCorrelation extends AgreementMetric {
  constructor({name = 'matthews_correlation', ...options}: AgreementOptions = {}) {
    super(name, options);
  }

  protected score(matrix: Float64Array, classes: number): number {
    const {rows, columns, sum} = margins(matrix, classes);
    let right = 0;
    let both = 0;
    let predicted = 0;
    let actual = 0;
    for (let i = 0; i < classes; i++) {
      right += matrix[i * classes + i]!;
      both += rows[i]! * columns[i]!;
      predicted += columns[i]! ** 2;
      actual += rows[i]! ** 2;
    }
    const scale = Math.sqrt((sum ** 2 - predicted) * (sum ** 2 - actual));
    return scale === 0 ? 0 : (right * sum - both) / scale;
  }
}

function margins(matrix: Float64Array, classes: number): {rows: number[]; columns: number[]; sum: number} {
  const rows = new Array<number>(classes).fill(0);
  const columns = new Array<number>(classes).fill(0);
  let sum = 0;
  matrix.forEach((count, cell) => {
    rows[Math.floor(cell / classes)]! += count;
    columns[cell % classes]! += count;
    sum += count;
  });
  return {rows, columns, sum};
}
