import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {at, avgPoolGradient, forEachTap, maxPoolGradient, outputSize} from './reference';
import type {Padding, Window} from './reference';
import {expectNear, runKernel, sizeOf, values} from './support';

beforeAll(async () => {
  await useBackend('wasm');
});

interface Case extends Window {
  x: number[];
}

const cases: Record<string, Case> = {
  'one pixel': {x: [1, 1, 1, 1], size: [1, 1], strides: [1, 1], pad: 'valid'},
  'two by two': {x: [2, 8, 6, 5], size: [2, 2], strides: [2, 2], pad: 'valid'},
  'a row too many': {x: [2, 7, 5, 3], size: [2, 2], strides: [2, 2], pad: 'valid'},
  'windows over the edge': {x: [2, 7, 5, 3], size: [2, 2], strides: [2, 2], pad: 'same'},
  'windows that overlap': {x: [2, 7, 8, 3], size: [3, 3], strides: [2, 1], pad: 'same'},
  'two by two that overlap': {x: [2, 7, 8, 3], size: [2, 2], strides: [1, 1], pad: 'valid'},
  'windows that leave gaps': {x: [1, 11, 13, 2], size: [2, 3], strides: [3, 5], pad: 'valid'},
  'the whole image': {x: [3, 5, 7, 11], size: [5, 7], strides: [1, 1], pad: 'valid'},
  'many channels': {x: [2, 5, 7, 21], size: [2, 2], strides: [2, 2], pad: 'same'},
  'many channels, windows that overlap': {x: [2, 7, 8, 21], size: [3, 3], strides: [2, 2], pad: 'same'},
  'nothing but padding, at the edges': {x: [2, 4, 4, 20], size: [2, 2], strides: [1, 1], pad: 3},
  'a padding of its own': {x: [2, 6, 6, 2], size: [3, 3], strides: [2, 2], pad: 1},
};
const contents: Record<string, (random: Random) => number> = {
  'all sorts': random => random.uniform() * 2 - 1,
  'negative numbers': random => -random.uniform() - 0.1,
  'equal numbers': random => random.integer(3) - 1,
  'only zeros': () => 0,
  'not-a-numbers and infinities': random => [NaN, -Infinity, Infinity, 0.5, -0.5][random.integer(5)]!,
};

/** Maxima and means of windows, as they are defined. NaN never is a maximum. */
function pooled(x: ArrayLike<number>, test: Case) {
  const [height, width] = outputSize(test.x, test);
  const shape = [test.x[0]!, height, width, test.x[3]!];
  const maxima = new Float64Array(sizeOf(shape)).fill(-Infinity);
  const sums = new Float64Array(sizeOf(shape));
  const counts = new Float64Array(sizeOf(shape));
  forEachTap(test.x, test, (b, oy, ox, _i, _j, yy, xx) => {
    for (let c = 0; c < test.x[3]!; c++) {
      const out = at(shape, b, oy, ox, c);
      const value = x[at(test.x, b, yy, xx, c)]!;
      if (value > maxima[out]!) maxima[out] = value;
      sums[out]! += value;
      counts[out]!++;
    }
  });
  return {shape, maxima, means: sums.map((sum, i) => sum / counts[i]!)};
}

function attrsOf({size, strides, pad}: Case) {
  return {filterSize: size, strides, pad: Array.isArray(pad) ? [[0, 0], ...pad, [0, 0]] : pad};
}

function expectRightForward(test: Case, x: Float32Array): void {
  const {shape, maxima, means} = pooled(x, test);
  const max = runKernel('MaxPool', {x: [x, test.x]}, attrsOf(test));
  expect(max.shape).toEqual(shape);
  expectNear(max.values, maxima, 0);
  const average = runKernel('AvgPool', {x: [x, test.x]}, attrsOf(test));
  expect(average.shape).toEqual(shape);
  expectNear(average.values, means, 1e-6);
}

function expectRightGradients(test: Case, x: Float32Array, random: Random): void {
  const output = [test.x[0]!, ...outputSize(test.x, test), test.x[3]!];
  const dy = values(random, sizeOf(output));
  const inputs = {dy: [dy, output], input: [x, test.x]} as const;
  const max = runKernel(
    'MaxPoolGrad',
    {dy: [...inputs.dy], input: [...inputs.input], output: [dy, output]},
    attrsOf(test),
  );
  expectNear(max.values, maxPoolGradient(x, test.x, dy, test), 1e-6);
  const average = runKernel('AvgPoolGrad', {dy: [...inputs.dy], input: [...inputs.input]}, attrsOf(test));
  expectNear(average.values, avgPoolGradient(test.x, dy, test), 1e-6);
}

describe('pooling', () => {
  for (const [name, test] of Object.entries(cases))
    for (const [content, draw] of Object.entries(contents))
      it(`of ${name}, ${content}`, () => {
        const random = new Random(8, name, content);
        expectRightForward(
          test,
          Float32Array.from({length: sizeOf(test.x)}, () => draw(random)),
        );
      });
});

describe('the gradients of pooling', () => {
  for (const [name, test] of Object.entries(cases))
    for (const [content, draw] of Object.entries(contents))
      it(`of ${name}, ${content}`, () => {
        const random = new Random(9, name, content);
        const x = Float32Array.from({length: sizeOf(test.x)}, () => draw(random));
        expectRightGradients(test, x, random);
      });

  it('agree with differences of the mean and the maximum', () => {
    const random = new Random(10);
    const shape: [number, number, number, number] = [1, 5, 6, 5];
    // Numbers far enough apart that a small step changes no order.
    const order = random.permutation(sizeOf(shape));
    const x = Float32Array.from(order, i => i / 10 - 6);
    for (const op of ['max', 'avg'] as const) {
      const f = (t: tf.Tensor) => tf.sum(tf.square(tf.pool(t as tf.Tensor4D, [3, 2], op, 'same', 1, 2)));
      const value = (numbers: Float32Array) => tf.tidy(() => f(tf.tensor4d(numbers, shape)).dataSync()[0]!);
      const gradient = tf.tidy(() => Float32Array.from(tf.grad(f)(tf.tensor4d(x, shape)).dataSync()));
      const differences = x.map((_, i) => {
        const [up, down] = [x.slice(), x.slice()];
        up[i]! += 1 / 32;
        down[i]! -= 1 / 32;
        return (value(up) - value(down)) * 16;
      });
      expectNear(gradient, differences, 2e-3);
    }
  });

  it('are those of pooling without the engine', async () => {
    const x = values(new Random(11), 2 * 9 * 7 * 20);
    const run = () =>
      (['max', 'avg'] as const).map(op =>
        tf.tidy(() => {
          const f = (t: tf.Tensor) => tf.square(tf.pool(t as tf.Tensor4D, 2, op, 'same', 1, 2));
          return Array.from(
            tf
              .grad(f)(tf.tensor4d(x, [2, 9, 7, 20]))
              .dataSync(),
          );
        }),
      );
    const engine = run();
    await useBackend('wasm', {engine: false});
    const plain = run();
    await useBackend('wasm');
    engine.forEach((gradient, i) => expectNear(gradient, plain[i]!, 1e-6));
  });
});

it('pooling and its gradients are right for shapes drawn at random', () => {
  const random = new Random(12);
  const draw = (least: number, most: number) => least + random.integer(most - least + 1);
  for (let i = 0; i < 80; i++) {
    const around: Padding = [
      [draw(0, 2), draw(0, 2)],
      [draw(0, 2), draw(0, 2)],
    ];
    const isPlain = random.uniform() < 0.4;
    const test: Case = {
      x: [draw(1, 9), draw(1, 12), draw(1, 12), draw(1, 21)],
      size: isPlain ? [2, 2] : [draw(1, 4), draw(1, 4)],
      strides: isPlain ? [2, 2] : [draw(1, 3), draw(1, 3)],
      pad: (['same', 'valid', around] as const)[random.integer(3)]!,
    };
    if (outputSize(test.x, test).some(size => size < 1)) continue;
    const x = values(random, sizeOf(test.x));
    expectRightForward(test, x);
    expectRightGradients(test, x, random);
  }
});
