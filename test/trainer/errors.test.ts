import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {MemoryStore} from '../../src/checkpoint';
import {CheckpointError, ConfigurationError, DataError, GlassboxError, ShapeError} from '../../src/core';
import {Dataset} from '../../src/data';
import {Adam, SGD} from '../../src/optimizers';
import {Trainer, loadWeights} from '../../src/trainer';
import type {FitOptions, TrainerOptions, TrainingData} from '../../src/trainer';
import {backendUnderTest} from '../backendUnderTest';
import {blobs, classifier, linear, normals, weightsOf} from './fixtures';

beforeAll(async () => {
  await useBackend(backendUnderTest);
});

const {x, y} = blobs(12);
const sparse: TrainerOptions = {loss: 'sparseCategoricalCrossentropy', seed: 1};

/** Expects `fit` to be refused with `kind` and words that name the thing, with weights and tensors untouched. */
async function refused(
  kind: new (...args: never[]) => GlassboxError,
  words: RegExp,
  data: () => TrainingData,
  options: FitOptions = {},
  trainerOptions: TrainerOptions = sparse,
): Promise<void> {
  const model = classifier();
  const before = await weightsOf(model);
  const given = data();
  const tensors = tf.memory().numTensors;
  const error: unknown = await new Trainer(model, trainerOptions).fit(given, {batchSize: 4, ...options}).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(kind);
  expect((error as GlassboxError).message).toMatch(words);
  expect((error as GlassboxError).hint).toBeTruthy();
  expect(await weightsOf(model)).toEqual(before);
  expect(tf.memory().numTensors).toBe(tensors);
  model.dispose();
}

describe('bad data is refused before any weight changes:', () => {
  it('inputs of another shape', () =>
    refused(ShapeError, /\[4,5\].*\[\?,4\]/, () => [normals(1, [12, 5]), y]));
  it('inputs and targets of different lengths', () => refused(DataError, /12|11/, () => [x, y.slice(1)]));
  it('a label out of range, anywhere in arrays', () =>
    refused(DataError, /3/, () => [x, Int32Array.of(...y.slice(1), 3)]));
  it('a label out of range in the first batch of a Dataset', () =>
    refused(
      DataError,
      /7/,
      () => Dataset.fromArrays([x, Int32Array.of(7, ...y.slice(1))]) as Dataset<unknown>,
      {shuffle: false},
    ));
  it('targets of a shape that the loss cannot take', () =>
    refused(GlassboxError, /target|shape/i, () => [x, normals(1, [12, 2])]));
  it('no targets', () => refused(DataError, /target/, () => [x]));
  it('an empty dataset', () =>
    refused(DataError, /empty/, () => Dataset.fromIterable(() => []) as Dataset<unknown>));
  it('empty arrays', () =>
    refused(DataError, /empty|no samples|0/, () => [
      {values: new Float32Array(0), shape: [0, 4]},
      new Int32Array(0),
    ]));
  it('NaN in the inputs, when asked to look', () =>
    refused(
      DataError,
      /NaN/,
      () => [{values: Float32Array.from(x.values, (v, i) => (i === 37 ? NaN : v)), shape: x.shape}, y],
      {},
      {...sparse, checkData: true},
    ));
  it('a batch that is no batch', () =>
    refused(
      DataError,
      /string/,
      () => Dataset.fromIterable(() => ['a', 'b']).map(() => 'text') as Dataset<unknown>,
    ));
  it('data of no known form', () => refused(DataError, /number/, () => 5 as unknown as TrainingData));
  it('sample weights of another length', () =>
    refused(GlassboxError, /5|12/, () => [x, y], {sampleWeight: new Float32Array(5)}));
  it('data without end and no bound', () =>
    refused(ConfigurationError, /no end/, () => Dataset.fromArrays([x, y]).repeat() as Dataset<unknown>));
  it('options that are no counts', async () => {
    await refused(ConfigurationError, /epochs is -1/, () => [x, y], {epochs: -1});
    await refused(ConfigurationError, /batchSize is 0/, () => [x, y], {batchSize: 0});
    await refused(ConfigurationError, /initialEpoch is 0.5/, () => [x, y], {initialEpoch: 0.5});
    const shuffled = (): Dataset<unknown> => Dataset.fromArrays([x, y]).shuffle();
    await refused(ConfigurationError, /shuffled/, shuffled, {validationSplit: 0.5});
    await refused(ConfigurationError, /validationSplit is 1.5/, () => [x, y], {validationSplit: 1.5});
    await refused(ConfigurationError, /class 'a'/, () => [x, y], {
      classWeight: {a: 2} as unknown as Record<number, number>,
    });
  });
});

describe('a trainer that cannot mean anything is refused when it is made:', () => {
  const refusedTrainer = (words: RegExp, options: TrainerOptions, model = classifier()): void => {
    expect(() => new Trainer(model, options)).toThrow(GlassboxError);
    expect(() => new Trainer(model, options)).toThrow(words);
  };

  it('unknown names, with the nearest that is known', () => {
    refusedTrainer(/meanSquaredError/, {loss: 'meanSquaredErorr'});
    refusedTrainer(/Did you mean 'adam'/, {...sparse, optimizer: 'adma'});
    refusedTrainer(/accuracy/, {...sparse, metrics: ['acuracy']});
    refusedTrainer(/output/, {loss: {nowhere: 'mse'}});
  });

  it('no loss', () => refusedTrainer(/loss/, {}));
  it('a loss that does not suit the output', () => {
    refusedTrainer(/sparse|unit|class/i, {loss: 'sparseCategoricalCrossentropy'}, linear([[1]]));
  });
  it('two callbacks of one stateKey, or state without a key', () => {
    const keyed = {stateKey: 'a', getState: () => 1};
    refusedTrainer(/stateKey 'a'/, {...sparse, callbacks: [keyed, {...keyed}]});
    refusedTrainer(/no stateKey/, {...sparse, callbacks: [{getState: () => 1}]});
  });
  it('clipping by nothing', () => refusedTrainer(/clipNorm is 0/, {...sparse, clipNorm: 0}));
  it('several models without steps', () => {
    expect(() => new Trainer({a: linear([[1]]), b: linear([[1]])}, {})).toThrow(ConfigurationError);
  });
  it('something that is no model', () => {
    expect(() => new Trainer({}, sparse)).toThrow(ConfigurationError);
    expect(() => new Trainer(layers.sequential(), sparse)).toThrow(/not built/);
  });
  it('a group that matches nothing, or freezes everything', async () => {
    await refused(
      ConfigurationError,
      /group 0/,
      () => [x, y],
      {},
      {...sparse, parameterGroups: [{layers: 'nowhere'}]},
    );
    await refused(
      ConfigurationError,
      /frozen/,
      () => [x, y],
      {},
      {...sparse, parameterGroups: [{layers: /./, frozen: true}]},
    );
  });
});

describe('a checkpoint', () => {
  async function checkpointOf(options: TrainerOptions = sparse): Promise<Uint8Array> {
    let bytes: Uint8Array | undefined;
    const model = classifier();
    const callbacks = [
      {
        onEpochEnd: async (context: {checkpoint(): Promise<Uint8Array>}) =>
          void (bytes = await context.checkpoint()),
      },
    ];
    await new Trainer(model, {...options, callbacks}).fit([x, y], {batchSize: 4});
    model.dispose();
    return bytes!;
  }

  it('of another model is refused', async () => {
    const bytes = await checkpointOf();
    const model = linear([[1], [2], [3], [4]]);
    const before = await weightsOf(model);
    const tensors = tf.memory().numTensors;
    const resumed = new Trainer(model, {loss: 'mse'}).fit([x, normals(1, [12, 1])], {resumeFrom: bytes});
    await expect(resumed).rejects.toThrow(CheckpointError);
    await expect(resumed).rejects.toThrow(/another model.*0\/kernel/);
    expect(await weightsOf(model)).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('gives its weights and statistics to a model without a trainer', async () => {
    const model = classifier(7);
    const bytes = await checkpointOf();
    const trained = classifier(1);
    await new Trainer(trained, sparse).fit([x, y], {batchSize: 4});
    const tensors = tf.memory().numTensors;
    loadWeights(model, bytes);
    expect(await weightsOf(model)).toEqual(await weightsOf(trained));
    const other = linear([[1]]);
    expect(() => loadWeights(other, bytes)).toThrow(/another model/);
    expect(() => loadWeights(other, bytes.slice(0, 50))).toThrow(CheckpointError);
    expect(() => loadWeights(other, undefined)).toThrow(CheckpointError);
    expect(await weightsOf(other)).toEqual({'0/kernel': [1]});
    expect(tf.memory().numTensors - tensors).toBe(1);
  });

  it('of another optimizer is refused', async () => {
    const bytes = await checkpointOf({...sparse, optimizer: new SGD({learningRate: 0.1})});
    await refused(
      CheckpointError,
      /'sgd'.*'adam'/,
      () => [x, y],
      {resumeFrom: bytes},
      {...sparse, optimizer: new Adam()},
    );
  });

  it('that is cut off, damaged or something else is refused', async () => {
    const bytes = await checkpointOf();
    for (const at of [0, 7, 100, Math.floor(bytes.length / 2), bytes.length - 1]) {
      await refused(CheckpointError, /./, () => [x, y], {resumeFrom: bytes.slice(0, at)});
    }
    const flipped = bytes.slice();
    flipped[flipped.length - 40]! ^= 1;
    await refused(CheckpointError, /checksum|damaged/i, () => [x, y], {resumeFrom: flipped});
  });

  it('that is not there is refused with the names that are', async () => {
    const store = new MemoryStore();
    await store.write('best', new Uint8Array(1));
    await refused(CheckpointError, /'last'.*best/, () => [x, y], {resumeFrom: {store, name: 'last'}});
  });

  it('from the middle of an epoch is refused with another batch size', async () => {
    let bytes: Uint8Array | undefined;
    const callbacks = [
      {
        onTrainBatchEnd: async (context: {checkpoint(): Promise<Uint8Array>}) =>
          void (bytes ??= await context.checkpoint()),
      },
    ];
    await new Trainer(classifier(), {...sparse, callbacks}).fit([x, y], {batchSize: 4});
    await refused(CheckpointError, /4×3.*3×4/, () => [x, y], {resumeFrom: bytes!, batchSize: 3});
  });
});

describe('a busy trainer', () => {
  it('refuses a second fit, and goes on with the first', async () => {
    const trainer = new Trainer(classifier(), sparse);
    const first = trainer.fit([x, y], {epochs: 2});
    await expect(trainer.fit([x, y])).rejects.toThrow(/training already/);
    expect((await first).epochs).toBe(2);
  });
});
