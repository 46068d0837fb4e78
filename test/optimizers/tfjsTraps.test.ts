/**
 * What tfjs 4.22's own optimizers get wrong, shown beside ours.
 */
import * as tf from '@tensorflow/tfjs-core';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {Adadelta, Adam, Adamax, SGD} from '../../src/optimizers';
import type {Optimizer} from '../../src/optimizers';

type GradientOptimizer = tf.Optimizer | Optimizer;

/** The value of a scalar weight after each of some gradients, from 0. */
function descend(optimizer: GradientOptimizer, gradients: readonly number[]): number[] {
  const weight = tf.variable(tf.scalar(0));
  const values = gradients.map(gradient => {
    optimizer.applyGradients({[weight.name]: tf.scalar(gradient)});
    return weight.dataSync()[0]!;
  });
  weight.dispose();
  return values;
}

const close = (values: readonly number[]): unknown => values.map(value => expect.closeTo(value, 6) as number);

describe('where tfjs goes wrong', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  // tfjs's optimizers have slots that are tensors of the scope they were made in, so both run in one scope a test.
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('its slots are positional: a weight takes over the momentum of one that is left out', () => {
    const moveTwo = (optimizer: GradientOptimizer): number[] => {
      const moved = tf.variable(tf.scalar(0));
      const still = tf.variable(tf.scalar(0));
      optimizer.applyGradients({[moved.name]: tf.scalar(1), [still.name]: tf.scalar(0)});
      optimizer.applyGradients({[still.name]: tf.scalar(0)});
      const values = [moved.dataSync()[0]!, still.dataSync()[0]!];
      tf.dispose([moved, still]);
      return values;
    };
    expect(moveTwo(tf.train.momentum(0.1, 0.9))).toEqual(close([-0.1, -0.09]));
    const sgd = new SGD({learningRate: 0.1, momentum: 0.9});
    expect(moveTwo(sgd)).toEqual(close([-0.1, 0]));
    sgd.dispose();
  });

  it('it mixes momenta up when gradients come in another order', () => {
    const swapOrder = (optimizer: GradientOptimizer): number[] => {
      // Names that are no numbers: an object would sort those.
      const a = tf.variable(tf.scalar(0), true, 'first');
      const b = tf.variable(tf.scalar(0), true, 'second');
      optimizer.applyGradients({[a.name]: tf.scalar(1), [b.name]: tf.scalar(0)});
      optimizer.applyGradients({[b.name]: tf.scalar(0), [a.name]: tf.scalar(1)});
      const values = [a.dataSync()[0]!, b.dataSync()[0]!];
      tf.dispose([a, b]);
      return values;
    };
    expect(swapOrder(tf.train.momentum(0.1, 0.9))).toEqual(close([-0.2, -0.09]));
    const sgd = new SGD({learningRate: 0.1, momentum: 0.9});
    expect(swapOrder(sgd)).toEqual(close([-0.1 - 0.19, 0]));
    sgd.dispose();
  });

  it('its setMomentum has no effect; a momentum that changes is a schedule of ours', () => {
    const theirs = tf.train.momentum(0.1, 0.9);
    const weight = tf.variable(tf.scalar(0));
    const gradient = {name: weight.name, tensor: tf.scalar(1)};
    theirs.applyGradients([gradient]);
    theirs.setMomentum(0);
    theirs.applyGradients([gradient]);
    expect(weight.dataSync()[0]).toBeCloseTo(-0.29, 6); // still 0.9; without momentum it is −0.2
    weight.dispose();

    const ours = new SGD({learningRate: 0.1, momentum: count => (count < 1 ? 0.9 : 0)});
    expect(descend(ours, [1, 1])).toEqual(close([-0.1, -0.2]));
    ours.dispose();
  });

  it('it ignores a new learning rate on SGD', () => {
    const theirs = tf.train.sgd(0.1);
    Object.assign(theirs, {learningRate: 0});
    expect(descend(theirs, [1])).toEqual(close([-0.1]));

    const ours = new SGD({learningRate: 0.1});
    ours.learningRate = 0;
    expect(descend(ours, [1])).toEqual(close([0]));
    ours.learningRate = count => count;
    expect(descend(ours, [1])).toEqual(close([-1]));
  });

  it('its Adadelta is SGD', () => {
    const gradients = [1, -2, 3, 0.5];
    expect(descend(tf.train.adadelta(0.1, 0.95, 1e-7), gradients)).toEqual(
      close(descend(tf.train.sgd(0.1), gradients)),
    );

    // Zeiler 2012 by hand: 0.1 · √ε/√(0.05 + ε), a step of 1.4e-4 and not of 0.1.
    const ours = new Adadelta({learningRate: 0.1, rho: 0.95, epsilon: 1e-7});
    expect(descend(ours, [1])[0]).toBeCloseTo(-0.1 * Math.sqrt(1e-7 / (0.05 + 1e-7)), 9);
    ours.dispose();
  });

  it('its Adamax cannot be saved or continued', async () => {
    const theirs = tf.train.adamax(0.1);
    descend(theirs, [1, 2]);
    await expect(theirs.getWeights()).rejects.toThrow('not implemented');
    await expect(theirs.setWeights([])).rejects.toThrow('not implemented');

    const gradients = [1, 2, -1, 0.5];
    const whole = new Adamax({learningRate: 0.1});
    const first = new Adamax({learningRate: 0.1});
    const second = new Adamax({learningRate: 0.1});
    const weight = tf.variable(tf.scalar(0));
    const other = tf.variable(tf.scalar(0));
    const step = (optimizer: Adamax, variable: tf.Variable, gradient: number): void =>
      optimizer.step([{key: 'w', variable, gradient: tf.scalar(gradient)}]);
    for (const gradient of gradients) step(whole, weight, gradient);
    for (const gradient of gradients.slice(0, 2)) step(first, other, gradient);
    second.setState(first.getState());
    for (const gradient of gradients.slice(2)) step(second, other, gradient);
    expect(other.dataSync()).toEqual(weight.dataSync());
    [whole, first, second].forEach(optimizer => optimizer.dispose());
    tf.dispose([weight, other]);
  });

  it('its Adam continues with other β-powers than it left off with', async () => {
    const theirs = tf.train.adam(0.1);
    descend(
      theirs,
      Array.from({length: 50}, () => 1),
    );
    const copy = tf.train.adam(0.1);
    await copy.setWeights(await theirs.getWeights());
    expect(copy.iterations).toBe(50);
    expect(betaPowers(copy)).not.toEqual(betaPowers(theirs));

    const ours = new Adam({learningRate: 0.1});
    const continued = new Adam({learningRate: 0.1});
    const [a, b] = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
    const step = (optimizer: Adam, variable: tf.Variable, t: number): void =>
      optimizer.step([{key: 'w', variable, gradient: tf.scalar(Math.sin(t))}]);
    for (let t = 0; t < 20; t++) step(ours, a, t);
    b.assign(a.clone());
    continued.setState(ours.getState());
    for (let t = 20; t < 60; t++) {
      step(ours, a, t);
      step(continued, b, t);
      expect(b.dataSync()).toEqual(a.dataSync());
    }
    ours.dispose();
    continued.dispose();
    tf.dispose([a, b]);
  });
});

/** tfjs Adam's running powers of β₁ and β₂, which are private. */
function betaPowers(optimizer: tf.AdamOptimizer): number[] {
  const fields = Object.entries(optimizer) as [string, tf.Variable][];
  return fields.filter(([name]) => /^accBeta\d$/.test(name)).map(([, power]) => power.dataSync()[0]!);
}
