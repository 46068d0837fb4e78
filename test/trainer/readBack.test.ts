/** What waits for the device: nothing in a step, so that a GPU is never idle while JavaScript looks at a number. */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
import {afterEach, beforeAll, describe, expect, it, vi} from 'vitest';
import {useBackend} from '../../src/backend';
import {
  EarlyStopping,
  ExponentialMovingAverage,
  GradientAccumulation,
  LearningRateScheduler,
  ReduceLROnPlateau,
  TerminateOnNaN,
} from '../../src/callbacks';
import {
  CalibrationError,
  CohenKappa,
  FScore,
  MatthewsCorrelation,
  PrAuc,
  RocAuc,
  TopKAccuracy,
} from '../../src/metrics';
import * as optimizers from '../../src/optimizers';
import type {Optimizer} from '../../src/optimizers';
import {cosine} from '../../src/schedules';
import {Trainer} from '../../src/trainer';
import type {TrainerOptions} from '../../src/trainer';
import {backendUnderTest} from '../backendUnderTest';
import {blobs, classifier} from './fixtures';

const BATCH = 8;
const [FEW, MANY] = [8, 56];

afterEach(() => vi.restoreAllMocks());

/** Who is asked for numbers: on GPUs the backend itself, which kernels ask too; elsewhere theirs are at hand. */
const device = (): Pick<KernelBackend, 'read' | 'readSync'> =>
  backendUnderTest.startsWith('webg') ? tf.backend() : tf.engine();

/** Whether a tensor's numbers are at hand: tfjs's GPU backends keep those of small tensors that they have not uploaded. */
function areAtHand(dataId: object): boolean {
  type Data = ReadonlyMap<object, {values?: unknown} | undefined>;
  const {texData, tensorMap} = tf.backend() as unknown as {texData?: Data; tensorMap?: Data};
  return (texData ?? tensorMap)?.get(dataId)?.values != null;
}

/** Tensors read from the device from now on, and how many of them a program waits for. */
function countReads(): {all: number; waiting: number} {
  const found = {all: 0, waiting: 0};
  const asked = device();
  for (const name of ['read', 'readSync'] as const) {
    const original = asked[name].bind(asked) as (dataId: object) => never;
    vi.spyOn(asked, name).mockImplementation(dataId => {
      if (!areAtHand(dataId)) {
        found.all++;
        if (name === 'readSync') found.waiting++;
      }
      return original(dataId);
    });
  }
  return found;
}

/** Tensors read while training for some steps. */
async function readsIn(
  steps: number,
  options: () => TrainerOptions,
): Promise<{all: number; waiting: number}> {
  const model = classifier();
  const {x, y} = blobs(steps * BATCH);
  const trainer = new Trainer(model, {loss: 'sparseCategoricalCrossentropy', seed: 1, ...options()});
  const found = countReads();
  await trainer.fit([x, y], {epochs: 1, batchSize: BATCH});
  vi.restoreAllMocks();
  model.dispose();
  return found;
}

/** Every optimizer with its defaults. */
const all: Record<string, new () => Optimizer> = {
  Adadelta: optimizers.Adadelta,
  Adafactor: optimizers.Adafactor,
  Adagrad: optimizers.Adagrad,
  Adam: optimizers.Adam,
  Adamax: optimizers.Adamax,
  AdamW: optimizers.AdamW,
  LAMB: optimizers.LAMB,
  Lion: optimizers.Lion,
  Nadam: optimizers.Nadam,
  RMSprop: optimizers.RMSprop,
  SGD: optimizers.SGD,
};

const ways: Record<string, () => TrainerOptions> = {
  ...Object.fromEntries(Object.entries(all).map(([name, Made]) => [name, () => ({optimizer: new Made()})])),
  'clipping and accumulation': () => ({clipNorm: 1, callbacks: [new GradientAccumulation({steps: 4})]}),
  metrics: () => ({
    metrics: [
      'accuracy',
      new TopKAccuracy({k: 2}),
      new FScore({average: 'macro'}),
      new CohenKappa(),
      new MatthewsCorrelation(),
      new CalibrationError(),
      new RocAuc({bins: 20}),
      new PrAuc({bins: 20}),
    ],
  }),
  callbacks: () => ({
    callbacks: [
      new EarlyStopping({monitor: 'loss', patience: 3}),
      new ReduceLROnPlateau({monitor: 'loss'}),
      new ExponentialMovingAverage(),
      new TerminateOnNaN({every: 25}),
      new LearningRateScheduler(cosine({initial: 0.01, steps: 1000})),
    ],
  }),
};

describe('a training step', () => {
  beforeAll(() => useBackend(backendUnderTest));

  it.each(Object.keys(ways))('reads nothing back: %s', async name => {
    const few = await readsIn(FEW, ways[name]!);
    const many = await readsIn(MANY, ways[name]!);
    // What is looked at now and then (TerminateOnNaN) is read, and what an epoch ends with.
    expect(many.all - few.all).toBeLessThan((MANY - FEW) / 8);
    expect(many.waiting).toBe(few.waiting);
  });
});

it('evaluation waits for nothing either, with penalties', async () => {
  await useBackend(backendUnderTest);
  const {x, y} = blobs(20);
  const model = classifier();
  const trainer = new Trainer(model, {loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], seed: 1});
  const found = countReads();
  const {loss} = await trainer.evaluate([x, y]);
  await trainer.fit([x, y], {epochs: 1, validation: [x, y]});
  expect(loss).toBeGreaterThan(0);
  expect(found.waiting).toBe(0);
  model.dispose();
});
