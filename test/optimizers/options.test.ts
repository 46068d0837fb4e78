/**
 * Options, names, and what is refused.
 */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {ConfigurationError, ShapeError} from '../../src/core';
import {Adafactor, Adam, getOptimizer, SGD} from '../../src/optimizers';
import type {Optimizer, WeightUpdate} from '../../src/optimizers';
import {make, oracle} from './oracle';
import {step, update, values, withVariables} from './support';

const everyOptimizer = oracle.cases.map((entry, i) => [`${i} ${entry.optimizer}`, entry] as const);

describe('an update that cannot mean anything', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it.each<
    [string, (w: tf.Variable) => WeightUpdate[], typeof ShapeError | typeof ConfigurationError, RegExp]
  >([
    [
      'a gradient of another shape',
      w => [update('a', w, [1]), update('b', w, [1, 2])],
      ShapeError,
      /'b' has shape \[2\]; the weight has \[1\]/,
    ],
    ['one key twice', w => [update('a', w, [1]), update('a', w, [1])], ConfigurationError, /same weight 'a'/],
    [
      'a negative rate',
      w => [update('a', w, [1]), update('b', w, [1], {learningRate: -1})],
      ConfigurationError,
      /learningRate of 'b'/,
    ],
    [
      'a decay that is no number',
      w => [update('a', w, [1]), update('b', w, [1], {weightDecay: NaN})],
      ConfigurationError,
      /weightDecay of 'b'/,
    ],
  ])('%s is refused before any weight changes', (_, updates, error, message) => {
    withVariables([[1]], ([w]) => {
      const before = tf.memory().numTensors;
      const adam = new Adam();
      expect(() => step(adam, updates(w!))).toThrow(error);
      expect(() => step(adam, updates(w!))).toThrow(message);
      expect(values(w!)).toEqual([1]);
      expect(adam.iterations).toBe(0);
      expect(tf.memory().numTensors).toBe(before);
    });
  });
});

describe('options', () => {
  it.each<[string, () => Optimizer, RegExp]>([
    ['a negative rate', () => new SGD({learningRate: -1}), /learningRate is -1/],
    ['an infinite rate', () => new Adam({learningRate: Infinity}), /learningRate is Infinity/],
    ['a negative decay', () => new Adam({weightDecay: -0.1}), /weightDecay is -0.1/],
    ['beta1 of 1', () => new Adam({beta1: 1}), /beta1 is 1; it must be at least 0 and below 1/],
    ['beta2 of NaN', () => getOptimizer('lion') && new Adam({beta2: NaN}), /beta2 is NaN/],
    ['a negative epsilon', () => new Adam({epsilon: -1}), /epsilon is -1/],
    ['a momentum of 2', () => new SGD({momentum: 2}), /momentum is 2/],
    ['Nesterov without momentum', () => new SGD({nesterov: true}), /nesterov needs a momentum/],
    ['a growing second moment', () => new Adafactor({beta2Decay: 0.1}), /beta2Decay is 0.1/],
  ])('%s is refused when the optimizer is made', (_, construct, message) => {
    expect(construct).toThrow(ConfigurationError);
    expect(construct).toThrow(message);
  });

  it('a rate set later is checked too', () => {
    const adam = new Adam();
    expect(() => (adam.learningRate = NaN)).toThrow(ConfigurationError);
    expect(adam.learningRate).toBe(0.001);
  });

  it('a momentum that its schedule takes out of range is refused before any weight changes', async () => {
    await useBackend('cpu');
    for (const optimizer of [new SGD({momentum: () => 1.5}), new Adam({beta1: () => 1})]) {
      withVariables([[1], [1]], ([a, b]) => {
        expect(() => step(optimizer, [update('a', a!, [1]), update('b', b!, [1])])).toThrow(
          ConfigurationError,
        );
        expect([values(a!), values(b!), optimizer.iterations]).toEqual([[1], [1], 0]);
        optimizer.dispose();
      });
    }
  });

  it.each(everyOptimizer)('getConfig gives all of them back: case %s', (_, entry) => {
    const optimizer = make(entry);
    const config: Record<string, unknown> = {...optimizer.getConfig()};
    expect(make({...entry, options: config}).getConfig()).toEqual(config);
    for (const [name, value] of Object.entries(entry.options)) {
      if (typeof value !== 'object') expect(config[name]).toBe(value);
    }
  });
});

describe('getOptimizer', () => {
  it.each([
    'SGD',
    'Adam',
    'AdamW',
    'Nadam',
    'Adamax',
    'RMSprop',
    'Adagrad',
    'Adadelta',
    'Lion',
    'LAMB',
    'Adafactor',
  ])('makes %s by name', name => {
    const optimizer = getOptimizer(name.toLowerCase());
    expect(optimizer.constructor.name).toBe(name);
    expect(optimizer.name).toBe(name.toLowerCase());
    expect(optimizer.currentLearningRate()).toBe(name === 'SGD' ? 0.01 : 0.001);
    expect(getOptimizer(name)).not.toBe(optimizer);
  });

  it('passes an optimizer through', () => {
    const adam = new Adam();
    expect(getOptimizer(adam)).toBe(adam);
  });

  it('refuses other names, and guesses what was meant', () => {
    expect(() => getOptimizer('adma')).toThrow(/Unknown optimizer 'adma'. Did you mean 'adam'/);
    expect(() => getOptimizer('constructor')).toThrow(ConfigurationError);
  });
});

describe('a slip', () => {
  const made = (name: string, options: object): Optimizer =>
    make({optimizer: name, options: options as (typeof oracle.cases)[number]['options']});

  it('in the name of an option is refused, with the name that is meant', () => {
    expect(() => new Adam({lr: 0.1} as object)).toThrow(/'learningRate'/);
    expect(() => new SGD({nestrov: true} as object)).toThrow(/Did you mean 'nesterov'/);
    expect(() => new Adam(0.5 as unknown as object)).toThrow(ConfigurationError);
  });

  it('is found in every optimizer, which take their whole config', () => {
    for (const name of new Set(oracle.cases.map(({optimizer}) => optimizer))) {
      expect(() => made(name, {unheard: 1})).toThrow(/'unheard'/);
      expect(() => made(name, made(name, {}).getConfig())).not.toThrow();
    }
  });

  it("in the library, an optimizer of tf.train, is refused with glassbox's named", () => {
    expect(() => getOptimizer(tf.train.adam() as object as Optimizer)).toThrow(/tf\.train.*new Adam/);
  });
});
