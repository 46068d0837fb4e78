import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {ConfigurationError} from '../../src/core';
import {
  constant,
  cosine,
  cosineRestarts,
  exponential,
  inverseTime,
  join,
  oneCycle,
  oneCycleMomentum,
  piecewise,
  polynomial,
  stepDecay,
  warmup,
} from '../../src/schedules';
import type {Schedule} from '../../src/schedules';

const reference = (
  JSON.parse(readFileSync(new URL('../oracle/optimizers.json', import.meta.url), 'utf8')) as {
    schedules: Record<string, number[]>;
  }
).schedules;

const expectToFollow = (schedule: Schedule, name: string): void => {
  const expected = reference[name]!;
  expect(expected.length).toBeGreaterThanOrEqual(40);
  expected.forEach((value, count) => expect(schedule(count)).toBeCloseTo(value, 12));
};

describe('schedules follow PyTorch and the published formulas at every count', () => {
  it.each<[string, Schedule]>([
    ['oneCycle', oneCycle({peak: 0.3, steps: 100})],
    ['oneCycleMomentum', oneCycleMomentum({steps: 100})],
    ['cosine', cosine({initial: 1, steps: 40, alpha: 0.1})],
    ['cosineRestarts1', cosineRestarts({initial: 1, steps: 10, stepsMultiplier: 1, alpha: 0.1})],
    ['cosineRestarts2', cosineRestarts({initial: 1, steps: 10, alpha: 0.1})],
    ['stepDecay', stepDecay({initial: 1, factor: 0.3, every: 7})],
    ['exponential', exponential({initial: 1, rate: 0.9, steps: 1})],
    ['linear', polynomial({initial: 1, end: 0.2, steps: 20})],
    ['polynomial', polynomial({initial: 0.8, end: 0.05, steps: 20, power: 2})],
    ['polynomialCycle', polynomial({initial: 0.8, end: 0.05, steps: 20, power: 2, cycle: true})],
    ['inverseTime', inverseTime({initial: 0.5, rate: 0.4, steps: 8})],
    ['inverseTimeStaircase', inverseTime({initial: 0.5, rate: 0.4, steps: 8, staircase: true})],
    ['cosineWarmup', cosine({initial: 0.1, warmupTarget: 0.9, warmupSteps: 5, steps: 20, alpha: 0.2})],
    ['warmupThenExponential', warmup(exponential({initial: 1, rate: 0.9, steps: 1}), {steps: 10, from: 0.1})],
  ])('%s', (name, schedule) => {
    expectToFollow(schedule, name);
  });
});

describe('schedules', () => {
  it('piecewise keeps a value up to and including its boundary', () => {
    const rate = piecewise({boundaries: [2, 5], values: [1, 0.5, 0.1]});
    expect([0, 2, 3, 5, 6, 1e9].map(rate)).toEqual([1, 1, 0.5, 0.5, 0.1, 0.1]);
  });

  it('exponential in stairs multiplies at whole periods', () => {
    const rate = exponential({initial: 1, rate: 0.5, steps: 10, staircase: true});
    expect([9, 10, 19, 20].map(rate)).toEqual([1, 0.5, 0.5, 0.25]);
  });

  it('restarts scale their tops', () => {
    const rate = cosineRestarts({initial: 1, steps: 4, peakMultiplier: 0.5});
    expect([0, 4, 12, 28].map(rate)).toEqual([1, 0.5, 0.25, 0.125]);
    const even = cosineRestarts({initial: 1, steps: 4, stepsMultiplier: 1, peakMultiplier: 0.5});
    expect([0, 4, 8, 12].map(even)).toEqual([1, 0.5, 0.25, 0.125]);
  });

  it.each<[string, Schedule, number]>([
    ['constant', constant(0.3), 0.3],
    ['cosine', cosine({initial: 2, steps: 10, alpha: 0.25}), 0.5],
    ['cosine with warm-up', cosine({initial: 0, warmupTarget: 2, warmupSteps: 5, steps: 10}), 0],
    ['oneCycle', oneCycle({peak: 1, steps: 10}), 1e-5],
    ['oneCycleMomentum', oneCycleMomentum({steps: 10}), 0.95],
    ['polynomial', polynomial({initial: 1, steps: 10}), 0.0001],
    ['warmup of a number', warmup(0.7, {steps: 10}), 0.7],
  ])('%s stays at its end for ever', (_, schedule, end) => {
    expect(schedule(1000)).toBeCloseTo(end, 15);
    expect(schedule(1e12)).toBeCloseTo(end, 15);
  });

  it('join gives each schedule a clock of its own', () => {
    const echo: Schedule = count => count;
    const joined = join([echo, echo, constant(7)], [3, 5]);
    expect([0, 1, 2, 3, 4, 5, 6].map(joined)).toEqual([0, 1, 2, 0, 1, 7, 7]);
  });

  it('warm-up begins at nothing and meets the schedule at its first value', () => {
    const rate = warmup(oneCycle({peak: 1, steps: 100, startDivisor: 2}), {steps: 4});
    expect([0, 1, 2, 3, 4].map(rate)).toEqual([0, 0.125, 0.25, 0.375, 0.5]);
    expect(rate(4 + 25)).toBe(1);
  });

  it('are pure: any order of counts gives the same values, also after their options changed', () => {
    const values = [1, 0.5];
    const schedules = [
      piecewise({boundaries: [3], values}),
      cosineRestarts({initial: 1, steps: 3}),
      join([constant(1), cosine({initial: 1, steps: 5})], [4]),
    ];
    const forwards = schedules.map(schedule => [0, 1, 2, 3, 4, 5, 6].map(schedule));
    values[0] = 9;
    const backwards = schedules.map(schedule => [6, 5, 4, 3, 2, 1, 0].map(schedule).reverse());
    expect(backwards).toEqual(forwards);
  });

  it.each<[string, () => Schedule, RegExp]>([
    ['a negative constant', () => constant(-1), /constant: value is -1; it must be a finite number/],
    ['a rate that is not a number', () => stepDecay({initial: NaN, every: 1}), /initial is NaN/],
    ['no steps', () => cosine({initial: 1, steps: 0}), /cosine: steps is 0/],
    ['alpha above 1', () => cosine({initial: 1, steps: 1, alpha: 1.5}), /alpha is 1.5/],
    ['a warm-up without a target', () => cosine({initial: 1, steps: 9, warmupSteps: 2}), /warmupTarget/],
    ['a target without a warm-up', () => cosine({initial: 1, steps: 9, warmupTarget: 2}), /warmupSteps/],
    ['shrinking periods', () => cosineRestarts({initial: 1, steps: 9, stepsMultiplier: 0.5}), /at least 1/],
    ['infinite steps', () => oneCycle({peak: 1, steps: Infinity}), /steps is Infinity/],
    [
      'a cycle that only rises',
      () => oneCycle({peak: 1, steps: 9, warmupFraction: 1}),
      /warmupFraction is 1/,
    ],
    ['a momentum of 1', () => oneCycleMomentum({steps: 9, high: 1}), /high is 1; it must be below 1/],
    ['descending boundaries', () => piecewise({boundaries: [5, 2], values: [1, 2, 3]}), /5, 2/],
    ['a value too few', () => piecewise({boundaries: [5], values: [1]}), /one more than boundaries/],
    ['nothing to join', () => join([], []), /number of schedules is 0/],
    ['a boundary at 0', () => join([constant(1), constant(2)], [0]), /above 0/],
    ['a warm-up from below 0', () => warmup(1, {steps: 3, from: -1}), /from is -1/],
    ['a power of 0', () => polynomial({initial: 1, steps: 3, power: 0}), /power is 0/],
    ['a decay rate of 0', () => exponential({initial: 1, steps: 3, rate: 0}), /rate is 0/],
    ['a growing rate', () => inverseTime({initial: 1, steps: 3, rate: -1}), /rate is -1/],
  ])('refuse %s', (_, make, message) => {
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
  });

  const misspelt = {alhpa: 0.1};
  it.each<[string, () => Schedule]>([
    ['warmup', () => warmup(1, {steps: 3, ...misspelt})],
    ['cosine', () => cosine({initial: 1, steps: 3, ...misspelt})],
    ['cosineRestarts', () => cosineRestarts({initial: 1, steps: 3, ...misspelt})],
    ['stepDecay', () => stepDecay({initial: 1, every: 3, ...misspelt})],
    ['piecewise', () => piecewise({boundaries: [1], values: [1, 2], ...misspelt})],
    ['exponential', () => exponential({initial: 1, steps: 3, rate: 0.5, ...misspelt})],
    ['inverseTime', () => inverseTime({initial: 1, steps: 3, rate: 0.5, ...misspelt})],
    ['polynomial', () => polynomial({initial: 1, steps: 3, ...misspelt})],
    ['oneCycle', () => oneCycle({peak: 1, steps: 3, ...misspelt})],
    ['oneCycleMomentum', () => oneCycleMomentum({steps: 3, ...misspelt})],
  ])('refuse an option that %s does not have', (name, make) => {
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(`Unknown option of ${name} 'alhpa'.`);
  });

  it('tell what an option of Keras is called', () => {
    const options = {initial: 1, steps: 3, decaySteps: 3};
    expect(() => cosine(options)).toThrow(
      "Unknown option of cosine 'decaySteps'. It is called 'steps' here.",
    );
    const elsewhere = {peak: 1, steps: 3, decayRate: 3};
    expect(() => oneCycle(elsewhere)).toThrow("Unknown option of oneCycle 'decayRate'. Known: ");
  });

  it('refuse a number in place of their options', () => {
    const number = JSON.parse('3') as {initial: number; steps: number};
    expect(() => cosine(number)).toThrow('The options of cosine are an object, got number.');
  });
});
