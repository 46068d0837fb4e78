import {expect, it} from 'vitest';
import {ConfigurationError} from '../../src/core';
import {
  BinaryCrossentropy,
  CategoricalFocalCrossentropy,
  Huber,
  SparseCategoricalCrossentropy,
} from '../../src/losses';
import {TopKAccuracy} from '../../src/metrics';

it.each([
  ["Keras's name of an option", () => new BinaryCrossentropy({from_logits: true} as object), /'fromLogits'/],
  [
    'a misspelt option',
    () => new SparseCategoricalCrossentropy({fromLogit: true} as object),
    /Did you mean 'fromLogits'/,
  ],
  ['another letter', () => new TopKAccuracy({K: 3} as object), /'k'/],
  ['an option of no loss', () => new Huber({d: 3} as object), /delta/],
])('%s is refused, not ignored', (_, make, words) => {
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(words);
});

it('options of a base class pass', () => {
  expect(
    () => new CategoricalFocalCrossentropy({gamma: 1, fromLogits: true, labelSmoothing: 0.1}),
  ).not.toThrow();
});
