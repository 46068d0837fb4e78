/**
 * scikit-learn's numbers (test/oracle/metrics.py), and batches to feed them in.
 */
import * as tf from '@tensorflow/tfjs-core';
import {readFileSync} from 'node:fs';
import type {ReportJson} from '../../src/metrics';

export type Rows = number[] | number[][];
interface Labelled<T> {
  name: string;
  yTrue: T;
  yPred: T;
  weight: T | null;
}
export interface MetricCase<T> extends Labelled<T> {
  metric: string;
  options: Record<string, unknown>;
  expected: number;
  perClass: number[] | null;
}
export interface ReportCase<T> extends Labelled<T> {
  labels: string[] | number[] | null;
  digits: number;
  table: string;
  dict: ReportJson;
}
export interface MatrixCase<T> extends Labelled<T> {
  normalize: 'true' | 'pred' | 'all' | null;
  expected: number[][];
}
interface Oracle {
  arrays: Rows[];
  cases: MetricCase<number>[];
  reports: ReportCase<number>[];
  matrices: MatrixCase<number>[];
}

const {arrays, ...oracle} = JSON.parse(
  readFileSync(new URL('../oracle/metrics.json', import.meta.url), 'utf8'),
) as Oracle;

function filled<C extends Labelled<number>>(
  entry: C,
): Omit<C, 'yTrue' | 'yPred' | 'weight'> & {yTrue: Rows; yPred: Rows; weight: number[] | undefined} {
  const weight = entry.weight === null ? undefined : (arrays[entry.weight] as number[]);
  return {...entry, yTrue: arrays[entry.yTrue]!, yPred: arrays[entry.yPred]!, weight};
}

export const cases = oracle.cases.map(filled<MetricCase<number>>);
export const reports = oracle.reports.map(filled<ReportCase<number>>);
export const matrices = oracle.matrices.map(filled<MatrixCase<number>>);

/** Consecutive batches of the given sizes, the last one over and over, as tensors; predictions get a last axis. */
export function* batches(
  {yTrue, yPred, weight}: {yTrue: Rows; yPred: Rows; weight: number[] | undefined},
  sizes: readonly number[],
): Generator<[tf.Tensor, tf.Tensor, tf.Tensor | undefined]> {
  for (let start = 0, batch = 0; start < yTrue.length; batch++) {
    const end = start + sizes[Math.min(batch, sizes.length - 1)]!;
    const p = tf.tensor(yPred.slice(start, end));
    yield [
      tf.tensor(yTrue.slice(start, end)),
      p.rank === 1 ? tf.tidy(() => tf.expandDims(p, -1)) : p,
      weight === undefined ? undefined : tf.tensor1d(weight.slice(start, end)),
    ];
    if (p.rank === 1) p.dispose();
    start = end;
  }
}
