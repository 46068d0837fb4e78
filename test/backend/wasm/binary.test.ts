import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it, test} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {onPlainCpu} from './plainCpu';
import {runKernel, sizeOf, values} from './support';

const functions: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Multiply: (a, b) => a * b,
  RealDiv: (a, b) => a / b,
  Maximum: Math.max,
  Minimum: Math.min,
  SquaredDifference: (a, b) => Math.fround(a - b) ** 2,
};
const names = Object.keys(functions);

/** Offset in an operand of place `index` of an output of `shape`. */
function offsetIn(operand: number[], shape: number[], index: number): number {
  let offset = 0;
  let step = 1;
  for (let axis = 1; axis <= shape.length; axis++) {
    const length = operand.at(-axis) ?? 1;
    if (length > 1) offset += step * (index % shape.at(-axis)!);
    step *= length;
    index = Math.floor(index / shape.at(-axis)!);
  }
  return offset;
}

function check(name: string, shapeA: number[], shapeB: number[]): void {
  const random = new Random(3, `${name} ${shapeA.join()} ${shapeB.join()}`);
  const a = values(random, sizeOf(shapeA));
  const b = values(random, sizeOf(shapeB));
  const outShape = tf.broadcast_util.assertAndGetBroadcastShape(shapeA, shapeB);
  const {values: found, shape} = runKernel(name, {a: [a, shapeA], b: [b, shapeB]}, {});
  expect(shape).toEqual(outShape);
  expect(found.length).toBe(sizeOf(outShape));
  for (let i = 0; i < found.length; i++) {
    const expected = functions[name]!(a[offsetIn(shapeA, outShape, i)]!, b[offsetIn(shapeB, outShape, i)]!);
    if (!Object.is(found[i], Math.fround(expected)) && found[i] !== Math.fround(expected))
      expect.fail(`${name} [${shapeA}] [${shapeB}], place ${i}: ${found[i]} instead of ${expected}`);
  }
}

beforeAll(async () => {
  await useBackend('wasm');
});

describe.each(names)('%s', name => {
  const shapes: [string, number[], number[]][] = [
    ['of tensors alike', [3, 5, 7], [3, 5, 7]],
    ['in several chunks', [7, 31, 1009], [7, 31, 1009]],
    ['in several chunks, with a column', [129, 333], [129, 1]],
    ['in several chunks, with a channel in the middle', [7, 50, 110], [50, 1]],
    ['in several chunks, before every second axis', [50, 7, 110], [7, 1]],
    ['in several chunks, before a number', [], [210, 163]],
    // Below this tfjs's own kernels do most of them.
    ['of numbers', [], []],
    ['with a number', [33, 5], []],
    ['with a tensor of one number', [1, 1, 1], [3, 7]],
    ['with a row', [1000, 67], [67]],
    ['with a row before', [67], [11, 67]],
    ['with a column', [129, 33], [129, 1]],
    ['with a column before', [129, 1], [129, 33]],
    ['with a channel in the middle', [3, 5, 4, 9], [5, 1, 1]],
    ['of a row and a column', [1, 37], [41, 1]],
    ['with every second axis repeated', [2, 1, 3, 1], [1, 4, 1, 5]],
    ['with more axes than the engine walks', [2, 1, 3, 1, 2], [1, 4, 1, 5, 1]],
    ['of nothing', [0, 3], [1, 3]],
  ];
  test.each(shapes)('%s', (_, shapeA, shapeB) => check(name, shapeA, shapeB));

  test('of NaN, infinities and zeros is what tfjs says', async () => {
    const special = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 3e38, 1e-40];
    const a = special.flatMap(x => special.map(() => x));
    const b = special.flatMap(() => special);
    const inputs: Parameters<typeof onPlainCpu>[1] = {a: [a, [a.length]], b: [b, [b.length]]};
    const expected = await onPlainCpu(name, inputs, {});
    const {values: found} = runKernel(name, inputs, {});
    expect(Array.from(found, x => x + 0)).toEqual(Array.from(expected, x => x + 0));
  });

  it('computes shapes at random', () => {
    const random = new Random(5, name);
    const pick = (count: number) => Math.floor(random.uniform() * count);
    for (let n = 0; n < 60; n++) {
      const shape = Array.from({length: 1 + pick(5)}, () => 1 + pick(6));
      const operand = () => shape.map(length => (pick(3) === 0 ? 1 : length)).slice(pick(shape.length));
      check(name, operand(), operand());
    }
  });
});

describe('the gradients of functions of one tensor', () => {
  const unary: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    relu: tf.relu,
    relu6: x => tf.relu6(tf.mul(x, 3)),
    elu: tf.elu,
    selu: tf.selu,
    leakyRelu: x => tf.leakyRelu(x, 0.3),
    sigmoid: tf.sigmoid,
    tanh: tf.tanh,
    softplus: tf.softplus,
    abs: tf.abs,
    square: tf.square,
    sqrt: x => tf.sqrt(tf.abs(x)),
    rsqrt: x => tf.rsqrt(tf.abs(x)),
    erf: tf.erf,
  };
  const x = Float32Array.from({length: 2021}, (_, i) => 7 * Math.sin(i + 1));
  const dy = x.map((_, i) => Math.cos(3 * i));

  const gradientOf = (f: (x: tf.Tensor) => tf.Tensor): Float32Array =>
    tf.tidy(() => tf.grad(f)(tf.tensor(x), tf.tensor(dy)).dataSync() as Float32Array);
  /** Of a penalty on the gradient. */
  const secondGradientOf = (f: (x: tf.Tensor) => tf.Tensor): Float32Array =>
    tf.tidy(() => {
      const penalty = (input: tf.Tensor) => tf.square(tf.grad(f)(input));
      return tf.grad(penalty)(tf.tensor(x), tf.tensor(dy)).dataSync() as Float32Array;
    });

  test.each(Object.entries(unary))('%s', async (name, f) => {
    // tfjs has no gradients of gradients of these three.
    const orders = ['sigmoid', 'tanh', 'elu'].includes(name) ? [gradientOf] : [gradientOf, secondGradientOf];
    const before = [tf.memory().numTensors, tf.backend().numDataIds()];
    const found = orders.map(order => order(f));
    expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
    const active = tf.getBackend();
    await tf.setBackend('cpu');
    const expected = orders.map(order => order(f));
    await tf.setBackend(active);
    // What is rounded away where two numbers cancel, as in 1 − y, counts against the largest gradient.
    found.forEach((gradient, order) => {
      const tolerance = 2e-5 * Math.max(1, ...expected[order]!.map(Math.abs));
      gradient.forEach((g, i) => expect(Math.abs(g - expected[order]![i]!)).toBeLessThan(tolerance));
    });
  });

  test('one kernel computes each of them', async () => {
    const kernels = async (f: (x: tf.Tensor) => tf.Tensor) => {
      const profile = await tf.profile(() => tf.tidy(() => void tf.grad(f)(tf.tensor(x), tf.tensor(dy))));
      return profile.kernelNames.filter(name => name === 'GlassboxUnaryGradient').length;
    };
    for (const f of Object.values(unary)) expect(await kernels(f)).toBeGreaterThan(0);
  });

  test('a NaN passes relu on both ways', () => {
    const [y, g] = tf.tidy(() => {
      const input = tf.tensor1d([NaN, 1, -1]);
      return [
        tf.relu(input).dataSync(),
        tf
          .grad((t: tf.Tensor) => tf.relu(t))(input)
          .dataSync(),
      ];
    });
    expect(Array.from(y)).toEqual([NaN, 1, 0]);
    expect(Array.from(g)).toEqual([NaN, 1, 0]);
  });
});
