/**
 * Kernels that give wrong numbers in tfjs for some of their inputs; expected values by hand.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import {afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {useBackend} from '../../src/backend';

interface Defect {
  readonly name: string;
  readonly backend: 'wasm' | 'cpu';
  readonly compute: () => Tensor;
  readonly expected: readonly number[];
}

const upTo = (n: number, shape: number[]): Tensor => tf.reshape(tf.range(1, n + 1), shape);

const defects: readonly Defect[] = [
  {
    name: 'oneHot of floats',
    backend: 'wasm',
    compute: () => tf.oneHot(tf.tensor1d([1, 0, -1, 3], 'int32'), 3, 2, -1, 'float32'),
    expected: [-1, 2, -1, 2, -1, -1, -1, -1, -1, -1, -1, -1],
  },
  {
    name: 'conv2d with a stride larger than the filter',
    backend: 'wasm',
    compute: () =>
      tf.conv2d(upTo(16, [1, 4, 4, 1]) as Tensor4D, tf.ones<tf.Rank.R4>([2, 1, 1, 1]), 2, 'same'),
    expected: [6, 10, 22, 26],
  },
  {
    name: 'depthwiseConv2d with a stride larger than the filter',
    backend: 'wasm',
    compute: () =>
      tf.depthwiseConv2d(upTo(16, [1, 4, 4, 1]) as Tensor4D, tf.ones<tf.Rank.R4>([2, 1, 1, 1]), 2, 'same'),
    expected: [6, 10, 22, 26],
  },
  {
    name: 'fused.conv2d with a stride larger than the filter',
    backend: 'wasm',
    compute: () =>
      tf.fused.conv2d({
        x: upTo(16, [1, 4, 4, 1]) as Tensor4D,
        filter: tf.ones<tf.Rank.R4>([2, 1, 1, 1]),
        strides: 2,
        pad: 'same',
        bias: tf.tensor1d([-6]),
        activation: 'relu',
      }),
    expected: [0, 4, 16, 20],
  },
  {
    name: 'fused.matMul of a batch, with a bias',
    backend: 'wasm',
    compute: () =>
      tf.fused.matMul({
        a: upTo(4, [2, 2, 1]),
        b: tf.tensor3d([1, 2, 1, 2], [2, 1, 2]),
        bias: tf.tensor1d([10, -20]),
        activation: 'relu',
      }),
    expected: [11, 0, 12, 0, 13, 0, 14, 0],
  },
  {
    name: 'fused.matMul of a transposed matrix, with a bias',
    backend: 'wasm',
    compute: () =>
      tf.fused.matMul({
        a: tf.tensor2d([[1, 2, 3]]),
        b: tf.tensor2d([[1, 2]]),
        bias: tf.tensor1d([10, 20]),
        transposeA: true,
      }),
    expected: [11, 22, 12, 24, 13, 26],
  },
  {
    name: 'clipByValue of NaN',
    backend: 'wasm',
    compute: () => tf.clipByValue(tf.tensor1d([NaN, 2, -Infinity, 0.5]), -1, 1),
    expected: [NaN, 1, -1, 0.5],
  },
  {
    name: 'clipByValue of whole numbers',
    backend: 'wasm',
    compute: () => tf.clipByValue(tf.tensor1d([4, 2, -9], 'int32'), -2, 3),
    expected: [3, 2, -2],
  },
  {
    name: 'relu6 of NaN',
    backend: 'wasm',
    compute: () => tf.relu6(tf.tensor1d([NaN, 7, -1, 3])),
    expected: [NaN, 6, 0, 3],
  },
  {
    name: 'maxPoolWithArgmax of negative numbers, its values',
    backend: 'wasm',
    compute: () =>
      tf.maxPoolWithArgmax(tf.tensor4d([-4, -3, -1, -2], [1, 2, 2, 1]), 2, 2, 'valid').result as Tensor,
    expected: [-1],
  },
  {
    name: 'maxPoolWithArgmax of negative numbers, its indices',
    backend: 'wasm',
    compute: () =>
      tf.maxPoolWithArgmax(tf.tensor4d([-4, -3, -1, -2], [1, 2, 2, 1]), 2, 2, 'valid').indexes as Tensor,
    expected: [2],
  },
  {
    name: 'gather by batch',
    backend: 'wasm',
    compute: () => tf.gather(upTo(24, [3, 4, 2]), tf.tensor2d([1, 0, 1, 1, 3, 0], [3, 2], 'int32'), 1, 1),
    expected: [3, 4, 1, 2, 11, 12, 11, 12, 23, 24, 17, 18],
  },
  {
    name: 'prelu with slopes shared along the last axis',
    backend: 'wasm',
    compute: () => tf.prelu(tf.fill([1, 2, 2], -1), tf.tensor2d([[2], [3]])),
    expected: [-2, -2, -3, -3],
  },
  {
    name: 'a matrix product of whole numbers',
    backend: 'wasm',
    compute: () => {
      const a = tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32');
      return tf.matMul(a, a);
    },
    expected: [7, 10, 15, 22],
  },
  {
    name: 'confusionMatrix',
    backend: 'wasm',
    compute: () =>
      tf.math.confusionMatrix(tf.tensor1d([0, 1, 1], 'int32'), tf.tensor1d([0, 1, 0], 'int32'), 2),
    expected: [1, 0, 1, 1],
  },
  {
    name: 'cumsum along an axis counted from the end',
    backend: 'cpu',
    compute: () => tf.cumsum(upTo(4, [2, 2]), -1),
    expected: [1, 3, 3, 7],
  },
  {
    name: 'cumprod along an axis counted from the end',
    backend: 'cpu',
    compute: () => tf.cumprod(upTo(4, [2, 2]), -1),
    expected: [1, 2, 3, 12],
  },
  {
    name: 'stridedSlice from the end with an axis dropped',
    backend: 'cpu',
    compute: () => tf.stridedSlice(upTo(6, [2, 3]), [-1, 2], [0, 0], [1, -2], 0, 2, 0, 0, 1),
    expected: [6, 4],
  },
];

/** The numbers, or nothing where tfjs throws. */
function numbers(compute: () => Tensor): number[] {
  try {
    return tf.tidy(() => Array.from(compute().dataSync()));
  } catch {
    return [];
  }
}

/** The largest difference; infinite where one is NaN and the other isn't, or the lengths differ. */
function deviation(found: readonly number[], expected: readonly number[]): number {
  if (found.length !== expected.length) return Infinity;
  const differences = found.map((value, i) =>
    Object.is(value, expected[i]) ? 0 : Math.abs(value - expected[i]!),
  );
  return Math.max(...differences.map(difference => (Number.isNaN(difference) ? Infinity : difference)));
}

test.each(defects)('plain tfjs on $backend is wrong: $name', async ({backend, compute, expected}) => {
  await tf.setBackend(backend);
  const found = numbers(compute);
  expect(deviation(found, expected)).toBeGreaterThan(1e-3);
});

const counts = (): number[] => [tf.memory().numTensors, tf.engine().backend.numDataIds()];

describe.each(['wasm', 'cpu'] as const)('on %s', backend => {
  let before: number[] = [];

  beforeAll(async () => {
    await useBackend(backend);
  });

  beforeEach(() => {
    before = counts();
  });

  afterEach(() => {
    expect(counts()).toEqual(before);
  });

  test.each(defects)('$name', ({compute, expected}) => {
    const found = numbers(compute);
    expect(deviation(found, expected)).toBeLessThan(1e-6);
  });
});

test('the gradients of cumsum and cumprod take axes counted from the end', async () => {
  await useBackend('wasm');
  const gradient = (f: (x: Tensor) => Tensor): number[] =>
    numbers(() => tf.grad(f)(tf.tensor2d([[1, 2, 3]])));
  expect(gradient(x => tf.cumsum(x, -1))).toEqual([3, 2, 1]);
  // d/dx of x₀ + x₀x₁ + x₀x₁x₂
  expect(gradient(x => tf.cumprod(x, -1))).toEqual([9, 4, 2]);
});
