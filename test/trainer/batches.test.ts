import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {ConfigurationError, DataError, type GlassboxError, ShapeError} from '../../src/core';
import {ModelGraph} from '../../src/graph';
import {Trainer} from '../../src/trainer';
import type {Batch} from '../../src/trainer';
import {disposeBatch, prepareBatch} from '../../src/trainer/batches';
import type {BatchPorts} from '../../src/trainer/batches';
import {ClassWeights} from '../../src/trainer/classWeights';
import type {FitOptions} from '../../src/trainer/options';
import {backendUnderTest} from '../backendUnderTest';
import {classifier, linear, sequenceClassifier, twoHeads} from './fixtures';

beforeAll(async () => {
  await useBackend(backendUnderTest);
});

let tensors = 0;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});

/** What `use` makes of the ports of a model, which is gone afterwards. */
async function withPorts<T>(model: LayersModel, use: (ports: BatchPorts) => T | Promise<T>): Promise<T> {
  const {inputs, outputs} = ModelGraph.of(model);
  try {
    return await use({inputs, outputs});
  } finally {
    model.dispose();
  }
}

/** Expects the batch to be refused, and all of its tensors to be gone. */
function refused(
  kind: new (...args: never[]) => GlassboxError,
  words: RegExp,
  model: LayersModel,
  element: () => unknown,
): Promise<void> {
  return withPorts(model, ports => {
    let error: unknown;
    const given = element();
    try {
      disposeBatch(prepareBatch(given, ports));
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(kind);
    expect((error as GlassboxError).message).toMatch(words);
    expect((error as GlassboxError).hint).toBeTruthy();
  });
}

const x = (samples = 2): tf.Tensor => tf.zeros([samples, 4]);
const y = (samples = 2): tf.Tensor => tf.zeros([samples, 1]);

describe('a batch is refused, and nothing of it is left, for', () => {
  it("fit's spelling of sample weights, with the batch's own named", () =>
    refused(
      ConfigurationError,
      /'sampleWeight'.*Did you mean 'sampleWeights'/,
      linear([[1], [1], [1], [1]]),
      () => ({
        xs: x(),
        ys: y(),
        sampleWeight: tf.ones([2]),
      }),
    ));
  it('any other entry that a batch has not', () =>
    refused(ConfigurationError, /'mask'.*sampleWeights, xs, ys/, linear([[1], [1], [1], [1]]), () => ({
      xs: x(),
      ys: y(),
      mask: tf.ones([2]),
    })));
  it('sample weights of an output that the model has not', () =>
    refused(DataError, /sample weight 'nope'.*a, b/, twoHeads(), () => ({
      xs: x(),
      ys: [y(), y()],
      sampleWeights: {nope: tf.ones([2])},
    })));
  it('sample weights without targets', () =>
    refused(DataError, /sample weights but no targets/, linear([[1], [1], [1], [1]]), () => ({
      xs: x(),
      sampleWeights: tf.ones([2]),
    })));
  it('one sample weight of another length for two outputs', () =>
    refused(ShapeError, /2 and 5 samples/, twoHeads(), () => [x(), [y(), y()], tf.ones([5])]));
});

describe('sample weights', () => {
  it('given once go to every output', () =>
    withPorts(twoHeads(), async ports => {
      const batch = prepareBatch([x(), [y(), y()], tf.tensor1d([1, 2])], ports);
      expect(await Promise.all(batch.sampleWeights.map(async weight => [...(await weight!.data())]))).toEqual(
        [
          [1, 2],
          [1, 2],
        ],
      );
      disposeBatch(batch);
    }));
  it('given by name leave the other outputs without', () =>
    withPorts(twoHeads(), async ports => {
      const batch = prepareBatch({xs: x(), ys: [y(), y()], sampleWeights: {b: tf.tensor1d([1, 2])}}, ports);
      expect(batch.sampleWeights[0]).toBeUndefined();
      expect([...(await batch.sampleWeights[1]!.data())]).toEqual([1, 2]);
      disposeBatch(batch);
    }));
});

describe('one tensor in two places of a batch', () => {
  it('is input and target of an autoencoder, also where the input is cast', () =>
    withPorts(linear([[1]]), async ports => {
      const numbers = tf.tensor2d([[1], [2]], [2, 1], 'int32');
      const batch = prepareBatch([numbers, numbers], ports);
      expect(batch.xs[0]!.dtype).toBe('float32');
      expect([...(await batch.xs[0]!.data())]).toEqual([1, 2]);
      expect([...(await batch.ys[0]!.data())]).toEqual([1, 2]);
      disposeBatch(batch);
    }));
  it('is the target of two outputs, and their weight', () =>
    withPorts(twoHeads(), async ports => {
      const shared = tf.tensor2d([[1], [2]]);
      const batch = prepareBatch([x(), [shared, shared], shared], ports);
      batch.ys[0]!.dispose();
      expect([...(await batch.ys[1]!.data())]).toEqual([1, 2]);
      batch.ys[1]!.dispose();
      expect(await Promise.all(batch.sampleWeights.map(async weight => [...(await weight!.data())]))).toEqual(
        [
          [1, 2],
          [1, 2],
        ],
      );
      disposeBatch(batch);
    }));
  it('trains', async () => {
    // (0.5·x − x)² over 1 and 2: (0.25 + 1) / 2
    const model = linear([[0.5]]);
    const numbers = tf.tensor2d([[1], [2]], [2, 1], 'int32');
    const batches: Iterable<Batch> = [[numbers, numbers] as const].values();
    const trainer = new Trainer(model, {loss: 'meanSquaredError'});
    const {history} = await trainer.fit(batches, {epochs: 1});
    expect(history['loss']![0]).toBeCloseTo(0.625, 6);
    trainer.dispose();
    model.dispose();
  });
});

describe('class weights', () => {
  type Given = NonNullable<FitOptions['classWeight']>;
  /** The weights that a batch of `labels` (and sample weights) gets. */
  function weighed(
    model: LayersModel,
    given: Given,
    labels: tf.Tensor,
    sampleWeight?: tf.Tensor,
  ): Promise<unknown> {
    return withPorts(model, async ({outputs}) => {
      const batch = {xs: [], ys: [labels], sampleWeights: [sampleWeight], size: labels.shape[0]};
      try {
        const classed = new ClassWeights(given, outputs).apply(batch, outputs);
        const values = await classed.sampleWeights[0]!.array();
        disposeBatch(classed);
        return values;
      } finally {
        disposeBatch(batch);
      }
    });
  }

  it('count 1 for classes that are not named: between, above, and below, as padding is', async () => {
    // 3 is above the largest class named, −1 is no class.
    const labels = tf.tensor1d([0, 1, 2, 3, -1, -100], 'int32');
    const given = {0: 5, 2: 7};
    expect(await weighed(classifier(), given, labels)).toEqual([5, 1, 7, 1, 1, 1]);
  });
  it('are looked up by float labels, columns and one-hot rows alike', async () => {
    const given = {0: 5, 2: 7};
    expect(await weighed(classifier(), given, tf.tensor1d([0, 1, 2]))).toEqual([5, 1, 7]);
    expect(await weighed(classifier(), given, tf.tensor2d([[0], [1], [2]]))).toEqual([5, 1, 7]);
    const rows = tf.tensor2d([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(await weighed(classifier(), given, rows)).toEqual([5, 1, 7]);
  });
  it('keep 1 for all where no class is named', async () => {
    expect(await weighed(classifier(), {}, tf.tensor1d([0, 2, -1]))).toEqual([1, 1, 1]);
  });
  it('multiply sample weights of shape [b] and [b, 1] for one label a sample', async () => {
    for (const shape of [[3], [3, 1]]) {
      const weights = tf.tensor([1, 10, 100], shape);
      expect(await weighed(classifier(), {0: 2, 1: 3}, tf.tensor1d([0, 1, 2]), weights)).toEqual([
        2, 30, 100,
      ]);
    }
  });

  // Labels [[0, 1], [2, 0]] weigh [[2, 3], [1, 2]].
  const labels = (): tf.Tensor =>
    tf.tensor2d(
      [
        [0, 1],
        [2, 0],
      ],
      [2, 2],
      'int32',
    );
  const given = {0: 2, 1: 3};

  it('multiply one weight a sample over all its time steps, also with as many samples as steps', async () => {
    for (const shape of [[2], [2, 1], [2, 1, 1]]) {
      const classed = await weighed(sequenceClassifier(2), given, labels(), tf.tensor([1, 10], shape));
      expect(classed).toEqual([
        [2, 3],
        [10, 20],
      ]);
    }
    const three = tf.tensor2d([0, 1, 2, 0, 1, 1], [3, 2], 'int32');
    expect(await weighed(sequenceClassifier(2), given, three, tf.tensor1d([1, 10, 100]))).toEqual([
      [2, 3],
      [10, 20],
      [300, 300],
    ]);
  });
  it('multiply weights by time step', async () => {
    for (const shape of [
      [2, 2],
      [2, 2, 1],
    ]) {
      const classed = await weighed(sequenceClassifier(2), given, labels(), tf.tensor([1, 2, 3, 4], shape));
      expect(classed).toEqual([
        [2, 6],
        [3, 8],
      ]);
    }
  });
  it('refuse sample weights that do not fit, and leave nothing', async () => {
    await expect(weighed(classifier(), given, tf.tensor1d([0, 1]), tf.ones([2, 5]))).rejects.toThrow(
      ShapeError,
    );
  });
  it('make the loss of a sequence Σ classWeight·sampleWeight·value over the number of steps', async () => {
    // Every step has the loss ln 3, and the weights add up to 2 + 3 + 10 + 20.
    const model = sequenceClassifier(2);
    const trainer = new Trainer(model, {loss: 'sparseCategoricalCrossentropy'});
    const batch: Batch = [tf.zeros([2, 2, 4]), labels(), tf.tensor1d([1, 10])];
    const {history} = await trainer.fit([batch].values(), {classWeight: given});
    expect(history['loss']![0]).toBeCloseTo((35 * Math.log(3)) / 4, 5);
    trainer.dispose();
    model.dispose();
  });
  it('are refused for an output that has a number instead of a record', async () => {
    await withPorts(twoHeads(), ({outputs}) => {
      const mixed = {a: {0: 2}, b: 3} as unknown as Given;
      expect(() => new ClassWeights(mixed, outputs)).toThrow(ConfigurationError);
      expect(() => new ClassWeights(mixed, outputs)).toThrow(/'b'/);
    });
  });
});

describe('without class weights, sample weights of shape [b, 1]', () => {
  it('weigh a sample over all its time steps', async () => {
    // Every step has the loss ln 3, and the weights add up to 1 + 1 + 10 + 10.
    const model = sequenceClassifier(2);
    const trainer = new Trainer(model, {loss: 'sparseCategoricalCrossentropy'});
    const batch: Batch = [tf.zeros([2, 2, 4]), tf.zeros([2, 2], 'int32'), tf.tensor2d([[1], [10]])];
    const {history} = await trainer.fit([batch].values());
    expect(history['loss']![0]).toBeCloseTo((22 * Math.log(3)) / 4, 5);
    trainer.dispose();
    model.dispose();
  });
});
