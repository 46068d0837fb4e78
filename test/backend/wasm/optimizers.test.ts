/** Optimizer updates as one kernel against the rules, operation by operation. */
import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import * as optimizers from '../../../src/optimizers';
import type {Optimizer, RuleInput, SlotTensors} from '../../../src/optimizers';
import {expectNear, values} from './support';

const KERNEL = 'GlassboxOptimizerStep';
const shapes = [[], [1], [3], [0, 4], [4], [2, 3, 5], [4096], [4097], [100, 130]];
const cases: [title: string, make: () => Optimizer][] = [
  ['SGD', () => new optimizers.SGD({learningRate: 0.1, weightDecay: 0.01})],
  ['SGD with momentum', () => new optimizers.SGD({learningRate: count => 0.1 / (1 + count), momentum: 0.9})],
  ['SGD with Nesterov', () => new optimizers.SGD({momentum: count => 0.5 + count / 200, nesterov: true})],
  ['Adam', () => new optimizers.Adam({learningRate: 0.01})],
  ['Adam with AMSGrad', () => new optimizers.Adam({amsgrad: true, beta1: count => 0.9 - count / 100})],
  ['AdamW', () => new optimizers.AdamW({weightDecay: 0.1, excludeFromWeightDecay: ['w3']})],
  ['Adamax', () => new optimizers.Adamax({weightDecay: 0.1})],
  ['Nadam', () => new optimizers.Nadam({learningRate: 0.01, beta2: 0.9})],
  ['RMSprop', () => new optimizers.RMSprop()],
  ['RMSprop with momentum', () => new optimizers.RMSprop({momentum: 0.8})],
  ['RMSprop, centered', () => new optimizers.RMSprop({centered: true})],
  ['RMSprop, centered, with momentum', () => new optimizers.RMSprop({centered: true, momentum: 0.8})],
  ['Adagrad', () => new optimizers.Adagrad({learningRate: 0.1})],
  ['Adadelta', () => new optimizers.Adadelta({learningRate: 1, weightDecay: 0.01})],
  ['Lion', () => new optimizers.Lion({weightDecay: 0.1})],
  ['LAMB', () => new optimizers.LAMB({learningRate: 0.01, weightDecay: 0.01})],
];

/** Weights and slots after some updates with random gradients. */
function train(make: () => Optimizer, steps: number): Float32Array[] {
  const before = {tensors: tf.memory().numTensors, data: tf.backend().numDataIds()};
  const random = new Random(7);
  const optimizer = make();
  const weights = shapes.map(shape => variable(random, shape));
  for (let step = 0; step < steps; step++) {
    const updates = weights.map((weight, i) => ({
      key: `w${i}`,
      variable: weight,
      gradient: tf.tensor(values(random, weight.size), weight.shape),
    }));
    optimizer.step(updates);
    tf.dispose(updates.map(({gradient}) => gradient));
  }
  const {slots} = optimizer.getState() as {slots: Record<string, Record<string, tf.Tensor>>};
  const all = [...weights, ...Object.values(slots).flatMap(slot => Object.values(slot))];
  const result = all.map(tensor => tensor.dataSync<'float32'>().slice());
  optimizer.dispose();
  tf.dispose(weights);
  expect({tensors: tf.memory().numTensors, data: tf.backend().numDataIds()}).toEqual(before);
  return result;
}

function variable(random: Random, shape: number[]): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor(values(random, tf.util.sizeFromShape(shape)), shape)));
}

/** Names of the kernels that `body` runs. */
function kernelsOf(body: () => void): string[] {
  const spy = vi.spyOn(tf.engine(), 'runKernel');
  try {
    body();
    return spy.mock.calls.map(([name]) => name);
  } finally {
    spy.mockRestore();
  }
}

describe('an optimizer on the engine', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  it.each(cases)('%s: 50 updates agree with the rule', async (title, make) => {
    await useBackend('wasm', {engine: false});
    const expected = train(make, 50);
    await useBackend('wasm');
    for (const [i, actual] of train(make, 50).entries()) {
      // Only LAMB has sums, whose order is another.
      if (title === 'LAMB') expectNear(actual, expected[i]!, 1e-6);
      else expect(actual).toEqual(expected[i]);
    }
  });

  it('runs one kernel a step', () => {
    const random = new Random(1);
    const weights = shapes.map(shape => variable(random, shape));
    const adam = new optimizers.AdamW();
    const updates = weights.map((weight, i) => ({key: `${i}`, variable: weight, gradient: weight}));
    adam.step(updates);
    expect(kernelsOf(() => adam.step(updates))).toEqual([KERNEL]);
    adam.dispose();
    tf.dispose(weights);
  });

  it('leaves tensors alone that share memory with a weight', () => {
    const weight = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
    const copy = weight.clone();
    const sgd = new optimizers.SGD({learningRate: 0.5});
    sgd.step([{key: 'w', variable: weight, gradient: copy}]);
    expect([...copy.dataSync()]).toEqual([1, 2, 3]);
    expect([...weight.dataSync()]).toEqual([0.5, 1, 1.5]);
    sgd.dispose();
    tf.dispose([weight, copy]);
  });

  it('lets NaN and infinity pass to their own elements alone', () => {
    const weight = tf.tidy(() => tf.variable(tf.tensor1d([1, 1, 1, 1, Infinity])));
    const gradient = tf.tensor1d([NaN, 1, Infinity, -1, 1]);
    const sgd = new optimizers.SGD({learningRate: 1, momentum: 0.5});
    sgd.step([{key: 'w', variable: weight, gradient}]);
    expect([...weight.dataSync()]).toEqual([NaN, 0, -Infinity, 2, Infinity]);
    sgd.dispose();
    tf.dispose([weight, gradient]);
  });

  it('LAMB without epsilon steps where a row of four is not full', () => {
    const weight = tf.tidy(() => tf.variable(tf.tensor1d([3, 4])));
    const gradient = tf.tensor1d([7, 7]);
    const lamb = new optimizers.LAMB({learningRate: 0.1, epsilon: 0});
    lamb.step([{key: 'w', variable: weight, gradient}]);
    // ‖w‖ = 5, and the step's elements are 1: its norm is √2.
    const moved = (0.1 * 5) / Math.SQRT2;
    for (const [i, value] of weight.dataSync().entries()) expect(value).toBeCloseTo(3 + i - moved, 5);
    lamb.dispose();
    tf.dispose([weight, gradient]);
  });

  it.each([true, false])('Lion follows a gradient as small as 1e-9 (engine: %s)', async engine => {
    await useBackend('wasm', {engine});
    const weight = tf.tidy(() => tf.variable(tf.tensor1d([1])));
    const gradient = tf.tensor1d([1e-9]);
    const lion = new optimizers.Lion({learningRate: 0.25});
    lion.step([{key: 'w', variable: weight, gradient}]);
    expect([...weight.dataSync()]).toEqual([0.75]);
    lion.dispose();
    tf.dispose([weight, gradient]);
    await useBackend('wasm');
  });

  it('leaves to the rule what the kernel is not for', () => {
    const weight = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    const integers = tf.tensor1d([1, 1], 'int32');
    const floats = tf.tensor1d([1, 1]);
    const sgd = new optimizers.SGD({learningRate: 0.5});
    const ofIntegers = kernelsOf(() => sgd.step([{key: 'w', variable: weight, gradient: integers}]));
    expect(ofIntegers).not.toContain(KERNEL);
    const twice = ['a', 'b'].map(key => ({key, variable: weight, gradient: floats}));
    expect(kernelsOf(() => sgd.step(twice))).not.toContain(KERNEL);
    expect(kernelsOf(() => sgd.step([]))).not.toContain(KERNEL);
    expect([...weight.dataSync()]).toEqual([-0.5, 0.5]);
    sgd.dispose();
    tf.dispose([weight, integers, floats]);
  });

  it('leaves to the rule where a class has one of its own', () => {
    class Ascent extends optimizers.SGD {
      protected override rule({value, gradient}: RuleInput<SlotTensors>) {
        return {value: tf.add(value, gradient), slots: {}};
      }
    }
    const weight = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    const gradient = tf.tensor1d([1, 1]);
    new Ascent().step([{key: 'w', variable: weight, gradient}]);
    expect([...weight.dataSync()]).toEqual([2, 3]);
    tf.dispose([weight, gradient]);
  });

  afterAll(() => expect(tf.memory().numTensors).toBe(0));
});
