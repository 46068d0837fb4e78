/** BatchNorm's moving statistics in training: recomputed, moved by several runs, left alone by skipped windows. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {GradientAccumulation} from '../../src/callbacks';
import {SGD} from '../../src/optimizers';
import {Trainer} from '../../src/trainer';
import type {Callback} from '../../src/trainer';
import {backendUnderTest} from '../backendUnderTest';
import {weightsOf} from './fixtures';

beforeAll(async () => {
  await useBackend(backendUnderTest);
});

const {batchNormalization, dense} = layers.layers;
const noTraining = (): SGD => new SGD({learningRate: 0});
const refresh: Callback = {onEpochEnd: ({refreshStatistics}) => refreshStatistics()};

describe('refreshed statistics', () => {
  it('are the means over the training batches, whatever the momentum', async () => {
    const model = layers.sequential({
      layers: [batchNormalization({inputShape: [1], momentum: 0.99}), dense({units: 1})],
    });
    const trainer = new Trainer(model, {loss: 'mse', optimizer: noTraining(), callbacks: [refresh]});
    // Batches [1, 3] and [5, 9]: means 2 and 7, population variances 1 and 4.
    const x = tf.tensor2d([[1], [3], [5], [9]]);
    const before = tf.memory().numTensors;
    await trainer.fit([x, tf.zeros([4, 1])], {batchSize: 2, shuffle: false});
    const weights = await weightsOf(model);
    expect(weights['0/moving_mean']![0]).toBeCloseTo(4.5, 5);
    expect(weights['0/moving_variance']![0]).toBeCloseTo(2.5, 5);
    expect(tf.memory().numTensors - before).toBe(1);
  });

  it('leave a frozen BatchNorm as it is, and see through it', async () => {
    const model = layers.sequential({
      layers: [batchNormalization({inputShape: [1], epsilon: 1e-9}), batchNormalization(), dense({units: 1})],
    });
    const [gamma, beta, mean, variance] = [1, 0, 2, 4].map(value => tf.tensor1d([value]));
    model.layers[0]!.setWeights([gamma!, beta!, mean!, variance!]);
    model.layers[0]!.trainable = false;
    const trainer = new Trainer(model, {loss: 'mse', optimizer: noTraining(), callbacks: [refresh]});
    await trainer.fit([tf.tensor2d([[1], [3]]), tf.zeros([2, 1])]);
    const weights = await weightsOf(model);
    expect(weights['0/moving_mean']).toEqual([2]);
    expect(weights['0/moving_variance']).toEqual([4]);
    expect(weights['0/gamma']).toEqual([1]);
    // (1 − 2)/2 and (3 − 2)/2: mean 0, variance 1/4.
    expect(weights['1/moving_mean']![0]).toBeCloseTo(0, 6);
    expect(weights['1/moving_variance']![0]).toBeCloseTo(0.25, 5);
  });

  it('are a mean over the calls of a layer that the model calls twice', async () => {
    const shared = batchNormalization({momentum: 0.5});
    const a = layers.input({shape: [1]});
    const b = layers.input({shape: [1]});
    const sum = layers.layers.add().apply([shared.apply(a), shared.apply(b)] as layers.SymbolicTensor[]);
    const model = layers.model({inputs: [a, b], outputs: sum as layers.SymbolicTensor});
    const trainer = new Trainer(model, {loss: 'mse', optimizer: noTraining(), callbacks: [refresh]});
    await trainer.fit([[tf.tensor2d([[1], [3]]), tf.tensor2d([[10], [20]])], tf.zeros([2, 1])]);
    const mean = Object.entries(await weightsOf(model)).find(([key]) => key.endsWith('moving_mean'))![1];
    expect(mean[0]).toBeCloseTo((2 + 15) / 2, 5);
  });
});

describe('statistics in a custom step', () => {
  it('are moved by every run of the step in turn', async () => {
    const model = layers.sequential({
      layers: [batchNormalization({inputShape: [1], momentum: 0.5}), dense({units: 1})],
    });
    const trainer = new Trainer(model, {
      optimizer: noTraining(),
      trainStep: ({x, run}) => tf.add(tf.mean(run(x)), tf.mean(run(tf.zerosLike(x)))),
    });
    await trainer.fit([tf.tensor2d([[8], [8]])]);
    // 0 → (0 + 8)/2 = 4 → (4 + 0)/2 = 2.
    expect((await weightsOf(model))['0/moving_mean']).toEqual([2]);
  });
});

describe('a skipped window', () => {
  const branch = (): layers.LayersModel =>
    layers.sequential({layers: [batchNormalization({inputShape: [1], momentum: 0.5}), dense({units: 1})]});

  it('puts back the statistics of its own phase only', async () => {
    const [a, b] = [branch(), branch()];
    const gan = new Trainer(
      {a, b},
      {
        optimizer: {a: noTraining(), b: noTraining()},
        callbacks: [
          new GradientAccumulation({steps: 2}),
          {onGradients: ({optimizerName, skip}) => (optimizerName === 'b' ? skip() : undefined)},
        ],
        trainStep: {
          a: ({x, run}) => tf.mean(run(x)),
          b: ({x, run}) => tf.mean(run(x)),
        },
      },
    );
    await gan.fit([tf.tensor2d([[8], [8], [8], [8]])], {batchSize: 2});
    // Two batches of mean 8: 0 → 4 → 6.
    expect((await weightsOf(a))['0/moving_mean']).toEqual([6]);
    expect((await weightsOf(b))['0/moving_mean']).toEqual([0]);
  });

  it('remembers them over a resume in the middle of the window', async () => {
    const run = async (resumeFrom?: Uint8Array): Promise<{mean: number[]; bytes: Uint8Array | undefined}> => {
      let bytes: Uint8Array | undefined;
      const model = branch();
      const callbacks: Callback[] = [
        new GradientAccumulation({steps: 3}),
        {
          onGradients: ({skip}) => skip(),
          onTrainBatchEnd: async ({checkpoint}) => void (bytes ??= await checkpoint()),
        },
      ];
      const trainer = new Trainer(model, {loss: 'mse', optimizer: noTraining(), callbacks, seed: 1});
      const x = tf.tensor2d([[8], [8], [8], [8], [8], [8]]);
      await trainer.fit([x, tf.zeros([6, 1])], {
        batchSize: 2,
        ...(resumeFrom === undefined ? {} : {resumeFrom}),
      });
      return {mean: (await weightsOf(model))['0/moving_mean']!, bytes};
    };
    const whole = await run();
    expect(whole.mean).toEqual([0]);
    expect((await run(whole.bytes)).mean).toEqual([0]);
  });
});
