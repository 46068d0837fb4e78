import {beforeAll, describe, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {avgPoolGradient, maxPoolGradient, outputSize} from './reference';
import type {Window} from './reference';
import {expectNear, runKernel, sizeOf, values} from './support';

beforeAll(async () => {
  await useBackend('wasm');
});

describe('the gradients of pooling', () => {
  const cases: Record<string, Window & {x: number[]}> = {
    'one pixel': {x: [1, 1, 1, 1], size: [1, 1], strides: [1, 1], pad: 'valid'},
    'two by two': {x: [2, 8, 6, 5], size: [2, 2], strides: [2, 2], pad: 'valid'},
    'a row too many': {x: [2, 7, 5, 3], size: [2, 2], strides: [2, 2], pad: 'valid'},
    'windows over the edge': {x: [2, 7, 5, 3], size: [2, 2], strides: [2, 2], pad: 'same'},
    'windows that overlap': {x: [2, 7, 8, 3], size: [3, 3], strides: [2, 1], pad: 'same'},
    'two by two that overlap': {x: [2, 7, 8, 3], size: [2, 2], strides: [1, 1], pad: 'valid'},
    'windows that leave gaps': {x: [1, 11, 13, 2], size: [2, 3], strides: [3, 5], pad: 'valid'},
    'the whole image': {x: [3, 5, 7, 11], size: [5, 7], strides: [1, 1], pad: 'valid'},
    'a padding of its own': {x: [2, 6, 6, 2], size: [3, 3], strides: [2, 2], pad: 1},
  };
  const contents: Record<string, (random: Random) => number> = {
    'all sorts': random => random.uniform() * 2 - 1,
    'negative numbers': random => -random.uniform() - 0.1,
    'equal numbers': random => random.integer(3) - 1,
    'only zeros': () => 0,
    'not-a-numbers and infinities': random => [NaN, -Infinity, Infinity, 0.5, -0.5][random.integer(5)]!,
  };
  for (const [name, test] of Object.entries(cases))
    for (const [content, draw] of Object.entries(contents))
      it(`of ${name}, ${content}`, () => {
        const random = new Random(9, name, content);
        const x = Float32Array.from({length: sizeOf(test.x)}, () => draw(random));
        const output = [test.x[0]!, ...outputSize(test.x, test), test.x[3]!];
        const dy = values(random, sizeOf(output));
        const attrs = {filterSize: test.size, strides: test.strides, pad: test.pad};
        const inputs = {dy: [dy, output], input: [x, test.x], output: [dy, output]} as const;
        const max = runKernel(
          'MaxPoolGrad',
          {dy: [...inputs.dy], input: [...inputs.input], output: [...inputs.output]},
          attrs,
        );
        expectNear(max.values, maxPoolGradient(x, test.x, dy, test), 1e-6);
        const average = runKernel('AvgPoolGrad', {dy: [...inputs.dy], input: [...inputs.input]}, attrs);
        expectNear(average.values, avgPoolGradient(test.x, dy, test), 1e-6);
      });
});
