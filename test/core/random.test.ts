/** What withSeed refuses. */
import {expect, test} from 'vitest';
import {ConfigurationError, withSeed} from '../../src/core';

const random = Math.random;

test('withSeed without a function is refused, with how to write it', () => {
  const call = (): unknown => Reflect.apply(withSeed, undefined, [1]);
  expect(call).toThrow(ConfigurationError);
  expect(call).toThrow('withSeed(1, () => …)');
});

test('withSeed of an asynchronous function is refused: what comes after its await would not be seeded', () => {
  const works = async (): Promise<number> => Promise.resolve(Math.random());
  const fails = async (): Promise<never> => Promise.reject(new Error('fails on its own'));
  for (const build of [works, fails]) {
    expect(() => withSeed<Promise<number>>(1, build)).toThrow(ConfigurationError);
    expect(() => withSeed<Promise<number>>(1, build)).toThrow('asynchronous');
  }
  expect(Math.random).toBe(random);
});

test('withSeed of a function gives what it gives, the same each time', () => {
  expect(withSeed(1, () => Math.random())).toBe(withSeed(1, () => Math.random()));
  expect(withSeed(1, () => Math.random())).not.toBe(withSeed(2, () => Math.random()));
});
