/** Crossentropy from logits on the engine against float64. */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {CategoricalCrossentropy, SparseCategoricalCrossentropy} from '../../../src/losses';
import {expectNear, values} from './support';

const shapes = [
  [1, 2],
  [3, 3],
  [5, 4],
  [64, 10],
  [2, 7, 13],
  [9, 1000],
];

/** Value and gradient of `Σ weight · loss`, in float64. */
function reference(y: number[][], z: number[][], weights: ArrayLike<number>) {
  const value: number[] = [];
  const gradient: number[] = [];
  for (const [i, row] of z.entries()) {
    const largest = Math.max(...row);
    const total = row.reduce((sum, x) => sum + Math.exp(x - largest), 0);
    const sumY = y[i]!.reduce((a, b) => a + b, 0);
    value.push(row.reduce((sum, x, j) => sum + y[i]![j]! * (Math.log(total) - (x - largest)), 0));
    gradient.push(...row.map((x, j) => ((Math.exp(x - largest) / total) * sumY - y[i]![j]!) * weights[i]!));
  }
  return {value, gradient};
}

/** The loss of each row, and the gradient of the logits with `weights` for the rows; nothing else may stay. */
function run(
  loss: CategoricalCrossentropy | SparseCategoricalCrossentropy,
  targets: tf.Tensor,
  logits: tf.Tensor,
  weights: tf.Tensor,
) {
  const before = {tensors: tf.memory().numTensors, data: tf.backend().numDataIds()};
  const value = loss.call(targets, logits);
  const gradient = tf.tidy(() => tf.grad(z => loss.call(targets, z))(logits, weights));
  const read = {value: value.dataSync(), gradient: gradient.dataSync(), shape: value.shape};
  tf.dispose([value, gradient]);
  expect({tensors: tf.memory().numTensors, data: tf.backend().numDataIds()}).toEqual(before);
  return read;
}

/** A gradient is a difference of terms of at least the size of 1, which may leave little. */
function expectGradient(actual: ArrayLike<number>, expected: readonly number[]): void {
  const scale = Math.max(1, ...expected.map(Math.abs));
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries())
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(1e-6 * scale);
}

const chunk = (list: ArrayLike<number>, size: number): number[][] =>
  Array.from({length: list.length / size}, (_, i) => Array.from(list).slice(i * size, (i + 1) * size));

describe('crossentropy from logits on the engine', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  it.each(shapes.flatMap(shape => [0, 0.1].map(smoothing => [shape, smoothing] as const)))(
    'of shape %j with smoothing %d',
    (shape, labelSmoothing) => {
      const random = new Random(2);
      const classes = shape.at(-1)!;
      const size = shape.reduce((a, b) => a * b);
      const z = values(random, size).map(x => 8 * x);
      const labels = Array.from({length: size / classes}, () => Math.floor(random.uniform() * classes));
      const soft = values(random, size).map(x => x * x);
      const weights = values(random, size / classes);
      const smooth = (y: number[]): number[] =>
        y.map(x => x * (1 - labelSmoothing) + labelSmoothing / classes);
      const options = {fromLogits: true, labelSmoothing};
      tf.tidy(() => {
        const logits = tf.tensor(z, shape);
        const dy = tf.tensor(weights, shape.slice(0, -1));
        const oneHot = labels.map(label =>
          smooth(Array.from({length: classes}, (_, j) => Number(j === label))),
        );
        const sparse = new SparseCategoricalCrossentropy(options);
        const ofLabels = run(sparse, tf.tensor(labels, shape.slice(0, -1), 'int32'), logits, dy);
        const expected = reference(oneHot, chunk(z, classes), weights);
        expect(ofLabels.shape).toEqual(shape.slice(0, -1));
        expectNear(ofLabels.value, expected.value, 1e-6);
        expectGradient(ofLabels.gradient, expected.gradient);
        const dense = new CategoricalCrossentropy(options);
        const ofRows = run(dense, tf.tensor(soft, shape), logits, dy);
        const expectedRows = reference(chunk(soft, classes).map(smooth), chunk(z, classes), weights);
        expectNear(ofRows.value, expectedRows.value, 2e-6);
        expectGradient(ofRows.gradient, expectedRows.gradient);
      });
    },
  );

  it('keeps its digits with large logits, and takes −infinity for an impossible class', () => {
    tf.tidy(() => {
      const loss = new SparseCategoricalCrossentropy({fromLogits: true});
      const logits = tf.tensor2d([
        [1e6, 1e6, -1e6],
        [-Infinity, 0, 0],
      ]);
      const {value, gradient} = run(loss, tf.tensor1d([0, 1], 'int32'), logits, tf.ones([2]));
      expectNear(value, [Math.LN2, Math.LN2], 1e-6);
      expectNear(gradient, [-0.5, 0.5, 0, 0, -0.5, 0.5], 1e-6);
    });
  });

  it('gives NaN for a row with NaN alone', () => {
    tf.tidy(() => {
      const loss = new SparseCategoricalCrossentropy({fromLogits: true});
      const logits = tf.tensor2d([
        [0, NaN],
        [0, 0],
      ]);
      const {value} = run(loss, tf.tensor1d([0, 0], 'int32'), logits, tf.ones([2]));
      expect([Number.isNaN(value[0]), Number.isFinite(value[1])]).toEqual([true, true]);
    });
  });
});
