/**
 * What holds for all metrics: exactness over an epoch, masks, state, lifetime of tensors.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import {beforeAll, describe, expect, test} from 'vitest';
import {CheckpointError, ShapeError, type StateTree} from '../../src/core';
import * as metrics from '../../src/metrics';
import {DeviceSum} from '../../src/metrics';
import {MeanSquaredError} from '../../src/losses';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** One of each kind, with what it is fed. */
const kinds: [string, () => metrics.Metric][] = [
  ['SparseCategoricalAccuracy', () => new metrics.SparseCategoricalAccuracy()],
  ['TopKAccuracy', () => new metrics.TopKAccuracy({k: 2})],
  ['FScore', () => new metrics.FScore()],
  ['CohenKappa', () => new metrics.CohenKappa()],
  ['MatthewsCorrelation', () => new metrics.MatthewsCorrelation()],
  ['RocAuc', () => new metrics.RocAuc()],
  ['RocAuc in bins', () => new metrics.RocAuc({bins: 100})],
  ['PrAuc', () => new metrics.PrAuc()],
  ['LogLoss', () => new metrics.LogLoss()],
  ['CalibrationError', () => new metrics.CalibrationError()],
  ['R2Score', () => new metrics.R2Score()],
  ['RootMeanSquaredError', () => new metrics.RootMeanSquaredError()],
  ['Mean', () => new metrics.Mean(new MeanSquaredError())],
];

const regression = new Set(['R2Score', 'RootMeanSquaredError', 'Mean']);

/** Feeds batch number `i`, the same one for the same number; every third one weighted. */
function feed(kind: string, metric: metrics.Metric, i: number): void {
  tf.tidy(() => {
    const p = tf.softmax(tf.randomNormal([6, 3], 0, 2, 'float32', i + 1));
    const labels = tf.randomUniform([6], 0, 3, 'int32', i + 100);
    const y = regression.has(kind) ? tf.randomNormal([6, 3], 0, 1, 'float32', i + 200) : labels;
    const weight = i % 3 === 2 ? tf.randomUniform([6], 0, 2, 'float32', i + 300) : undefined;
    metric.update(y, p, weight);
  });
}

describe.each(kinds)('%s', (kind, make) => {
  test('goes on from a saved state to the same bits, the state being no more than lent', async () => {
    const before = tf.memory().numTensors;
    const whole = make();
    for (let i = 0; i < 80; i++) feed(kind, whole, i);

    const first = make();
    for (let i = 0; i < 70; i++) feed(kind, first, i);
    const saved = copyOf(first.getState());
    first.dispose();
    const second = make();
    feed(kind, second, 5);
    second.setState(saved);
    tf.dispose(saved as never);
    for (let i = 70; i < 80; i++) feed(kind, second, i);

    expect(await second.result()).toBe(await whole.result());
    expect(Number.isFinite(await whole.result())).toBe(true);
    whole.dispose();
    second.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('starts afresh after reset and after dispose, and leaves nothing behind', async () => {
    const before = tf.memory().numTensors;
    const metric = make();
    feed(kind, metric, 1);
    const once = await metric.result();
    feed(kind, metric, 2);
    metric.reset();
    expect(tf.memory().numTensors).toBe(before);
    feed(kind, metric, 1);
    expect(await metric.result()).toBe(once);
    metric.dispose();
    expect(tf.memory().numTensors).toBe(before);
    feed(kind, metric, 1);
    expect(await metric.result()).toBe(once);
    metric.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('has no number before it has seen anything', async () => {
    expect(await make().result()).toBeNaN();
  });

  test('leaves out what has weight 0, as masked steps have', async () => {
    const p = tf.softmax(tf.randomNormal([2, 4, 3], 0, 2, 'float32', 7));
    const y = regression.has(kind)
      ? tf.randomNormal([2, 4, 3], 0, 1, 'float32', 8)
      : tf.tensor2d(
          [
            [0, 1, 2, 0],
            [1, 2, 0, 1],
          ],
          [2, 4],
          'int32',
        );
    const mask = tf.tensor2d([
      [1, 1, 1, 0],
      [1, 1, 1, 0],
    ]);
    const masked = make();
    masked.update(y, p, mask);
    const cut = make();
    const kept = (x: tf.Tensor): tf.Tensor => tf.slice(x, [0, 0], [2, 3]);
    cut.update(kept(y), kept(p));
    expect(await masked.result()).toBeCloseTo(await cut.result(), 6);
    masked.dispose();
    cut.dispose();
  });

  test('refuses weights of another shape before anything changes', async () => {
    const metric = make();
    feed(kind, metric, 1);
    const result = await metric.result();
    const before = tf.memory().numTensors;
    const [y, p, w] = [tf.zeros(regression.has(kind) ? [6, 3] : [6]), tf.ones([6, 3]), tf.ones([6, 2])];
    expect(() => metric.update(y, p, w)).toThrow(ShapeError);
    tf.dispose([y, p, w]);
    expect(tf.memory().numTensors).toBe(before);
    expect(await metric.result()).toBe(result);
    metric.dispose();
  });
});

function copyOf(state: StateTree): StateTree {
  if (state instanceof tf.Tensor) return tf.clone(state);
  if (Array.isArray(state)) return state.map(copyOf);
  if (typeof state !== 'object' || state === null) return state;
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, copyOf(value)]));
}

describe('where tfjs gives a batch average', () => {
  // Two batches: 1 of 1 right, then 1 of 3 right. Precision is 2/4, not (1 + 1/3)/2.
  const data: [number[], number[]][] = [
    [
      [1, 0, 0],
      [1, 0, 0],
    ],
    [
      [1, 0, 0],
      [1, 1, 1],
    ],
  ];

  test('precision is that of all predictions together; tfjs gives 0.67 for 0.5', async () => {
    const model = layers.sequential({
      layers: [layers.layers.activation({activation: 'linear', inputShape: [1]})],
    });
    model.compile({optimizer: 'sgd', loss: 'meanSquaredError', metrics: ['precision']});
    const x = tf.tensor2d(
      data.flatMap(([, p]) => p),
      [6, 1],
    );
    const y = tf.tensor2d(
      data.flatMap(([y]) => y),
      [6, 1],
    );
    const [, plain] = model.evaluate(x, y, {batchSize: 3}) as tf.Scalar[];
    expect(plain!.dataSync()[0]).toBeCloseTo(2 / 3, 6);
    // Nor does it look at probabilities at all: only what is exactly 1 is a prediction there.
    expect(layers.metrics.precision(y, tf.mul(x, 0.9)).dataSync()[0]).toBe(0);

    const precision = new metrics.Precision();
    for (const [targets, scores] of data) {
      precision.update(tf.tensor1d(targets), tf.tensor2d(scores, [3, 1]));
    }
    expect(await precision.result()).toBe(0.5);
    precision.dispose();
  });

  test('a short last batch counts for its elements only', async () => {
    const accuracy = new metrics.SparseCategoricalAccuracy();
    accuracy.update(
      tf.tensor1d([0, 0, 0]),
      tf.tensor2d([
        [1, 0],
        [1, 0],
        [1, 0],
      ]),
    );
    accuracy.update(tf.tensor1d([0]), tf.tensor2d([[0, 1]]));
    expect(await accuracy.result()).toBe(0.75);
    accuracy.dispose();
  });

  test('a root is taken at the end: not the mean of batch roots', async () => {
    const rmse = new metrics.RootMeanSquaredError();
    rmse.update(tf.tensor1d([0]), tf.tensor2d([[1]]));
    rmse.update(tf.tensor1d([0]), tf.tensor2d([[7]]));
    expect(await rmse.result()).toBe(5);
    rmse.dispose();
  });
});

describe('counting past what float32 can count', () => {
  test('16,777,216 and one more are 16,777,217', async () => {
    const sum = new DeviceSum();
    const many = tf.scalar(2 ** 24);
    const one = tf.scalar(1);
    expect(tf.add(many, one).dataSync()[0]).toBe(2 ** 24);
    for (let i = 0; i < 5; i++) {
      sum.add(many, 2 ** 24);
      sum.add(one, 1);
    }
    expect([...(await sum.read())]).toEqual([5 * (2 ** 24 + 1)]);
    sum.reset();
  });

  test('an accuracy that has seen 20 million elements still moves by one', async () => {
    const before = tf.memory().numTensors;
    const accuracy = new metrics.SparseCategoricalAccuracy();
    const weights = {open: null, closed: null, terms: 0, bound: 0};
    const [closed, open] = [tf.tensor1d([16_000_000]), tf.scalar(4_000_000)];
    accuracy.setState({values: {open, closed, terms: 9, bound: 4_000_000}, weights, count: 20_000_000});
    const [y, p] = [
      tf.tensor1d([0, 1, 1]),
      tf.tensor2d([
        [1, 0],
        [0, 1],
        [1, 0],
      ]),
    ];
    accuracy.update(y, p);
    expect(await accuracy.result()).toBe(20_000_002 / 20_000_003);
    accuracy.dispose();
    tf.dispose([closed, open, y, p]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('a long sum of small numbers does not stagnate', async () => {
    const sum = new DeviceSum();
    const term = tf.tensor1d([0.1, 1e-3]);
    let plain = 0;
    for (let i = 0; i < 20_000; i++) {
      sum.add(term);
      plain = Math.fround(plain + Math.fround(0.1));
    }
    const [first, second] = await sum.read();
    expect(Math.abs(first! / (20_000 * Math.fround(0.1)) - 1)).toBeLessThan(1e-6);
    expect(Math.abs(second! / (20_000 * Math.fround(1e-3)) - 1)).toBeLessThan(1e-6);
    expect(Math.abs(plain / 2000 - 1)).toBeGreaterThan(1e-5);
    sum.reset();
  });
});

describe('tensors', () => {
  test('stay the same number through an epoch: none a batch', () => {
    const accuracy = new metrics.SparseCategoricalAccuracy();
    const [y, p] = [tf.tensor1d([0]), tf.tensor2d([[1, 0]])];
    for (let i = 0; i < 200; i++) accuracy.update(y, p);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 200; i++) accuracy.update(y, p);
    expect(tf.memory().numTensors).toBe(before);
    accuracy.dispose();
    tf.dispose([y, p]);
  });

  test('kept for ranking are joined: 3,000 batches are fewer than 200 of them', async () => {
    const auc = new metrics.RocAuc();
    const [y, p] = [tf.tensor1d([0, 1]), tf.tensor2d([[0.2], [0.3]])];
    const before = tf.memory().numTensors;
    for (let i = 0; i < 3000; i++) auc.update(y, p);
    expect(tf.memory().numTensors - before).toBeLessThan(200);
    expect(await auc.result()).toBe(1);
    auc.dispose();
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([y, p]);
  });

  test('of a metric survive the tidy that it is updated in', async () => {
    const accuracy = new metrics.BinaryAccuracy();
    tf.tidy(() => accuracy.update(tf.tensor1d([1]), tf.tensor2d([[0.9]])));
    tf.tidy(() => accuracy.update(tf.tensor1d([1]), tf.tensor2d([[0.1]])));
    expect(await accuracy.result()).toBe(0.5);
    accuracy.dispose();
  });
});

test('ranks with a score that is no number have no area', async () => {
  const auc = new metrics.RocAuc();
  auc.update(tf.tensor1d([0, 1]), tf.tensor2d([[NaN], [0.5]]));
  expect(await auc.result()).toBeNaN();
  auc.dispose();
});

test('one class alone has no ROC area, and in a macro average it does not count', async () => {
  const auc = new metrics.RocAuc();
  auc.update(tf.tensor1d([1, 1]), tf.tensor2d([[0.2], [0.3]]));
  expect(await auc.result()).toBeNaN();
  auc.reset();
  // Class 2 never occurs; classes 0 and 1 are ranked perfectly.
  auc.update(
    tf.tensor1d([0, 1]),
    tf.tensor2d([
      [0.8, 0.1, 0.1],
      [0.2, 0.7, 0.1],
    ]),
  );
  expect(await auc.perClass()).toEqual([1, 1, NaN]);
  expect(await auc.result()).toBe(1);
  auc.dispose();
});

test('a function that gives one number a batch stands for all its elements, and cannot be weighted', async () => {
  const mean = new metrics.Mean((y, p) => tf.mean(tf.squaredDifference(y, p)), 'mine');
  mean.update(tf.zeros([3, 1]), tf.ones([3, 1]));
  mean.update(tf.zeros([1, 1]), tf.fill([1, 1], 3));
  expect(await mean.result()).toBe((3 * 1 + 9) / 4);
  expect(() => mean.update(tf.zeros([3, 1]), tf.ones([3, 1]), tf.ones([3]))).toThrow(/cannot be weighted/);
  mean.dispose();
});

test('a function sees targets [batch] in the shape of predictions [batch, 1]', async () => {
  const mean = new metrics.Mean((y, p) => tf.mean(tf.squaredDifference(y, p), -1), 'mine');
  const before = tf.memory().numTensors;
  const [y, p] = [tf.tensor1d([1, 2, 3, 4]), tf.tensor2d([[1], [2], [3], [6]])];
  mean.update(y, p);
  expect(await mean.result()).toBe(1);
  mean.update(y, p, tf.tensor1d([0, 0, 0, 2]));
  expect(await mean.result()).toBe((4 + 2 * 4) / (4 + 2));
  mean.dispose();
  expect(tf.memory().numTensors).toBe(before + 3);
});

test('a damaged state is refused and changes nothing', async () => {
  const accuracy = new metrics.BinaryAccuracy();
  accuracy.update(tf.tensor1d([1]), tf.tensor2d([[0.9]]));
  expect(() => accuracy.setState([1, 2])).toThrow(CheckpointError);
  expect(await accuracy.result()).toBe(1);
  accuracy.dispose();
  expect(() => new metrics.RocAuc().setState({scores: 3})).toThrow(CheckpointError);
});
