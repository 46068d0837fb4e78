/**
 * Learning rates, weight decay, and weights that are not always there.
 */
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {Adafactor, AdamW, SGD} from '../../src/optimizers';
import type {WeightUpdate} from '../../src/optimizers';
import {step, update, values, withVariables} from './support';

describe('rates', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it('follow a schedule that counts updates from 0', () => {
    withVariables([[0]], ([w]) => {
      const sgd = new SGD({learningRate: count => [1, 0.1, 0.01][count]!});
      expect(sgd.currentLearningRate()).toBe(1);
      for (let t = 0; t < 3; t++) step(sgd, [update('w', w!, [1])]);
      expect(values(w!)[0]).toBeCloseTo(-1.11, 6);
      expect(sgd.iterations).toBe(3);
    });
  });

  it('are as new after dispose', () => {
    withVariables([[0]], ([w]) => {
      const sgd = new SGD({learningRate: count => 1 / (1 + count)});
      step(sgd, [update('w', w!, [1])]);
      sgd.learningRateFactor = 0.5;
      sgd.dispose();
      expect(sgd.currentLearningRate()).toBe(1);
      expect(sgd.getState()).toEqual(new SGD({learningRate: () => 1}).getState());
    });
  });

  it('are multiplied by learningRateFactor whatever sets them', () => {
    withVariables([[0], [0], [0]], ([plain, own, multiplied]) => {
      const sgd = new SGD({learningRate: () => 1});
      sgd.learningRateFactor = 0.5;
      expect(sgd.currentLearningRate()).toBe(0.5);
      step(sgd, [
        update('plain', plain!, [1]),
        update('own', own!, [1], {learningRate: 0.2}),
        update('multiplied', multiplied!, [1], {learningRate: 0.2, learningRateMultiplier: 3}),
      ]);
      expect([plain, own, multiplied].map(w => values(w!)[0])).toEqual([
        -0.5,
        expect.closeTo(-0.1, 7),
        expect.closeTo(-0.3, 7),
      ]);
    });
  });

  it('are bounded by the step in Adafactor, before the factor', () => {
    const adafactor = new Adafactor({learningRate: 2});
    expect(adafactor.currentLearningRate()).toBe(1);
    adafactor.learningRateFactor = 0.5;
    expect(adafactor.currentLearningRate()).toBe(0.5);
    expect(new Adafactor({learningRate: 2, relativeStep: false}).currentLearningRate()).toBe(2);
  });

  it('may be 0, which changes nothing but the slots', () => {
    withVariables([[1, 2]], ([w]) => {
      const adamw = new AdamW({learningRate: 0});
      step(adamw, [update('w', w!, [3, 4])]);
      expect(values(w!)).toEqual([1, 2]);
      adamw.dispose();
    });
  });

  it('that a schedule gets wrong are refused before any weight changes', () => {
    withVariables([[1]], ([w]) => {
      const sgd = new SGD({learningRate: () => NaN});
      expect(() => step(sgd, [update('w', w!, [1])])).toThrow(/learningRate\(0\) is NaN/);
      expect(values(w!)).toEqual([1]);
      expect(sgd.iterations).toBe(0);
    });
  });
});

describe('weight decay', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  const decayed = (options: ConstructorParameters<typeof SGD>[0], rest: Partial<WeightUpdate>): number => {
    let result = 0;
    withVariables([[1]], ([w]) => {
      step(new SGD(options), [update('0/kernel', w!, [0], rest)]);
      result = values(w!)[0]!;
    });
    return result;
  };

  it('takes rate · decay · weight off, apart from the gradient', () => {
    expect(decayed({learningRate: 0.5, weightDecay: 0.1}, {})).toBeCloseTo(0.95, 7);
    expect(decayed({learningRate: () => 0.2, weightDecay: 0.1}, {learningRateMultiplier: 2})).toBeCloseTo(
      0.96,
      7,
    );
  });

  it('can be a weight’s own', () => {
    expect(decayed({learningRate: 0.5, weightDecay: 0.1}, {weightDecay: 0.2})).toBeCloseTo(0.9, 7);
    expect(decayed({learningRate: 0.5, weightDecay: 0.1}, {weightDecay: 0})).toBe(1);
    expect(decayed({learningRate: 0.5}, {weightDecay: 0.2})).toBeCloseTo(0.9, 7);
  });

  it('spares excluded names, by part or pattern, also with a decay of their own', () => {
    const exclude = (pattern: string | RegExp): object => ({
      learningRate: 0.5,
      weightDecay: 0.1,
      excludeFromWeightDecay: [pattern],
    });
    expect(decayed(exclude('bias'), {name: 'dense/bias'})).toBe(1);
    expect(decayed(exclude('bias'), {name: 'dense/bias', weightDecay: 0.2})).toBe(1);
    expect(decayed(exclude('bias'), {name: 'dense/kernel'})).toBeCloseTo(0.95, 7);
    expect(decayed(exclude(/gamma$|bias$/g), {name: 'norm/gamma'})).toBe(1);
    // Without a name the key counts.
    expect(decayed(exclude('kernel'), {})).toBe(1);
  });

  it('keeps its size where rate · decay is near the resolution of float32', () => {
    const weights = Array.from({length: 1000}, (_, i) => 1 + i / 1000);
    withVariables([weights], ([w]) => {
      const before = values(w!);
      step(new SGD({learningRate: 1e-3, weightDecay: 1e-4}), [
        update(
          'w',
          w!,
          weights.map(() => 0),
        ),
      ]);
      const taken = values(w!).map((value, i) => (before[i]! - value) / 1e-7);
      const mean = taken.reduce((sum, value) => sum + value, 0) / taken.length;
      // Of weights that are 1.5 in the mean. As 1 − 1e-7, which float32 rounds, it would be 1.79.
      expect(mean).toBeGreaterThan(1.4);
      expect(mean).toBeLessThan(1.6);
    });
  });
});

describe('weights that come and go', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it('keep their momentum while they are absent', () => {
    withVariables([[0], [0]], ([a, b]) => {
      const sgd = new SGD({learningRate: 0.1, momentum: 0.5});
      step(sgd, [update('a', a!, [1]), update('b', b!, [1])]);
      step(sgd, [update('a', a!, [0])]);
      step(sgd, [update('a', a!, [0]), update('b', b!, [0])]);
      expect(values(a!)[0]).toBeCloseTo(-0.1 - 0.05 - 0.025, 7);
      expect(values(b!)[0]).toBeCloseTo(-0.1 - 0.05, 7);
      sgd.dispose();
    });
  });

  it('find slots that were set before they appeared', () => {
    withVariables([[0], [0]], ([a, b]) => {
      const source = new SGD({learningRate: 0.1, momentum: 0.5});
      step(source, [update('late', a!, [1])]);
      const sgd = new SGD({learningRate: 0.1, momentum: 0.5});
      sgd.setState(source.getState());
      source.dispose();
      step(sgd, []);
      expect(sgd.iterations).toBe(2);
      step(sgd, [update('late', b!, [0])]);
      expect(values(b!)[0]).toBeCloseTo(-0.05, 7);
      sgd.dispose();
    });
  });
});
