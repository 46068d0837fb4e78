/** The gradient of softmax on the engine against float64. */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it, test} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {expectNear, sizeOf, values} from './support';

beforeAll(async () => {
  await useBackend('wasm');
});

function softmaxOf(x: ArrayLike<number>, classes: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += classes) {
    const row = Array.from({length: classes}, (_, j) => x[start + j]!);
    const largest = Math.max(...row);
    const powers = row.map(value => Math.exp(value - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    powers.forEach((power, j) => (y[start + j] = power / sum));
  }
  return y;
}

function gradientOf(y: ArrayLike<number>, dy: ArrayLike<number>, classes: number): Float64Array {
  return Float64Array.from({length: y.length}, (_, i) => {
    const start = i - (i % classes);
    let mean = 0;
    for (let j = start; j < start + classes; j++) mean += y[j]! * dy[j]!;
    return y[i]! * (dy[i]! - mean);
  });
}

/** The gradient of `f` with `dy`; nothing else may stay. */
function gradient(
  f: (x: tf.Tensor) => tf.Tensor,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  shape: number[],
): ArrayLike<number> {
  const before = {tensors: tf.memory().numTensors, data: tf.backend().numDataIds()};
  const tensor = (from: ArrayLike<number>) => tf.tensor(Float32Array.from(from), shape);
  const found = tf.tidy(() => tf.grad(f)(tensor(x), tensor(dy)).dataSync());
  expect({tensors: tf.memory().numTensors, data: tf.backend().numDataIds()}).toEqual(before);
  return found;
}

const shapes = [[1], [2], [7], [3, 1], [5, 3], [64, 10], [2, 7, 13], [9, 1000], [1031, 67], [2, 3, 4, 5, 6]];

describe('the gradient of softmax', () => {
  test.each(shapes.map(shape => [shape]))('of %j', shape => {
    const random = new Random(14, shape.join());
    const x = values(random, sizeOf(shape)).map(value => 4 * value);
    const dy = values(random, x.length);
    const classes = shape.at(-1)!;
    const found = gradient(tf.softmax, x, dy, shape);
    const expected = gradientOf(softmaxOf(x, classes), dy, classes);
    // Of one class there is none but for rounding.
    for (let i = 0; i < x.length; i++) expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(3e-7);
  });

  it('agrees with finite differences', () => {
    const random = new Random(15);
    const x = values(random, 14);
    const dy = values(random, 14);
    const found = gradient(tf.softmax, x, dy, [2, 7]);
    const step = 1e-5;
    const value = (at: number, by: number): number =>
      softmaxOf(
        Array.from(x, (number, i) => number + (i === at ? by : 0)),
        7,
      ).reduce((sum, y, i) => sum + y * dy[i]!, 0);
    for (let i = 0; i < 14; i++)
      expect(found[i]).toBeCloseTo((value(i, step) - value(i, -step)) / (2 * step), 6);
  });

  it('passes NaN on in its row', () => {
    const found = gradient(tf.softmax, [0, NaN, 1, 0, 0, 0], [1, 2, 3, 1, NaN, 1], [2, 3]);
    expect(Array.from(found)).toEqual(Array.from({length: 6}, () => NaN));
  });

  it('takes one kernel', async () => {
    const {kernelNames} = await tf.profile(() => {
      tf.tidy(() => void tf.grad((x: tf.Tensor) => tf.softmax(x))(tf.ones([4, 3]), tf.ones([4, 3])));
      return tf.scalar(0);
    });
    expect(kernelNames).toContain('GlassboxSoftmaxGradient');
    expect(kernelNames).not.toContain('Sum');
  });

  // By dy, as tfjs's own: what it saves of a result has no gradient.
  it('has a gradient itself', () => {
    const random = new Random(16);
    const [x, v] = [values(random, 10), values(random, 10)];
    const found = tf.tidy(() => {
      const input = tf.tensor(x, [2, 5]);
      const penalty = (dy: tf.Tensor) =>
        tf.mul(0.5, tf.sum(tf.square(tf.grad((t: tf.Tensor) => tf.softmax(t))(input, dy))));
      return tf
        .grad(penalty)(tf.tensor(v, [2, 5]))
        .dataSync();
    });
    const y = softmaxOf(x, 5);
    // The derivative of a softmax is a symmetric matrix.
    expectNear(found, gradientOf(y, gradientOf(y, v, 5), 5));
  });

  it('is the same without the engine', async () => {
    const random = new Random(17);
    const [x, dy] = [values(random, 30), values(random, 30)];
    const found = gradient(tf.softmax, x, dy, [3, 10]);
    await useBackend('wasm', {engine: false});
    const plain = gradient(tf.softmax, x, dy, [3, 10]);
    await useBackend('wasm');
    expectNear(found, plain);
  });
});
