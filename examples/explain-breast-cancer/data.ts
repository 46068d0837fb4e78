/** The 569 masses of Breast Cancer Wisconsin in `examples/data`, split into three and standardised. */
import {readFileSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import {Random} from 'glassbox';

export const MALIGNANT = 1;

/** Rows of measurements, and for each whether the mass was malignant (1) or benign (0). */
export interface Masses {
  /** Standardised: 0 is the mean of the training rows, 1 their standard deviation. */
  readonly features: number[][];
  /** The same as they were measured. */
  readonly measured: number[][];
  readonly labels: number[];
}

export interface BreastCancer {
  readonly featureNames: string[];
  readonly train: Masses;
  readonly validation: Masses;
  readonly test: Masses;
  /** Measurements `[rows, 30]` as the network takes them. */
  standardize(measured: tf.Tensor): tf.Tensor;
}

/** 341 rows to train on, 114 to validate on, 114 to test on, drawn by the seed. */
export function loadBreastCancer(seed: number): BreastCancer {
  const file = readFileSync(new URL('../data/breast-cancer/wdbc.csv', import.meta.url), 'utf8');
  const [header = '', ...lines] = file.trim().split('\n');
  const rows = new Random(seed).permutation(lines.length);
  const cells = Array.from(rows, row => lines[row]!.split(','));
  const table = cells.map(row => row.slice(0, -1).map(Number));
  const labels = cells.map(row => (row.at(-1) === 'malignant' ? MALIGNANT : 0));

  const training = table.slice(0, 341);
  const scales = training[0]!.map((_, column) => {
    const values = training.map(row => row[column]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return {mean, deviation: Math.sqrt(variance)};
  });
  const part = (from: number, to?: number): Masses => ({
    features: table
      .slice(from, to)
      .map(row => row.map((value, column) => (value - scales[column]!.mean) / scales[column]!.deviation)),
    measured: table.slice(from, to),
    labels: labels.slice(from, to),
  });
  return {
    featureNames: header.split(',').slice(0, -1),
    train: part(0, 341),
    validation: part(341, 455),
    test: part(455),
    standardize: measured =>
      tf.div(
        tf.sub(
          measured,
          scales.map(({mean}) => mean),
        ),
        scales.map(({deviation}) => deviation),
      ),
  };
}
