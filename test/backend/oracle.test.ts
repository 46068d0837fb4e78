/**
 * What tfjs computes wrong or cannot compute, against PyTorch: first as tfjs does it, then repaired.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, test} from 'vitest';
import {useBackend} from '../../src/backend';
import oracle from '../oracle/backend.json';
import {both, cases} from './oracleCases';
import type {Expected, Flat} from './oracleCases';

const names = Object.keys(cases) as (keyof typeof cases)[];

/** The largest deviation of output and gradients from PyTorch's; infinite where tfjs throws. */
function deviation(name: keyof typeof cases): number {
  const expected: Expected = oracle[name];
  const {f} = cases[name];
  const tensorOf = ({values, shape}: Flat): Tensor => tf.tensor(values, shape);
  try {
    return tf.tidy(() => {
      const inputs = expected.inputs.map(tensorOf);
      const output = f(...(inputs as never[]));
      const scalar = (...xs: Tensor[]): Tensor =>
        tf.sum(tf.mul(f(...(xs as never[])), tensorOf(expected.weights)));
      const gradients = tf.grads(scalar)(inputs);
      const found = [output, ...gradients];
      const wanted = [expected.output, ...expected.gradients];
      return Math.max(...wanted.map((want, i) => difference(found[i]!, want)));
    });
  } catch {
    return Infinity;
  }
}

function difference(found: Tensor, {shape, values}: Flat): number {
  if (found.shape.join() !== shape.join()) return Infinity;
  const data = found.dataSync();
  const scale = Math.max(1, ...values.map(Math.abs));
  return Math.max(...values.map((value, i) => Math.abs(value - data[i]!))) / scale;
}

describe.each(both)('on %s', backend => {
  test.each(names)('tfjs: %s', async name => {
    await tf.setBackend(backend);
    const found = deviation(name);
    if (cases[name].wrongOn.includes(backend)) expect(found).toBeGreaterThan(1e-3);
    else expect(found).toBeLessThan(1e-5);
  });
});

describe.each(both)('on %s, repaired', backend => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(names)('%s equals PyTorch', name => {
    expect(deviation(name)).toBeLessThan(1e-5);
  });
});

test('gradients that have no formula yet say so', async () => {
  await useBackend('cpu');
  const boxes = tf.tensor2d([[0, 0, 1, 1]]);
  const crop = (b: Tensor): Tensor =>
    tf.image.cropAndResize(tf.ones([1, 2, 2, 1]), b as tf.Tensor2D, tf.tensor1d([0], 'int32'), [2, 2]);
  expect(() => tf.tidy(() => tf.grad(crop)(boxes))).toThrow('no gradient for its boxes');
  boxes.dispose();
});
