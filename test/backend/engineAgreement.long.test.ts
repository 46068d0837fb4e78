import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {Adam, Trainer, losses, useBackend, withSeed} from 'glassbox';
import {multiHeadAttention} from '../../bench/multiHeadAttention';
import {labels, workloads} from '../../bench/workloads';
import type {Workload} from '../../bench/workloads';

const STEPS = 50;
const TOLERANCE = 1e-4;
/** Smaller than in the benchmarks, for tfjs's kernels are slow; no multiple of any tile. */
const BATCH = 33;

describe('Training on the engine', () => {
  const expected = new Map<string, number[]>();

  beforeAll(async () => {
    await useBackend('wasm', {engine: false});
    for (const workload of workloads) expected.set(workload.name, await lossesOf(workload));
  });

  it.each(workloads)('gives the losses of tfjs’s kernels at each of 50 steps of $name', async workload => {
    await useBackend('wasm', {engine: true});
    const before = tf.memory().numTensors;

    const found = await lossesOf(workload);

    expect(tf.memory().numTensors).toBe(before);
    expect(found).toHaveLength(STEPS);
    const apart = expected
      .get(workload.name)!
      .map((loss, i) => Math.abs(found[i]! - loss) / Math.max(1, loss));
    expect(Math.max(...apart)).toBeLessThan(TOLERANCE);
    // Something was learnt, so that there was something to agree on.
    expect(found.at(-1)).toBeLessThan(0.9 * found[0]!);
  });
});

/** The loss of each step on one batch, from the same weights every time. */
async function lossesOf(workload: Workload): Promise<number[]> {
  const [x, y] = [workload.input(BATCH), labels(BATCH)];
  const model = withSeed(1, () => workload.build(1, multiHeadAttention));
  const trainer = new Trainer(model, {
    loss: new losses.SparseCategoricalCrossentropy({fromLogits: true}),
    optimizer: new Adam({learningRate: 1e-3}),
    seed: 1,
  });
  // An epoch is a step: its mean loss is the step's.
  const {history} = await trainer.fit([x, y], {epochs: STEPS, batchSize: BATCH, shuffle: false});
  trainer.dispose();
  model.dispose();
  tf.dispose([x, y]);
  return history['loss']!;
}
