/**
 * What happens at the edges of float32, where plain formulas give NaN, nothing or a dead gradient.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import {beforeAll, describe, expect, test} from 'vitest';
import {
  BinaryCrossentropy,
  CategoricalCrossentropy,
  CosineSimilarity,
  MeanSquaredError,
  SparseCategoricalCrossentropy,
  TripletLoss,
  type Loss,
  type LossTarget,
} from '../../src/losses';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const output = (activation: string, units: number): LossTarget => ({
  name: 'out',
  shape: [null, units],
  activation,
});

function gradientOfLogits(loss: Loss, yTrue: tf.Tensor, logits: tf.Tensor, target: LossTarget): number[] {
  return tf.tidy(() => {
    const squash = target.activation === 'softmax' ? tf.softmax : tf.sigmoid;
    const gradient = tf.grad(z => tf.sum(loss.call(yTrue, squash(z), target)))(logits);
    return [...gradient.dataSync()];
  });
}

describe('a class that is confidently wrong', () => {
  // softmax gives e^-40 = 4e-18 to the right class, far below the clip at 1e-7.
  const logits = (): tf.Tensor => tf.tensor2d([[40, 0]]);

  test('still pulls at the logits with p − y behind a softmax', () => {
    const target = output('softmax', 2);
    const sparse = gradientOfLogits(new SparseCategoricalCrossentropy(), tf.tensor1d([1]), logits(), target);
    const dense = gradientOfLogits(new CategoricalCrossentropy(), tf.tensor2d([[0, 1]]), logits(), target);
    for (const gradient of [sparse, dense]) {
      expect(gradient[0]).toBeCloseTo(1, 6);
      expect(gradient[1]).toBeCloseTo(-1, 6);
    }
  });

  test('is given up by tfjs, whose clip has no gradient there', () => {
    const y = tf.tensor2d([[0, 1]]);
    const gradient = tf.grad(z => tf.sum(layers.metrics.categoricalCrossentropy(y, tf.softmax(z))))(logits());
    expect(Math.abs(gradient.dataSync()[1]!)).toBeLessThan(1e-6);
  });

  test('costs what Keras says: −log(1e-7) from probabilities, the exact logit difference from logits', () => {
    const y = tf.tensor1d([1]);
    const clipped = new SparseCategoricalCrossentropy().call(y, tf.softmax(logits()));
    expect(clipped.dataSync()[0]).toBeCloseTo(16.118096, 5);
    const exact = new SparseCategoricalCrossentropy({fromLogits: true}).call(y, logits());
    expect(exact.dataSync()[0]).toBe(40);
  });
});

test('a yes that is confidently missed still pulls at its logit with p − y behind a sigmoid', () => {
  const gradient = gradientOfLogits(
    new BinaryCrossentropy(),
    tf.tensor2d([[1], [1], [0]]),
    tf.tensor2d([[-30], [0], [3]]),
    output('sigmoid', 1),
  );
  expect(gradient[0]).toBeCloseTo(-1, 6);
  expect(gradient[1]).toBeCloseTo(-0.5, 6);
  expect(gradient[2]).toBeCloseTo(1 / (1 + Math.exp(-3)), 6);
});

test('the gradients behind softmax and sigmoid equal those of the plain formulas where nothing is clipped', () => {
  const z = tf.randomNormal([6, 4], 0, 2, 'float32', 3);
  const y = tf.softmax(tf.randomNormal([6, 4], 0, 1, 'float32', 4));
  for (const [loss, activation] of [
    [new CategoricalCrossentropy({labelSmoothing: 0.1}), 'softmax'],
    [new BinaryCrossentropy(), 'sigmoid'],
  ] as const) {
    const known = gradientOfLogits(loss, y, z, output(activation, 4));
    const squash = activation === 'softmax' ? tf.softmax : tf.sigmoid;
    const plain = tf
      .grad(x => tf.sum(loss.call(y, squash(x))))(z)
      .dataSync();
    known.forEach((value, i) => expect(value).toBeCloseTo(plain[i]!, 5));
  }
});

test('crossentropies from logits of ±1000 are finite, and so are their gradients', () => {
  const z = tf.tensor2d([[1000, -1000, 0]]);
  const sparse = new SparseCategoricalCrossentropy({fromLogits: true});
  expect(sparse.call(tf.tensor1d([1]), z).dataSync()[0]).toBe(2000);
  expect([
    ...tf
      .grad(x => tf.sum(sparse.call(tf.tensor1d([1]), x)))(z)
      .dataSync(),
  ]).toEqual([1, -1, 0]);
  const binary = new BinaryCrossentropy({fromLogits: true});
  const y = tf.tensor2d([[0, 1, 1]]);
  expect(binary.call(y, z).dataSync()[0]).toBeCloseTo((2000 + Math.LN2) / 3, 3);
  const gradient = tf
    .grad(x => tf.sum(binary.call(y, x)))(z)
    .dataSync();
  expect(gradient[0]).toBeCloseTo(1 / 3, 6);
  expect(gradient[1]).toBeCloseTo(-1 / 3, 6);
});

test('vectors of zeros and equal embeddings have finite losses and gradients', () => {
  const zeros = tf.zeros([3, 4]);
  for (const [loss, y] of [
    [new CosineSimilarity(), tf.ones([3, 4])],
    [new TripletLoss(), tf.tensor1d([0, 0, 1])],
  ] as const) {
    expect(loss.call(y, zeros).dataSync().every(Number.isFinite)).toBe(true);
    const gradient = tf.grad(x => tf.sum(loss.call(y, x)))(zeros);
    expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
  }
});

test('triplets give 0 to an example without a peer or without another class', () => {
  const alone = new TripletLoss().call(tf.tensor1d([0, 1]), tf.tensor2d([[0], [0]]));
  expect([...alone.dataSync()]).toEqual([0, 0]);
  const one = new TripletLoss().call(tf.tensor1d([2, 2]), tf.tensor2d([[0], [5]]));
  expect([...one.dataSync()]).toEqual([0, 0]);
});

test('targets [batch] fit an output [batch, 1]; tfjs makes a [batch] × [batch] table of them', () => {
  const y = tf.tensor1d([1, 2, 3]);
  const p = tf.tensor2d([[1], [2], [3]]);
  expect([...new MeanSquaredError().call(y, p).dataSync()]).toEqual([0, 0, 0]);
  const plain = layers.metrics.meanSquaredError(y, p).dataSync();
  expect(Math.max(...plain)).toBeGreaterThan(1);
});

test('a loss under a gradient leaves no tensor behind', () => {
  const z = tf.tensor2d([[1, 2, 3]]);
  const y = tf.tensor1d([2]);
  const before = tf.memory().numTensors;
  for (const loss of [
    new SparseCategoricalCrossentropy(),
    new SparseCategoricalCrossentropy({fromLogits: true, labelSmoothing: 0.1}),
  ]) {
    tf.grad(x => tf.sum(loss.call(y, x, loss.fromLogits ? undefined : output('softmax', 3))))(z).dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
});
