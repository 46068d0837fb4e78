/** One seed gives one run, whatever computes it. */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {Dataset, useBackend} from 'glassbox';
import {backendUnderTest} from '../backendUnderTest';
import {curveOf} from './smallNetwork';
import type {Curve} from './smallNetwork';

describe(`the same seed on ${backendUnderTest} as on cpu`, () => {
  let expected: Curve;
  let found: Curve;
  beforeAll(async () => {
    await useBackend('cpu');
    expected = await curveOf(3);
    await useBackend(backendUnderTest);
    const before = tf.memory().numTensors;
    found = await curveOf(3);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives the same initial weights, bit for bit', () => {
    expect(found.first).toEqual(expected.first);
    expect(found.first[0]!.some(value => value !== 0)).toBe(true);
  });

  it('gives losses that agree to 1e-3 over 50 steps', () => {
    expect(found.losses).toHaveLength(50);
    found.losses.forEach((loss, step) => expect(Math.abs(loss - expected.losses[step]!)).toBeLessThan(1e-3));
    expect(found.losses[49]).toBeLessThan(found.losses[0]! / 2);
  });

  it('gives other losses than another seed does', async () => {
    const other = await curveOf(4, 5);
    expect(other.first).toEqual(found.first);
    expect(Math.abs(other.losses[4]! - found.losses[4]!)).toBeGreaterThan(1e-3);
  });

  it('gives the same order of the data', async () => {
    const order: number[] = [];
    const ids = Float32Array.from({length: 12}, (_, id) => id);
    for await (const batch of Dataset.fromArrays(ids).shuffle({seed: 3}).batch(5)) {
      order.push(...(await batch.data()));
      batch.dispose();
    }
    // Committed: no backend, version or machine may change it.
    expect(order).toEqual([10, 0, 6, 8, 11, 5, 3, 2, 1, 7, 4, 9]);
  });
});
