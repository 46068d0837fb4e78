/** Fixed data, and how far two results are apart. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {Random} from 'glassbox';

/** Numbers from `low` to `high` that are fixed by a name. */
export function uniforms(name: string, shape: readonly number[], low = -1, high = 1): Tensor {
  const random = new Random(5, name);
  const values = Float32Array.from(
    {length: tf.util.sizeFromShape([...shape])},
    () => low + (high - low) * random.uniform(),
  );
  return tf.tensor(values, [...shape]);
}

/** Whole numbers from 0 to below `limit` that are fixed by a name. */
export function integers(name: string, shape: readonly number[], limit: number): Tensor {
  const random = new Random(5, name);
  const values = Int32Array.from({length: tf.util.sizeFromShape([...shape])}, () => random.integer(limit));
  return tf.tensor(values, [...shape], 'int32');
}

/** Reads tensors without blocking, and disposes them. */
export async function read(tensors: readonly Tensor[]): Promise<ArrayLike<number>[]> {
  const values = await Promise.all(tensors.map(tensor => tensor.data()));
  tf.dispose([...tensors]);
  return values;
}

/** Below this, the largest number of a list is taken for zero, and rounding is not magnified. */
const NOTHING = 1e-3;

/**
 * The largest difference of two results, each list of numbers relative to the largest number that is expected in it;
 * infinite where their sizes differ or what is found is no number.
 */
export function distance(
  found: readonly ArrayLike<number>[],
  expected: readonly ArrayLike<number>[],
): number {
  if (found.length !== expected.length) return Infinity;
  return Math.max(...expected.map((list, i) => listDistance(found[i]!, list)));
}

function listDistance(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Infinity;
  let [most, scale] = [0, NOTHING];
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs(found[i]! - expected[i]!);
    if (Number.isNaN(apart)) return Infinity;
    most = Math.max(most, apart);
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return most / scale;
}
