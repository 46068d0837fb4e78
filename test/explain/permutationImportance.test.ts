import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {PermutationImportance} from '../../src/explain';
import {LogLoss} from '../../src/metrics';
import {activate, BACKENDS} from '../graph/backends';
import {buildModel, distance, readOracle} from './oracle';
import type {Nested} from './oracle';

interface Reference {
  X: number[][];
  y: number[];
  permutations: number[][];
  baseAccuracy: number;
  accuracyDrop: Nested;
  baseCrossEntropy: number;
  crossEntropyIncrease: Nested;
}

const X = [
  [1, 0, 2],
  [2, 1, 0],
  [4, 5, 1],
  [7, 2, 3],
];
const linear = (x: Tensor): Tensor => tf.tidy(() => tf.sum(tf.mul(x, [3, 1, 0]), 1));
const Y = X.map(([a, b]) => 3 * a! + b!);

/** As the reference has it, which does not clip probabilities; two of these are below the 1e-7 where our losses do. */
async function crossentropy(predictions: Tensor2D, targets: Tensor | undefined): Promise<number> {
  const [rows, labels] = await Promise.all([predictions.array(), targets!.data()]);
  return rows.reduce((sum, row, i) => sum - Math.log(row[labels[i]!]!) / rows.length, 0);
}

describe.each(BACKENDS)('permutation importance on %s', backend => {
  beforeAll(() => activate(backend));

  it('is that of the reference, as accuracy and as crossentropy', async () => {
    const oracle = readOracle('mlp');
    const reference = oracle['permutationImportance'] as Reference;
    const model = buildModel(oracle);
    const {permutations, y} = reference;
    const tensors = tf.memory().numTensors;
    for (const batchSize of [100, 7]) {
      const accuracy = await new PermutationImportance(model, {
        ...{metric: 'accuracy', permutations, batchSize},
      }).explain(reference.X, y);
      expect(accuracy.baseScore).toBeCloseTo(reference.baseAccuracy, 6);
      expect(distance(accuracy.repeats.flat(), reference.accuracyDrop)).toBeLessThan(1e-5);
      expect(accuracy.evaluations.forward).toBe(60 * (1 + 8 * 5));
      const loss = await new PermutationImportance(model, {
        ...{metric: crossentropy, higherIsBetter: false, permutations, batchSize},
      }).explain(reference.X, y);
      expect(loss.baseScore).toBeCloseTo(reference.baseCrossEntropy, 5);
      expect(distance(loss.repeats.flat(), reference.crossEntropyIncrease)).toBeLessThan(1e-5);
    }
    expect(tf.memory().numTensors).toBe(tensors);
    model.dispose();
  });

  it('of a linear model is what shuffling adds to the squared error', async () => {
    const order = [1, 2, 3, 0];
    const found = await new PermutationImportance(linear, {metric: 'mse', permutations: [order]}).explain(
      X,
      Y,
    );
    const expected = [3, 1, 0].map((slope, j) =>
      X.reduce((sum, row, i) => sum + (slope * (X[order[i]!]![j]! - row[j]!)) ** 2 / 4, 0),
    );
    expect(distance(found.mean, expected)).toBeLessThan(1e-4);
    expect([...found.standardDeviation]).toEqual([0, 0, 0]);
  });

  it('shuffles groups together, and inputs as a whole', async () => {
    const order = [1, 2, 3, 0];
    const base = {metric: 'mse', permutations: [order]} as const;
    const grouped = await new PermutationImportance(linear, {...base, featureMask: [0, 0, 1]}).explain(X, Y);
    const expected = Y.reduce((sum, y, i) => sum + (Y[order[i]!]! - y) ** 2 / 4, 0);
    expect(distance(grouped.mean, [expected, 0])).toBeLessThan(1e-4);
    const two = ([a, b]: Tensor[]): Tensor => tf.tidy(() => tf.add(linear(a!), tf.mul(0, tf.sum(b!, 1))));
    const inputs = [tf.tensor2d(X), tf.ones([4, 2])];
    const whole = await new PermutationImportance(two, {...base, featureMask: [[0], [1]]}).explain(inputs, Y);
    expect(distance(whole.mean, [expected, 0])).toBeLessThan(1e-4);
    tf.dispose(inputs);
  });

  it('takes functions, also asynchronous ones, and the same seed gives the same', async () => {
    const remote = async (x: Tensor): Promise<Tensor> => Promise.resolve(linear(x));
    const metric = async (predictions: Tensor2D): Promise<number> => (await predictions.data())[0]!;
    const run = async (seed: number, batchSize: number) =>
      (await new PermutationImportance(remote, {metric, seed, batchSize, repeats: 8}).explain(X)).repeats;
    const tensors = tf.memory().numTensors;
    expect(await run(1, 100)).toEqual(await run(1, 3));
    expect(await run(1, 100)).not.toEqual(await run(2, 100));
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('lets two explanations share a metric', async () => {
    const metric = new LogLoss({name: 'log_loss'});
    const half = (x: Tensor): Tensor => tf.tidy(() => tf.sigmoid(tf.sum(x, 1, true)));
    const explainer = new PermutationImportance(half, {metric, higherIsBetter: false});
    const targets = [0, 1, 1, 0];
    const [first, second] = await Promise.all([explainer.explain(X, targets), explainer.explain(X, targets)]);
    expect(first.repeats).toEqual(second.repeats);
  });

  it('asks which output of a model with several is measured', async () => {
    const given = layers.input({shape: [3]});
    const outputs = ['price', 'rent'].map(
      name => layers.layers.dense({name, units: 1}).apply(given) as SymbolicTensor,
    );
    const model = layers.model({inputs: given, outputs});
    expect(() => new PermutationImportance(model, {metric: 'mse'})).toThrow(
      'The model has 2 outputs: price, rent',
    );
    const rent = tf.tidy(() => (model.predict(tf.tensor2d(X)) as Tensor[])[1]!);
    const found = await new PermutationImportance(model, {metric: 'mse', output: 'rent'}).explain(X, rent);
    expect(found.baseScore).toBeLessThan(1e-12);
    expect(Math.min(...found.mean)).toBeGreaterThan(0);
    rent.dispose();
    model.dispose();
  });

  it('refuses what cannot mean anything, and leaves nothing behind', async () => {
    const tensors = tf.memory().numTensors;
    const make = (options: object) => () => new PermutationImportance(linear, {metric: 'mse', ...options});
    expect(make({metric: 'acuracy'})).toThrow(/Did you mean 'accuracy'/);
    expect(make({metric: 3})).toThrow('is 3');
    expect(make({repeats: 0})).toThrow('repeats of PermutationImportance is 0');
    expect(make({repaets: 2})).toThrow("Did you mean 'repeats'");
    await expect(make({})().explain(X, [1, 2])).rejects.toThrow('4 examples, and targets of shape [2]');
    await expect(make({})().explain(X)).rejects.toThrow('explain(x, y)');
    await expect(make({})().explain(X, [1, 2, NaN, 4])).rejects.toThrow(
      'The array of targets holds NaN at place 2',
    );
    await expect(make({})().explain([[1, NaN, 2]], [1])).rejects.toThrow('Input 0 holds NaN');
    await expect(make({})().explain([[1, 2, 3]], [1])).rejects.toThrow('nothing to shuffle');
    await expect(make({permutations: [[0, 0, 1, 2]]})().explain(X, Y)).rejects.toThrow('permutations[0]');
    await expect(make({featureNames: ['a']})().explain(X, Y)).rejects.toThrow('1 featureNames for 3');
    await expect(make({metric: () => NaN})().explain(X, Y)).rejects.toThrow('of the predictions is NaN');
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(make({})().explain(X, Y, {signal})).rejects.toThrow('enough');
    const controller = new AbortController();
    const stopping = (): number => {
      controller.abort(new Error('midway'));
      return 1;
    };
    const {signal: later} = controller;
    await expect(make({metric: stopping})().explain(X, Y, {signal: later})).rejects.toThrow('midway');
    const failing = new PermutationImportance(
      () => {
        throw new Error('broken model');
      },
      {metric: 'mse'},
    );
    await expect(failing.explain(X, Y)).rejects.toThrow('broken model');
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('is drawn as bars, and saved as plain numbers', async () => {
    const featureNames = ['<age>', 'height', 'weight'];
    const found = await new PermutationImportance(linear, {metric: 'r2', featureNames}).explain(X, Y);
    expect(found.plot()).toContain('&lt;age&gt;');
    expect(found.plot({theme: 'dark'})).not.toContain('NaN');
    const saved = JSON.parse(JSON.stringify(found)) as {mean: number[]; repeats: number[][]};
    expect(saved.mean).toEqual([...found.mean]);
    expect(saved.repeats).toEqual(found.repeats);
  });
});
