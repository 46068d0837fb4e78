/** Running one kernel on the repaired backend, and watching that it leaves nothing behind. */
import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'vitest';
import {type Random} from '../../../src/core';

/** Numbers to try: mostly small ones, some zeros. */
export function values(random: Random, size: number): Float32Array {
  return Float32Array.from({length: size}, () => (random.uniform() < 0.1 ? 0 : random.uniform() * 2 - 1));
}

/** The elements of a shape. */
export function sizeOf(shape: number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

type Inputs = Record<string, [Values: ArrayLike<number>, shape: number[], dtype?: tf.DataType]>;

/** What a kernel answers, as numbers and shape; asserts that neither tensors nor data of the backend leak. */
export function runKernel(
  name: string,
  inputs: Inputs,
  attrs: object,
): {values: ArrayLike<number>; shape: number[]} {
  const tensors = tf.memory().numTensors;
  const data = tf.backend().numDataIds();
  const infos = Object.fromEntries(
    Object.entries(inputs).map(([key, [numbers, shape, dtype = 'float32']]) => [
      key,
      tf.tensor(Array.from(numbers), shape, dtype),
    ]),
  );
  try {
    const out = tf.engine().runKernel<tf.Tensor>(name, infos, attrs as tf.NamedAttrMap);
    const result = {values: out.dataSync(), shape: out.shape};
    out.dispose();
    return result;
  } finally {
    tf.dispose(infos);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(tf.backend().numDataIds()).toBe(data);
  }
}

/** Every element within `tolerance` of the largest expected one. */
export function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  let scale = 1e-6;
  for (let i = 0; i < expected.length; i++)
    if (Number.isFinite(expected[i]!)) scale = Math.max(scale, Math.abs(expected[i]!));
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (Number.isFinite(expected[i]!) && difference <= tolerance * scale) continue;
    if (Object.is(actual[i], expected[i])) continue;
    expect.fail(
      `element ${i} of ${expected.length}: ${actual[i]} instead of ${expected[i]} (scale ${scale})`,
    );
  }
}
