/**
 * The first 50 updates of every optimizer against float64 references.
 */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {isScheduled, make, oracle, Problem} from './oracle';
import type {Case} from './oracle';

const title = ({optimizer, options, clip}: Case): string => {
  const values = Object.entries(options).map(([name, value]) => {
    return `${name}=${isScheduled(value) ? 'schedule' : JSON.stringify(value)}`;
  });
  return `${optimizer}(${values.join(', ')})${clip === null ? '' : `, clipped by ${clip.join(' ')}`}`;
};

describe.each(['cpu', 'wasm'] as const)('on %s, 50 updates follow the reference', backend => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each(oracle.cases.map(entry => [title(entry), entry] as const))('%s', (_, entry) => {
    const before = tf.memory().numTensors;
    const problem = new Problem();
    const optimizer = make(entry);
    let worst = 0;
    for (const [t, expected] of entry.weights.entries()) {
      problem.step(optimizer, t, entry.clip);
      for (const [i, value] of problem.read().entries()) {
        const reference = expected[i]!;
        worst = Math.max(worst, Math.abs(value - reference) / (1e-5 * Math.abs(reference) + 1e-6));
      }
    }
    // 1 is the whole tolerance: 1e-5 of the value, and 1e-6 where it passes through 0.
    expect(worst).toBeLessThan(1);
    expect(optimizer.iterations).toBe(entry.weights.length);
    optimizer.dispose();
    problem.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
