/**
 * A few small computations with known results, run when a backend becomes active: the gradients that
 * training stands on, and that have been wrong or missing on some backend of tfjs.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {DeviceLostError, GlassboxError, OutOfMemoryError} from '../core';
import {reason} from './reason';

interface Check {
  readonly name: string;
  readonly compute: () => Tensor;
  /** Worked out by hand. */
  readonly expected: readonly number[];
}

const image = (): tf.Tensor4D => tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
const filter = (): tf.Tensor4D => tf.tensor4d([1, 2, 3, 4], [2, 2, 1, 1]);

const checks: readonly Check[] = [
  {
    name: 'matMul, gradient',
    compute: () => tf.grad(a => tf.matMul(a, tf.tensor2d([1, 2, 3, 4], [2, 2])))(tf.ones([2, 2])),
    expected: [3, 7, 3, 7],
  },
  {
    name: 'conv2d, gradient for its filter',
    compute: () => tf.grad(w => tf.conv2d(image(), w as tf.Tensor4D, 1, 'valid'))(filter()),
    expected: [12, 16, 24, 28],
  },
  {
    name: 'conv2d, gradient for its input',
    compute: () => tf.grad(x => tf.conv2d(x as tf.Tensor4D, filter(), 1, 'valid'))(image()),
    expected: [1, 3, 2, 4, 10, 6, 3, 7, 4],
  },
  {
    name: 'maxPool, gradient in a negative window',
    compute: () =>
      tf.grad(x => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'))(tf.tensor4d([-4, -3, -2, -1], [1, 2, 2, 1])),
    expected: [0, 0, 0, 1],
  },
  {
    name: 'avgPool, gradient',
    compute: () => tf.grad(x => tf.avgPool(x as tf.Tensor4D, 2, 1, 'valid'))(image()),
    expected: [0.25, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.25],
  },
  {
    name: 'gather, gradient with a repeated index',
    compute: () =>
      tf.grad(x =>
        tf.mul(tf.gather(x, tf.tensor1d([2, 0, 2], 'int32')), tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2])),
      )(tf.zeros([3, 2])),
    expected: [3, 4, 0, 0, 6, 8],
  },
  {
    name: 'einsum, gradient',
    compute: () =>
      tf.grad(a => tf.einsum('ij,jk->ik', a, tf.tensor2d([1, 2, 3, 4], [2, 2])))(tf.ones([2, 2])),
    expected: [3, 7, 3, 7],
  },
  {
    name: 'mean and variance, gradient',
    compute: () => tf.grad(x => tf.moments(x, 0).variance)(tf.tensor1d([0, 3])),
    expected: [-1.5, 1.5],
  },
];

/**
 * What a backend got wrong, one sentence for each check that has one of its own; empty when all is well.
 *
 * @throws DeviceLostError, OutOfMemoryError where that befell the device meanwhile: it says nothing of the numbers
 */
export async function selfTest(): Promise<string[]> {
  const failures: string[] = [];
  // All are computed before anything is waited for: until then no other code can make another backend active.
  const results = checks.map(check => {
    try {
      return {check, result: tf.tidy(check.compute)};
    } catch (error) {
      return {check, error};
    }
  });
  try {
    for (const {check, result, error} of results) {
      const {name, expected} = check;
      try {
        if (result === undefined) throw error;
        const found = Array.from(await result.data());
        const fits =
          found.length === expected.length && expected.every((e, i) => Math.abs(found[i]! - e) < 1e-3);
        if (!fits) failures.push(`${name}: [${found.join(', ')}] instead of [${expected.join(', ')}]`);
      } catch (cause) {
        if (cause instanceof DeviceLostError || cause instanceof OutOfMemoryError) throw cause;
        // What a GPU refuses is told of once for all that was computed, and is no matter of the check.
        failures.push(cause instanceof GlassboxError ? reason(cause) : `${name}: ${reason(cause)}`);
      }
    }
  } finally {
    for (const {result} of results) result?.dispose();
  }
  return [...new Set(failures)];
}
