import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {GradientAccumulation} from '../../src/callbacks';
import {withSeed} from '../../src/core';
import {Dataset} from '../../src/data';
import {SGD} from '../../src/optimizers';
import {Trainer} from '../../src/trainer';
import type {Batch, Callback, TrainerOptions} from '../../src/trainer';
import {backendUnderTest} from '../backendUnderTest';
import {distance, linear, normals, weightsOf} from './fixtures';

beforeAll(async () => {
  await useBackend(backendUnderTest);
});

/** Rows `from` to `to` of every tensor. */
type Slicer = (from: number, to: number) => Batch;

/** The weights after one update by `options` on rows cut at `cuts`, and the epoch's loss. */
async function oneUpdate(
  build: () => LayersModel,
  options: TrainerOptions,
  slice: Slicer,
  cuts: readonly number[],
): Promise<{weights: number[]; loss: number; steps: number}> {
  const model = build();
  const accumulate = cuts.length > 2 ? [new GradientAccumulation({steps: cuts.length - 1})] : [];
  const trainer = new Trainer(model, {
    optimizer: new SGD({learningRate: 0.1}),
    ...options,
    callbacks: accumulate,
    seed: 1,
  });
  const before = tf.memory().numTensors;
  const batches: Iterable<Batch> = {
    *[Symbol.iterator]() {
      for (let i = 0; i + 1 < cuts.length; i++) yield slice(cuts[i]!, cuts[i + 1]!);
    },
  };
  const {history, steps} = await trainer.fit(batches);
  expect(tf.memory().numTensors).toBe(before);
  const weights = Object.values(await weightsOf(model)).flat();
  model.dispose();
  return {weights, loss: history['loss']![0]!, steps};
}

/** 4, 4, 2 against 10, at once. */
async function expectSame(build: () => LayersModel, options: TrainerOptions, slice: Slicer): Promise<void> {
  const start = build();
  const initial = Object.values(await weightsOf(start)).flat();
  start.dispose();
  const whole = await oneUpdate(build, options, slice, [0, 10]);
  const parts = await oneUpdate(build, options, slice, [0, 4, 8, 10]);
  expect(whole.steps).toBe(1);
  expect(parts.steps).toBe(1);
  expect(distance(whole.weights, initial)).toBeGreaterThan(1e-3);
  expect(distance(whole.weights, parts.weights)).toBeLessThan(1e-6);
  expect(Math.abs(whole.loss - parts.loss)).toBeLessThan(1e-6);
}

const x = normals(1, [10, 4]);
const y = normals(2, [10, 1]);
const rows = (
  {values, shape}: {values: Float32Array; shape: number[]},
  from: number,
  to: number,
): tf.Tensor => {
  const row = shape.slice(1).reduce((product, length) => product * length, 1);
  return tf.tensor(values.slice(from * row, to * row), [to - from, ...shape.slice(1)]);
};

describe('accumulation over batches of 4, 4 and 2', () => {
  it('equals one batch of 10', async () => {
    const build = (): LayersModel =>
      withSeed(3, () =>
        layers.sequential({
          layers: [
            layers.layers.dense({units: 5, activation: 'tanh', inputShape: [4]}),
            layers.layers.dense({units: 1}),
          ],
        }),
      );
    await expectSame(build, {loss: 'meanSquaredError'}, (from, to) => [rows(x, from, to), rows(y, from, to)]);
  });

  it('equals it with sample weights and regularizers, and with clipping by norm', async () => {
    const weights = normals(4, [10]);
    const build = (): LayersModel =>
      withSeed(3, () =>
        layers.sequential({
          layers: [
            layers.layers.dense({
              units: 5,
              inputShape: [4],
              kernelRegularizer: layers.regularizers.l1l2({l1: 0.01, l2: 0.1}),
              biasRegularizer: layers.regularizers.l2({l2: 0.1}),
            }),
            layers.layers.dense({units: 1}),
          ],
        }),
      );
    const slice: Slicer = (from, to) => [
      rows(x, from, to),
      rows(y, from, to),
      tf.tidy(() => tf.abs(rows(weights, from, to))),
    ];
    await expectSame(build, {loss: 'meanSquaredError'}, slice);
    await expectSame(build, {loss: 'meanSquaredError', clipNorm: 0.5}, slice);
  });

  it('equals it with two outputs that are masked differently', async () => {
    // Time steps of token 0 do not count; the two inputs have different ones.
    const a = {
      values: Float32Array.from({length: 60}, (_, i) => (i % 6 < 2 + (i % 4) ? 1 + (i % 3) : 0)),
      shape: [10, 6],
    };
    const b = {
      values: Float32Array.from({length: 60}, (_, i) =>
        Math.floor(i / 6) % 3 === 0 || i % 6 === 0 ? 1 + (i % 2) : 0,
      ),
      shape: [10, 6],
    };
    const targets = normals(7, [10, 6, 2]);
    const build = (): LayersModel =>
      withSeed(5, () => {
        const first = layers.input({shape: [6]});
        const second = layers.input({shape: [6]});
        const embed = (): layers.layers.Layer =>
          layers.layers.embedding({inputDim: 5, outputDim: 3, maskZero: true});
        const one = layers.layers
          .dense({units: 2, name: 'one'})
          .apply(embed().apply(first)) as layers.SymbolicTensor;
        const two = layers.layers
          .dense({units: 2, name: 'two', kernelRegularizer: layers.regularizers.l2({l2: 0.1})})
          .apply(embed().apply(second)) as layers.SymbolicTensor;
        return layers.model({inputs: [first, second], outputs: [one, two]});
      });
    const slice: Slicer = (from, to) => ({
      xs: [rows(a, from, to), rows(b, from, to)],
      ys: {one: rows(targets, from, to), two: rows(targets, from, to)},
      sampleWeights: {one: rows(normals(8, [10, 6]), from, to)},
    });
    await expectSame(
      build,
      {loss: {one: 'meanSquaredError', two: 'meanAbsoluteError'}, lossWeights: {one: 1, two: 0.3}},
      slice,
    );
  });

  it('gives the gradient that float64 arithmetic gives by hand', async () => {
    // Mean over the window of w·(k·x − y)², k = 0.5: dL/dk = Σ w·2(k·x − y)·x / 5
    const xs = [1, 2, 3, -1, 4];
    const ys = [2, 1, 0, 1, -2];
    const ws = [1, 0.5, 2, 0, 3];
    const k = 0.5;
    const gradient = xs.reduce(
      (sum, value, i) => sum + (ws[i]! * 2 * (k * value - ys[i]!) * value) / xs.length,
      0,
    );
    const slice: Slicer = (from, to) => [
      tf.tensor2d(xs.slice(from, to), [to - from, 1]),
      tf.tensor2d(ys.slice(from, to), [to - from, 1]),
      tf.tensor1d(ws.slice(from, to)),
    ];
    for (const cuts of [
      [0, 5],
      [0, 2, 4, 5],
    ]) {
      const {weights} = await oneUpdate(() => linear([[k]]), {loss: 'mse'}, slice, cuts);
      expect(weights[0]).toBeCloseTo(k - 0.1 * gradient, 6);
    }
  });
});

describe('an accumulation window', () => {
  const data = (): Dataset<unknown> => Dataset.fromArrays([x, y]).batch(2);

  async function updates(callbacks: Callback[], epochs = 1): Promise<number[]> {
    const model = linear([[0], [0], [0], [0]]);
    const at: number[] = [];
    const watcher: Callback = {onOptimizerStep: ({batches}) => void at.push(batches)};
    const trainer = new Trainer(model, {loss: 'mse', optimizer: 'sgd', callbacks: [...callbacks, watcher]});
    await trainer.fit(data(), {epochs});
    model.dispose();
    return at;
  }

  it('closes at the end of an epoch, so that no batch waits for the next one', async () => {
    expect(await updates([new GradientAccumulation({steps: 3})], 2)).toEqual([2, 4, 7, 9]);
  });

  it('is decided on by any callback, and close outweighs keepOpen', async () => {
    const keep: Callback = {onMicroBatchEnd: ({window}) => window.keepOpen()};
    const close: Callback = {
      onMicroBatchEnd: ({window, batches}) => (batches === 1 ? window.close() : undefined),
    };
    expect(await updates([keep, close])).toEqual([1, 4]);
  });

  it('that is skipped neither updates nor ticks the schedule', async () => {
    const model = linear([[0], [0], [0], [0]]);
    const counts: number[] = [];
    const optimizer = new SGD({
      learningRate: count => {
        counts.push(count);
        return 0.1;
      },
    });
    const skip: Callback = {onGradients: context => (context.batches % 2 === 0 ? context.skip() : undefined)};
    const {steps} = await new Trainer(model, {loss: 'mse', optimizer, callbacks: [skip]}).fit(data(), {});
    expect(steps).toBe(2);
    expect(optimizer.iterations).toBe(2);
    expect(Math.max(...counts)).toBeLessThanOrEqual(2);
  });

  it('hands its averaged gradients to callbacks before clipping, who may replace them', async () => {
    const model = linear([[0], [0], [0], [0]]);
    const zero: Callback = {
      onGradients({gradients, replace}) {
        for (const [key, gradient] of gradients) replace(key, tf.onesLike(gradient));
      },
    };
    const trainer = new Trainer(model, {
      loss: 'mse',
      optimizer: new SGD({learningRate: 1}),
      callbacks: [zero],
      clipValue: 0.5,
    });
    const before = tf.memory().numTensors;
    await trainer.fit(data(), {maxSteps: 1});
    expect(Object.values(await weightsOf(model)).flat()).toEqual([-0.5, -0.5, -0.5, -0.5]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
