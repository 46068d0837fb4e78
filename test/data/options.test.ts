/** Misspelt options, and iterables that give batches. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {ConfigurationError} from '../../src/core';
import {Dataset} from '../../src/data';
import {Trainer} from '../../src/trainer';

beforeAll(async () => {
  await useBackend('cpu');
});

describe('an option that does not exist is refused by', () => {
  const data = Dataset.fromArrays([1, 2, 3, 4]);
  const misspelt = {dropRemaindre: true};
  it.each<[string, () => unknown, string]>([
    ['shuffle', () => data.shuffle(wrong({bufferSize: 2})), "'bufferSize'. It is called 'buffer' here."],
    [
      'shuffle of a number',
      () => data.shuffle(wrong(100)),
      'The options of shuffle() are an object, got number.',
    ],
    ['batch', () => data.batch(2, wrong(misspelt)), "'dropRemaindre'. Did you mean 'dropRemainder'?"],
    [
      'batch of a flag',
      () => data.batch(2, wrong(true)),
      'The options of batch() are an object, got boolean.',
    ],
    ['map', () => data.map(x => x, wrong({parallel: 2})), "Unknown option of map() 'parallel'."],
    [
      'split',
      () => data.split({fractions: [0.5, 0.5], ...wrong({stratfy: String})}),
      "Did you mean 'stratify'?",
    ],
    ['kFold', () => data.kFold(2, wrong({sede: 1})), "Did you mean 'seed'?"],
    ['fromIterable', () => Dataset.fromIterable(() => [1], wrong({sice: 1})), "Did you mean 'size'?"],
    ['iterate', () => data.iterate(wrong({epochs: 1})), "Did you mean 'epoch'?"],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(ConfigurationError);
    expect(call).toThrow(message);
  });
});

describe('an iterable of batches', () => {
  function* batches(): Generator<[tf.Tensor, tf.Tensor]> {
    for (const size of [4, 4, 2]) yield [tf.ones([size, 3]), tf.zeros([size, 1])];
  }

  it('says that it is batched, through every stage that keeps batches', () => {
    const data = Dataset.fromIterable(batches, {batched: true});
    expect(data.batched).toBe(true);
    expect(data.batchSize).toBeUndefined();
    expect(
      data
        .map(batch => batch)
        .take(2)
        .repeat(2)
        .prefetch(1).batched,
    ).toBe(true);
    expect(Dataset.zip([data, Dataset.fromArrays([1, 2]).batch(1)]).batched).toBe(true);
    expect(Dataset.zip([data, Dataset.fromArrays([1, 2])]).batched).toBe(false);
    expect(Dataset.fromIterable(batches).batched).toBe(false);
    expect(Dataset.fromArrays([1, 2]).batch(2).batched).toBe(true);
  });

  const model = (): layers.LayersModel =>
    layers.sequential({layers: [layers.layers.dense({units: 1, inputShape: [3]})]});
  const countBatches = (trained: number[]) => ({
    name: 'count',
    onTrainBatchEnd: ({batch}: {batch: number}) => void trained.push(batch),
  });

  it('is trained on as it comes, anew every epoch, and leaks nothing', async () => {
    const trained: number[] = [];
    const trainer = new Trainer(model(), {
      loss: 'meanSquaredError',
      optimizer: 'sgd',
      callbacks: [countBatches(trained)],
    });
    const before = tf.memory().numTensors;
    const data = Dataset.fromIterable(batches, {batched: true});
    const {history} = await trainer.fit(data, {epochs: 2, validation: data});
    expect(trained).toHaveLength(6);
    expect(history['val_loss']).toHaveLength(2);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('may be an object that starts anew by itself', async () => {
    const trained: number[] = [];
    const trainer = new Trainer(model(), {
      loss: 'meanSquaredError',
      optimizer: 'sgd',
      callbacks: [countBatches(trained)],
    });
    await trainer.fit({[Symbol.iterator]: batches}, {epochs: 2});
    expect(trained).toHaveLength(6);
  });

  it('that can be read only once is told how to be more', async () => {
    const trainer = new Trainer(model(), {loss: 'meanSquaredError', optimizer: 'sgd'});
    await expect(trainer.fit(batches(), {epochs: 2})).rejects.toThrow(
      'Dataset.fromIterable(() => …, {batched: true})',
    );
  });
});

/** Options as a program without types may give them. */
function wrong(options: unknown): object {
  return options as object;
}
