import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {
  EarlyStopping,
  ExponentialMovingAverage,
  GradientAccumulation,
  ReduceLROnPlateau,
  StochasticWeightAveraging,
} from '../../src/callbacks';
import {MemoryStore} from '../../src/checkpoint';
import {CheckpointError, withSeed} from '../../src/core';
import {Dataset} from '../../src/data';
import {Adam, SGD} from '../../src/optimizers';
import type {Optimizer} from '../../src/optimizers';
import {cosine, oneCycle, oneCycleMomentum} from '../../src/schedules';
import {Trainer} from '../../src/trainer';
import type {Callback, FitOptions, FitResult, TrainingData} from '../../src/trainer';
import {backendUnderTest} from '../backendUnderTest';
import {blobs, classifier, weightsOf} from './fixtures';
import {valuesOf} from '../valuesOf';

const {x, y} = blobs(34);
const validation = (() => {
  const data = blobs(16, 2);
  return [data.x, data.y] as const;
})();

interface Outcome {
  weights: Record<string, number[]>;
  result: FitResult;
}

interface Ingredients {
  optimizer: () => Optimizer;
  callbacks: () => Callback[];
  data?: () => TrainingData;
  options?: FitOptions;
  weightSeed?: number;
}

/** Trains 3 epochs of 5 batches (the last one short), by accumulation windows of 2. */
async function train(
  {optimizer, callbacks, data = () => [x, y], options = {}}: Ingredients,
  extra: {callbacks?: Callback[]; options?: FitOptions; seed?: number; weightSeed?: number} = {},
): Promise<Outcome> {
  const model = classifier(extra.weightSeed ?? 1);
  const trainer = new Trainer(model, {
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy', 'auc'].slice(0, 1),
    optimizer: optimizer(),
    callbacks: [...callbacks(), ...(extra.callbacks ?? [])],
    clipNorm: 1,
    seed: extra.seed ?? 11,
  });
  const result = await trainer.fit(data(), {
    epochs: 3,
    batchSize: 7,
    validation,
    ...options,
    ...extra.options,
  });
  const weights = await weightsOf(model);
  trainer.dispose();
  model.dispose();
  return {weights, result};
}

/** Keeps the checkpoint after every batch. */
class EveryBatch implements Callback {
  readonly order = 1000;
  readonly checkpoints: Uint8Array[] = [];
  async onTrainBatchEnd(context: {checkpoint(): Promise<Uint8Array>}): Promise<void> {
    this.checkpoints.push(await context.checkpoint());
  }
}

const everything: Ingredients = {
  optimizer: () =>
    new SGD({
      learningRate: oneCycle({peak: 0.1, steps: 9}),
      momentum: oneCycleMomentum({steps: 9}),
      nesterov: true,
    }),
  callbacks: () => [
    new GradientAccumulation({steps: 2}),
    new ExponentialMovingAverage({decay: 0.9}),
    new EarlyStopping({monitor: 'val_loss', patience: 2, restoreBest: true}),
    new ReduceLROnPlateau({monitor: 'val_loss', patience: 1, factor: 0.5}),
  ],
};

beforeAll(async () => {
  await useBackend(backendUnderTest);
});

describe('a run that is resumed', () => {
  it('ends bit for bit as the uninterrupted one, whichever batch it was interrupted after', async () => {
    const recorder = new EveryBatch();
    const whole = await train(everything, {callbacks: [recorder]});
    expect(recorder.checkpoints).toHaveLength(15);
    for (const bytes of recorder.checkpoints) {
      const resumed = await train(everything, {options: {resumeFrom: bytes}, seed: 99, weightSeed: 5});
      expect(resumed).toEqual(whole);
    }
  });

  it('does so with Adam, a cosine schedule and averaged weights whose statistics are recomputed', async () => {
    const ingredients: Ingredients = {
      optimizer: () => new Adam({learningRate: cosine({initial: 0.05, steps: 15}), amsgrad: true}),
      callbacks: () => [new StochasticWeightAveraging({startEpoch: 1})],
    };
    const recorder = new EveryBatch();
    const whole = await train(ingredients, {callbacks: [recorder]});
    for (const at of [0, 4, 7, 9, 13]) {
      const resumed = await train(ingredients, {
        options: {resumeFrom: recorder.checkpoints[at]!},
        weightSeed: 5,
      });
      expect(resumed).toEqual(whole);
    }
  });

  it('goes on from a checkpoint at the end of an epoch with the next one', async () => {
    const store = new MemoryStore();
    const keeper: Callback = {
      order: 1000,
      async onEpochEnd(context) {
        await store.write(`epoch-${context.epoch}`, await context.checkpoint());
      },
    };
    const whole = await train(everything, {callbacks: [keeper]});
    for (const name of ['epoch-0', 'epoch-1', 'epoch-2']) {
      const begun: number[] = [];
      const watcher: Callback = {onEpochBegin: ({epoch}) => void begun.push(epoch)};
      const resumed = await train(everything, {callbacks: [watcher], options: {resumeFrom: {store, name}}});
      expect(resumed).toEqual(whole);
      expect(begun).toEqual([0, 1, 2].slice(Number(name.at(-1)) + 1));
    }
  });

  it('goes on in the middle of endless data that runs over epochs', async () => {
    const ingredients: Ingredients = {
      optimizer: () => new SGD({learningRate: 0.05, momentum: 0.9}),
      callbacks: () => [],
      data: () => Dataset.fromArrays([x, y]).shuffle().repeat().batch(5),
      options: {stepsPerEpoch: 4},
    };
    const recorder = new EveryBatch();
    const whole = await train(ingredients, {callbacks: [recorder]});
    for (const bytes of [recorder.checkpoints[2]!, recorder.checkpoints[7]!, recorder.checkpoints[10]!]) {
      expect(await train(ingredients, {options: {resumeFrom: bytes}})).toEqual(whole);
    }
  });

  it('goes on in the middle of arrays that are shorter than an epoch', async () => {
    const ingredients: Ingredients = {
      optimizer: () => new SGD({learningRate: 0.05}),
      callbacks: () => [],
      options: {stepsPerEpoch: 7},
    };
    const recorder = new EveryBatch();
    const whole = await train(ingredients, {callbacks: [recorder]});
    for (const bytes of [recorder.checkpoints[5]!, recorder.checkpoints[9]!, recorder.checkpoints[17]!]) {
      expect(await train(ingredients, {options: {resumeFrom: bytes}})).toEqual(whole);
    }
  });

  it('continues an iterable that says where it stands', async () => {
    const batches = (): TrainingData => new CountingBatches();
    const ingredients: Ingredients = {
      optimizer: () => new SGD({learningRate: 0.05}),
      callbacks: () => [],
      data: batches,
    };
    const recorder = new EveryBatch();
    const whole = await train(ingredients, {callbacks: [recorder]});
    expect(await train(ingredients, {options: {resumeFrom: recorder.checkpoints[6]!}})).toEqual(whole);
  });

  it('is refused in the middle of an epoch where the data cannot say where it stands, before anything changes', async () => {
    const recorder = new EveryBatch();
    await train(everything, {callbacks: [recorder]});
    function* generator(): Generator<[tf.Tensor, tf.Tensor]> {
      yield [tf.zeros([2, 4]), tf.zeros([2])];
    }
    const model = classifier(7);
    const before = await weightsOf(model);
    const tensors = tf.memory().numTensors;
    const trainer = new Trainer(model, {
      loss: 'sparseCategoricalCrossentropy',
      optimizer: everything.optimizer(),
    });
    await expect(trainer.fit(generator(), {epochs: 3, resumeFrom: recorder.checkpoints[6]!})).rejects.toThrow(
      CheckpointError,
    );
    expect(await weightsOf(model)).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

describe.skipIf(backendUnderTest !== 'wasm')('a model with a fused LSTM on the engine', () => {
  const steps = {values: x.values, shape: [x.shape[0]!, 2, 2]};
  const makeModel = (seed: number) =>
    withSeed(seed, () =>
      layers.sequential({
        layers: [
          layers.layers.lstm({units: 5, inputShape: [2, 2], recurrentInitializer: 'glorotUniform'}),
          layers.layers.dense({units: 3, activation: 'softmax'}),
        ],
      }),
    );

  async function trainLstm(seed: number, callbacks: Callback[], options: FitOptions = {}): Promise<Outcome> {
    const model = makeModel(seed);
    const trainer = new Trainer(model, {
      ...{loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], clipNorm: 1, seed: 11},
      optimizer: new Adam({learningRate: 0.02}),
      callbacks: [new GradientAccumulation({steps: 2}), ...callbacks],
    });
    const result = await trainer.fit([steps, y], {epochs: 2, batchSize: 7, ...options});
    const outcome = {weights: await weightsOf(model), result};
    trainer.dispose();
    model.dispose();
    return outcome;
  }

  it('ends bit for bit as the uninterrupted run, from any batch, also on another number of threads', async () => {
    await useBackend('wasm', {engine: true});
    const recorder = new EveryBatch();
    const {kernelNames} = await tf.profile(() =>
      tf.tidy(() => void makeModel(1).predict(tf.ones([1, 2, 2]))),
    );
    expect(kernelNames).toContain('GlassboxLSTM');
    const whole = await trainLstm(1, [recorder]);
    expect(recorder.checkpoints).toHaveLength(10);
    for (const bytes of recorder.checkpoints)
      expect(await trainLstm(5, [], {resumeFrom: bytes})).toEqual(whole);
    await useBackend('wasm', {threads: 1});
    expect(await trainLstm(5, [], {resumeFrom: recorder.checkpoints[6]!})).toEqual(whole);
    await useBackend('wasm');
  });

  it('is saved and loaded with the same predictions, bit for bit, and trains on alike', async () => {
    const model = makeModel(2);
    await new Trainer(model, {loss: 'sparseCategoricalCrossentropy', optimizer: 'adam'}).fit([steps, y]);
    const holder: {artifacts?: tf.io.ModelArtifacts} = {};
    await model.save(
      tf.io.withSaveHandler(async artifacts => {
        holder.artifacts = artifacts;
        return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
      }),
    );
    const loaded = await layers.loadLayersModel(tf.io.fromMemory(holder.artifacts!));
    const input = tf.tensor3d([...steps.values], [34, 2, 2]);
    const predict = (from: layers.LayersModel) => valuesOf(() => from.predict(input) as tf.Tensor);
    expect(await predict(loaded)).toEqual(await predict(model));
    for (const each of [model, loaded])
      await new Trainer(each, {loss: 'sparseCategoricalCrossentropy', seed: 3}).fit([steps, y]);
    expect(await predict(loaded)).toEqual(await predict(model));
  });
});

/** Batches 0 … 4 of the blobs, resumable by their number. */
class CountingBatches implements Iterable<[tf.Tensor, tf.Tensor]> {
  private next = 0;

  *[Symbol.iterator](): Generator<[tf.Tensor, tf.Tensor]> {
    while (this.next < 5) {
      const start = this.next++ * 6;
      yield [
        tf.tensor2d(x.values.slice(start * 4, (start + 6) * 4), [6, 4]),
        tf.tensor1d(y.slice(start, start + 6), 'int32'),
      ];
    }
    this.next = 0;
  }

  getState(): number {
    return this.next;
  }

  setState(state: unknown): void {
    this.next = state as number;
  }
}
