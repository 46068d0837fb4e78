/**
 * Metrics by name, and outputs that they refuse.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {beforeAll, describe, expect, test} from 'vitest';
import {ConfigurationError, ShapeError} from '../../src/core';
import * as metrics from '../../src/metrics';
import {getMetric, type MetricTarget} from '../../src/metrics';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const output = (units: number, activation?: string, loss?: string): MetricTarget => ({
  name: 'out',
  shape: [null, units],
  activation,
  loss,
});

describe("'accuracy' becomes what suits the loss and the output", () => {
  test.each([
    ['sparseCategoricalCrossentropy', 10, 'softmax', metrics.SparseCategoricalAccuracy],
    ['sparse_categorical_crossentropy', 10, 'softmax', metrics.SparseCategoricalAccuracy],
    ['categoricalCrossentropy', 10, 'softmax', metrics.CategoricalAccuracy],
    ['binaryCrossentropy', 1, 'sigmoid', metrics.BinaryAccuracy],
    ['bce', 5, 'sigmoid', metrics.BinaryAccuracy],
    ['meanSquaredError', 1, 'linear', metrics.BinaryAccuracy],
    ['meanSquaredError', 4, 'softmax', metrics.Accuracy],
    [undefined, 4, undefined, metrics.Accuracy],
  ] as const)('%s on %i units of %s', (loss, units, activation, type) => {
    const metric = getMetric('accuracy', output(units, activation, loss));
    expect(metric).toBeInstanceOf(type);
    expect(metric.name).toBe('accuracy');
  });

  test('log-odds and hinge margins are split at 0', async () => {
    const scores = tf.tensor2d([[0.2], [-0.3], [3], [0.1]]);
    const odds = getMetric('accuracy', output(1, 'linear', 'binaryCrossentropy'));
    odds.update(tf.tensor1d([1, 0, 1, 0]), scores);
    expect(await odds.result()).toBe(0.75);
    const margin = getMetric('acc', output(1, 'tanh', 'hinge'));
    margin.update(tf.tensor1d([1, -1, 1, -1]), scores);
    expect(await margin.result()).toBe(0.75);
    odds.dispose();
    margin.dispose();
  });
});

test('a metric by name is logged under that name; a loss is a metric too; a function keeps its own', () => {
  const regression = output(1, 'linear', 'mse');
  expect(getMetric('acc', output(1, 'sigmoid')).name).toBe('acc');
  expect(getMetric('mae', regression).name).toBe('mae');
  expect(getMetric('mean_absolute_error', regression)).toBeInstanceOf(metrics.Mean);
  expect(getMetric('auc', output(1, 'sigmoid'))).toBeInstanceOf(metrics.RocAuc);
  const bias = (y: tf.Tensor, p: tf.Tensor): tf.Tensor => tf.mean(tf.sub(p, y), -1);
  expect(getMetric(bias, regression).name).toBe('bias');
  const own = new metrics.R2Score({name: 'fit'});
  expect(getMetric(own, regression)).toBe(own);
});

test('each call makes a fresh metric', () => {
  const target = output(3, 'softmax');
  expect(getMetric('f1', target)).not.toBe(getMetric('f1', target));
});

test('the similarity of cosines is 1 as a metric where it is −1 as a loss', async () => {
  const target = output(2, 'linear');
  const [x, y] = [getMetric('cosine_similarity', target), getMetric('cosineProximity', target)];
  const vectors = tf.tensor2d([[3, 4]]);
  for (const metric of [x, y]) metric.update(vectors, vectors);
  expect(await x.result()).toBeCloseTo(1, 6);
  expect(await y.result()).toBeCloseTo(-1, 6);
  x.dispose();
  y.dispose();
});

test('several sigmoids are decided each by itself', async () => {
  const f1 = getMetric('f1', output(2, 'sigmoid', 'binaryCrossentropy'));
  f1.update(
    tf.tensor2d([
      [1, 1],
      [0, 0],
    ]),
    tf.tensor2d([
      [0.9, 0.8],
      [0.1, 0.2],
    ]),
  );
  expect(await f1.result()).toBe(1);
  f1.dispose();
});

describe('what cannot mean anything is refused', () => {
  test.each([
    ['acuracy', output(1, 'sigmoid'), ConfigurationError, /Unknown metric 'acuracy'.*'accuracy'/],
    ['sparseCategoricalAccuracy', output(1, 'sigmoid'), ShapeError, /has 1 unit/],
    ['categoricalAccuracy', output(1, 'sigmoid'), ShapeError, /has 1 unit/],
    ['topKAccuracy', output(3, 'softmax'), ShapeError, /3 units.*top 5/],
    ['binaryCrossentropy', output(1, 'linear'), ConfigurationError, /probabilities/],
    ['logLoss', output(3, 'linear'), ConfigurationError, /probabilities/],
    ['calibrationError', output(3, 'linear'), ConfigurationError, /probabilities/],
  ])('%s', (name, target, type, message) => {
    expect(() => getMetric(name, target)).toThrow(type);
    expect(() => getMetric(name, target)).toThrow(message);
  });

  test('bins of scores that are no probabilities', () => {
    expect(() => getMetric(new metrics.RocAuc({bins: 9}), output(1, 'linear'))).toThrow(/Leave bins out/);
    expect(() => getMetric(new metrics.RocAuc(), output(1, 'linear'))).not.toThrow();
  });

  test('options', () => {
    expect(() => new metrics.TopKAccuracy({k: 0})).toThrow(ConfigurationError);
    expect(() => new metrics.FScore({beta: 0})).toThrow(ConfigurationError);
    expect(() => new metrics.Precision({average: 'mean' as 'macro'})).toThrow(ConfigurationError);
    expect(() => new metrics.Precision({threshold: NaN})).toThrow(ConfigurationError);
    expect(() => new metrics.RocAuc({bins: 1})).toThrow(ConfigurationError);
    expect(() => new metrics.RocAuc({average: 'micro' as 'macro'})).toThrow(ConfigurationError);
    expect(() => new metrics.CalibrationError({bins: 0})).toThrow(ConfigurationError);
    expect(() => new metrics.CohenKappa({weights: 'cubic' as 'linear'})).toThrow(ConfigurationError);
    expect(() => new metrics.R2Score({average: 'macro' as 'uniform'})).toThrow(ConfigurationError);
  });
});

test('predictions without a last axis are one number an element, weighted too', async () => {
  const target: MetricTarget = {name: 'out', shape: [null], activation: undefined};
  const [y, p, weight] = [tf.tensor1d([1, 0, 1]), tf.tensor1d([0.9, 0.8, 0.7]), tf.tensor1d([1, 0, 3])];
  const error = getMetric('mae', target);
  error.update(y, p, weight);
  expect(await error.result()).toBeCloseTo((0.1 + 3 * 0.3) / 4, 6);
  error.dispose();
  const precision = getMetric('precision', target);
  precision.update(y, p, weight);
  expect(await precision.result()).toBe(1);
  precision.reset();
  precision.update(y, p);
  expect(await precision.result()).toBe(2 / 3);
  precision.dispose();
});
