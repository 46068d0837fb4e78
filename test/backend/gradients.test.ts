/**
 * Values and gradients of tfjs's operations on the repaired backends, against tfjs's plain CPU forward pass
 * and its finite differences.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {beforeAll, describe, expect, test} from 'vitest';
import {useBackend} from '../../src/backend';
import {gradientCases} from './gradientCases';
import {autoGradient, inputsOf, numericGradient, referenceCase, weightedValue} from './numericGradient';

const values = new Map<string, number>();
const gradients = new Map<string, number[][]>();

beforeAll(async () => {
  await tf.setBackend('cpu');
  for (const testCase of gradientCases) {
    const reference = referenceCase(testCase);
    values.set(testCase.name, weightedValue(reference, inputsOf(testCase)));
    gradients.set(testCase.name, numericGradient(reference));
  }
});

describe.each(['wasm', 'cpu'] as const)('on %s', backend => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(gradientCases)('$name has the right value and gradient, and leaves nothing behind', testCase => {
    const before = counts();
    const value = weightedValue(testCase, inputsOf(testCase));
    const found = autoGradient(testCase);
    expect(counts()).toEqual(before);

    expect(Math.abs(value - values.get(testCase.name)!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
    const expected = gradients.get(testCase.name)!;
    expect(found.map(gradient => gradient.length)).toEqual(expected.map(gradient => gradient.length));
    const largest = Math.max(1, ...expected.flat().map(Math.abs));
    const deviations = found.flatMap((gradient, i) => gradient.map((g, k) => Math.abs(g - expected[i]![k]!)));
    expect(Math.max(...deviations) / largest).toBeLessThan(3e-4);
  });
});

/** Tensors, and data buckets of the active backend. */
function counts(): {tensors: number; buckets: number} {
  return {tensors: tf.memory().numTensors, buckets: tf.engine().backend.numDataIds()};
}
