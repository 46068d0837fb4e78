import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {Adam, Trainer, losses, useBackend, withSeed} from 'glassbox';
import {multiHeadAttention} from '../../bench/multiHeadAttention';
import {labels, workloads} from '../../bench/workloads';
import type {Workload} from '../../bench/workloads';

const STEPS = 50;
/** Of losses, relative above 1. */
const TOLERANCE = 1e-4;
/** Smaller than in the benchmarks, for tfjs's kernels are slow; no multiple of any tile. */
const BATCH = 9;
/**
 * Float32 training of these amplifies a difference in the last place to one in the third within dozens of steps:
 * tfjs's own kernels part as far from themselves where the first weights differ by 10⁻⁷. They are compared in
 * windows, each from a common state.
 */
const CHAOTIC = ['case', 'resnet'];
const WINDOW = 5;

let withEngine: string;
let withoutEngine: string;

beforeAll(async () => {
  withoutEngine = (await useBackend('wasm', {engine: false})).tfjsName;
  withEngine = (await useBackend('wasm', {engine: true})).tfjsName;
});

describe('50 steps of training on the engine', () => {
  const isChaotic = ({name}: Workload): boolean => CHAOTIC.includes(name);

  it.each(workloads.filter(workload => !isChaotic(workload)))(
    'give the losses of tfjs’s kernels, left to themselves, of $name',
    async workload => {
      await agree(workload, STEPS);
    },
  );

  it.each(workloads.filter(isChaotic))(
    'give the losses of tfjs’s kernels, five from one state at a time, of $name',
    async workload => {
      await agree(workload, WINDOW);
    },
  );
});

/** Trains on both from the same state, which is made the same again after every `window` steps. */
async function agree(workload: Workload, window: number): Promise<void> {
  const before = tf.memory().numTensors;
  const [expected, found] = [new Training(workload), new Training(workload)];
  const expectedLosses: number[] = [];
  const foundLosses: number[] = [];
  for (let step = 0; step < STEPS; step += window) {
    if (step > 0) found.continueFrom(expected);
    await tf.setBackend(withoutEngine);
    expectedLosses.push(...(await expected.steps(window)));
    await tf.setBackend(withEngine);
    foundLosses.push(...(await found.steps(window)));
  }
  for (const training of [expected, found]) training.dispose();

  expect(tf.memory().numTensors).toBe(before);
  expect(foundLosses).toHaveLength(STEPS);
  const apart = expectedLosses.map((loss, i) => Math.abs(foundLosses[i]! - loss) / Math.max(1, loss));
  expect(Math.max(...apart)).toBeLessThan(TOLERANCE);
  // Something was learnt, so that there was something to agree on.
  expect(foundLosses.at(-1)).toBeLessThan(foundLosses[0]!);
}

/** A network in training on one batch, from the same weights every time. */
class Training {
  private readonly model: LayersModel;
  private readonly optimizer = new Adam({learningRate: 1e-3});
  private readonly data: [tf.Tensor, tf.Tensor];
  private readonly trainer: Trainer;

  constructor(workload: Workload) {
    this.data = [workload.input(BATCH), labels(BATCH)];
    this.model = withSeed(1, () => workload.build(1, multiHeadAttention));
    this.trainer = new Trainer(this.model, {
      loss: new losses.SparseCategoricalCrossentropy({fromLogits: true}),
      optimizer: this.optimizer,
      seed: 1,
    });
  }

  /** Takes over weights, statistics and the optimizer's slots. */
  continueFrom(other: Training): void {
    this.model.setWeights(other.model.getWeights());
    this.optimizer.setState(other.optimizer.getState());
  }

  /** The loss of each of so many steps: an epoch is one. */
  async steps(count: number): Promise<number[]> {
    const {history} = await this.trainer.fit(this.data, {
      epochs: count,
      batchSize: BATCH,
      shuffle: false,
    });
    return history['loss']!;
  }

  dispose(): void {
    this.trainer.dispose();
    this.model.dispose();
    tf.dispose(this.data);
  }
}
