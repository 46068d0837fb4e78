/** How data, windows, evaluation and ends fit together in a run. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {EarlyStopping, GradientAccumulation} from '../../src/callbacks';
import {ConfigurationError, DataError} from '../../src/core';
import {Dataset} from '../../src/data';
import {MeanAbsoluteError} from '../../src/metrics';
import {SGD} from '../../src/optimizers';
import {Trainer} from '../../src/trainer';
import type {Batch, Callback, FitOptions, TrainerOptions} from '../../src/trainer';
import {backendUnderTest} from '../backendUnderTest';
import {blobs, classifier, linear, weightsOf} from './fixtures';

beforeAll(async () => {
  await useBackend(backendUnderTest);
});

const {x, y} = blobs(12);
const sparse: TrainerOptions = {loss: 'sparseCategoricalCrossentropy', seed: 1};
const still = (): SGD => new SGD({learningRate: 0});

describe('windows', () => {
  it('run on over the end of data that starts again within an epoch', async () => {
    const sizes: number[] = [];
    const callbacks: Callback[] = [
      new GradientAccumulation({steps: 4}),
      {onMicroBatchEnd: ({window}) => void (window.closing && sizes.push(window.size))},
    ];
    await new Trainer(classifier(), {...sparse, callbacks}).fit([x, y], {batchSize: 4, stepsPerEpoch: 10});
    expect(sizes).toEqual([4, 4, 2]);
  });

  it('take gradients of two masked outputs though the path of the first is frozen', async () => {
    const input = layers.input({shape: [3]});
    const embed = (name: string): layers.SymbolicTensor =>
      layers.layers
        .embedding({inputDim: 4, outputDim: 2, maskZero: true, name})
        .apply(input) as layers.SymbolicTensor;
    const head = (name: string, from: layers.SymbolicTensor): layers.SymbolicTensor =>
      layers.layers.dense({units: 1, name}).apply(from) as layers.SymbolicTensor;
    const model = layers.model({
      inputs: input,
      outputs: [head('one', embed('first')), head('two', embed('second'))],
    });
    const trainer = new Trainer(model, {
      loss: 'mse',
      callbacks: [new GradientAccumulation({steps: 2})],
      parameterGroups: [{layers: ['first', 'one'], frozen: true}],
    });
    const tokens = tf.tensor2d([
      [1, 2, 0],
      [3, 0, 0],
      [1, 1, 1],
      [2, 2, 0],
    ]);
    const {steps} = await trainer.fit([tokens, [tf.zeros([4, 3, 1]), tf.ones([4, 3, 1])]], {batchSize: 2});
    expect(steps).toBe(1);
  });
});

describe('evaluations', () => {
  const data = (offset: number): [tf.Tensor, tf.Tensor] => [
    tf.tensor2d([[1], [2]]),
    tf.tensor2d([[1 + offset], [2 + offset]]),
  ];

  it('may overlap: each counts its own metrics', async () => {
    const trainer = new Trainer(linear([[1]]), {loss: 'mse', metrics: ['mae'], optimizer: still()});
    const [a, b] = await Promise.all([
      trainer.evaluate(data(1), {batchSize: 1}),
      trainer.evaluate(data(5), {batchSize: 1}),
    ]);
    expect([a['mae'], b['mae']]).toEqual([1, 5]);
  });

  it('beside a running fit leave its metrics alone', async () => {
    const trainer = new Trainer(linear([[1]]), {loss: 'mse', metrics: ['mae'], optimizer: still()});
    const training = trainer.fit(data(5), {batchSize: 1, epochs: 20});
    const logs = await Promise.all(Array.from({length: 10}, () => trainer.evaluate(data(1), {batchSize: 1})));
    for (const {mae} of logs) expect(mae).toBe(1);
    expect(new Set((await training).history['mae'])).toEqual(new Set([5]));
  });

  it('inside a hook with a Metric object put its counts back', async () => {
    const trainer = new Trainer(linear([[1]]), {
      loss: 'mse',
      metrics: [new MeanAbsoluteError()],
      optimizer: still(),
      callbacks: [{onTrainBatchEnd: async () => void (await trainer.evaluate(data(1)))}],
    });
    const {history} = await trainer.fit(data(5), {batchSize: 1});
    expect(Object.values(history).at(-1)).toEqual([5]);
  });
});

describe('validation data', () => {
  it('is looked at before training, where it can be read again', async () => {
    const wrong: [FitOptions, RegExp][] = [
      [{validation: [tf.zeros([2, 5]), tf.zeros([2])]}, /\[2,5\]/],
      [{validation: Dataset.fromArrays([x]) as Dataset<unknown>}, /target/],
      [{validation: Dataset.fromIterable(() => []) as Dataset<unknown>}, /empty/],
    ];
    for (const [options, words] of wrong) {
      const model = classifier();
      const before = await weightsOf(model);
      await expect(new Trainer(model, sparse).fit([x, y], options)).rejects.toThrow(words);
      expect(await weightsOf(model)).toEqual(before);
    }
  });
});

describe('ends', () => {
  it('come at an abort though the data never answers', async () => {
    let asked = 0;
    const waiting: AsyncIterable<Batch> = {
      async *[Symbol.asyncIterator]() {
        yield [tf.zeros([2, 4]), tf.tensor1d([0, 1], 'int32')];
        asked++;
        await new Promise(() => undefined);
      },
    };
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 50);
    const trainer = new Trainer(classifier(), sparse);
    const before = tf.memory().numTensors;
    await expect(trainer.fit(waiting, {signal: controller.signal})).rejects.toThrow('enough');
    expect(asked).toBe(1);
    // The batch in hand waited for the one that never came.
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(2);
  });

  it('come at once when stop is called right after fit', async () => {
    const trainer = new Trainer(classifier(), sparse);
    const training = trainer.fit([x, y], {epochs: 4});
    trainer.stop();
    expect(await training).toMatchObject({epochs: 0, stopReason: 'stopped'});
  });

  it('leave no numbers of an epoch that was stopped before its first batch', async () => {
    const callbacks: Callback[] = [
      {onEpochBegin: ({epoch, stop}) => (epoch === 1 ? stop('enough') : undefined)},
    ];
    const result = await new Trainer(classifier(), {...sparse, callbacks}).fit([x, y], {epochs: 3});
    expect(result).toMatchObject({epochs: 1, stopReason: 'enough'});
    expect(result.history['loss']).toHaveLength(1);
  });

  it('leave callbacks alone when the signal was aborted before', async () => {
    let bytes: Uint8Array | undefined;
    const keep: Callback = {
      order: 100,
      onEpochEnd: async ({checkpoint}) => void (bytes = await checkpoint()),
    };
    const stopping = (): EarlyStopping =>
      new EarlyStopping({monitor: 'loss', patience: 5, restoreBest: true});
    await new Trainer(classifier(), {...sparse, callbacks: [stopping(), keep]}).fit([x, y], {epochs: 3});
    const ends: unknown[] = [];
    const trainer = new Trainer(classifier(), {
      ...sparse,
      callbacks: [stopping(), {onTrainEnd: () => void ends.push(1)}],
    });
    const before = tf.memory().numTensors;
    const aborted = trainer.fit([x, y], {
      epochs: 5,
      resumeFrom: bytes!,
      signal: AbortSignal.abort(new Error('no')),
    });
    await expect(aborted).rejects.toThrow('no');
    expect(ends).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('by stop can be resumed', async () => {
    let bytes: Uint8Array | undefined;
    const callbacks: Callback[] = [
      {onEpochEnd: ({epoch, stop}) => (epoch === 1 ? stop('stopped') : undefined)},
      {order: 100, onEpochEnd: async ({checkpoint}) => void (bytes = await checkpoint())},
    ];
    await new Trainer(classifier(), {...sparse, callbacks}).fit([x, y], {epochs: 5});
    const resumed = await new Trainer(classifier(), sparse).fit([x, y], {epochs: 5, resumeFrom: bytes!});
    expect(resumed).toMatchObject({epochs: 5, stopReason: 'completed'});
  });
});

describe('a resume from the middle of an epoch', () => {
  it('is refused with other losses, metrics or steps an epoch', async () => {
    let bytes: Uint8Array | undefined;
    const callbacks: Callback[] = [
      {onTrainBatchEnd: async ({checkpoint}) => void (bytes ??= await checkpoint())},
    ];
    const data = [tf.tensor2d([[1], [2], [3], [4]]), tf.tensor2d([[1], [2], [3], [4]])] as const;
    const optimizer = still;
    await new Trainer(linear([[1]]), {loss: 'mse', optimizer: optimizer(), callbacks}).fit(data, {
      batchSize: 2,
    });
    const attempts: [TrainerOptions, FitOptions][] = [
      [{loss: 'mae'}, {}],
      [{loss: 'mse', metrics: ['mae']}, {}],
      [{loss: 'mse'}, {stepsPerEpoch: 5}],
    ];
    for (const [options, fit] of attempts) {
      const trainer = new Trainer(linear([[1]]), {...options, optimizer: optimizer()});
      await expect(trainer.fit(data, {batchSize: 2, resumeFrom: bytes!, ...fit})).rejects.toThrow(
        /middle of an epoch/,
      );
    }
  });

  it('goes on with an iterable at the end of an epoch where its state runs on', async () => {
    // A stream whose passes differ: 2, 3, 4 … batches seen so far.
    class Stream implements Iterable<Batch> {
      seen = {batches: 0};
      *[Symbol.iterator](): Generator<Batch> {
        do {
          this.seen.batches++;
          yield [tf.fill([2, 1], this.seen.batches), tf.zeros([2, 1])];
        } while (this.seen.batches % 3 !== 0);
      }
      getState(): unknown {
        return this.seen;
      }
      setState(state: unknown): void {
        this.seen = {...(state as {batches: number})};
      }
    }
    const run = async (callbacks: Callback[], resumeFrom?: Uint8Array): Promise<unknown> => {
      const model = linear([[1]]);
      const trainer = new Trainer(model, {loss: 'mse', optimizer: new SGD({learningRate: 1e-3}), callbacks});
      const {history} = await trainer.fit(new Stream(), {
        epochs: 4,
        ...(resumeFrom === undefined ? {} : {resumeFrom}),
      });
      return {history, weights: await weightsOf(model)};
    };
    const ends: Uint8Array[] = [];
    const middles: Uint8Array[] = [];
    const keep: Callback = {
      order: 100,
      onEpochEnd: async ({checkpoint}) => void ends.push(await checkpoint()),
      onTrainBatchEnd: async ({checkpoint}) => void middles.push(await checkpoint()),
    };
    const whole = await run([keep]);
    // After a pass's last batch this stream cannot tell its end from the next one's beginning.
    const inPasses = middles.filter((_, i) => i % 3 !== 2);
    for (const bytes of [...ends, ...inPasses]) expect(await run([], bytes)).toEqual(whole);
  });
});

describe('slips are refused with what was meant:', () => {
  const fit = (data: unknown, options: unknown): Promise<unknown> =>
    new Trainer(linear([[1]]), {loss: 'mse'}).fit(data as Batch[], options as FitOptions);
  const inputs = {values: Float32Array.of(1), shape: [1, 1]};
  const targets = {values: Float32Array.of(2), shape: [1, 1]};

  it.each([
    ['fit(x, y)', inputs, targets, /brackets/],
    ['validationData', [inputs, targets], {validationData: 1}, /'validation'/],
    ['batch_size', [inputs, targets], {batch_size: 1}, /'batchSize'/],
    ['epoch', [inputs, targets], {epoch: 5}, /'epochs'/],
    ['shuffle: 100', [inputs, targets], {shuffle: 100}, /shuffle/],
    ['a path to resume from', [inputs, targets], {resumeFrom: 'runs/a'}, /DirectoryStore/],
    ['a signal that is none', [inputs, targets], {signal: {}}, /AbortSignal/],
    [
      'two sources of weights',
      [inputs, targets, new Float32Array(1)],
      {sampleWeight: new Float32Array(1)},
      /both|as an option/,
    ],
  ])('%s', async (_, data, options, words) => {
    await expect(fit(data, options)).rejects.toThrow(ConfigurationError);
    await expect(fit(data, options)).rejects.toThrow(words);
  });

  it('predict of a model with several outputs', async () => {
    const input = layers.input({shape: [1]});
    const head = (): layers.SymbolicTensor =>
      layers.layers.dense({units: 1}).apply(input) as layers.SymbolicTensor;
    const trainer = new Trainer(layers.model({inputs: input, outputs: [head(), head()]}), {loss: 'mse'});
    await expect(trainer.predict(inputs)).rejects.toThrow(/predictAll/);
    const outputs = await trainer.predictAll(inputs);
    expect(outputs).toHaveLength(2);
    tf.dispose(outputs);
  });

  it('logs of a step that the trainer logs itself, or that are no scalars, and outputs that metrics miss', async () => {
    const step = (extra: object): Promise<unknown> =>
      new Trainer(linear([[1]]), {
        metrics: ['mae'],
        trainStep: ({x: input, run}) => ({loss: tf.mean(run(input)), outputs: run(input), ...extra}),
      }).fit([inputs, targets]);
    await expect(step({logs: {loss: tf.scalar(1)}})).rejects.toThrow(/'loss'/);
    await expect(step({logs: {many: tf.ones([2])}})).rejects.toThrow(/shape \[2\]/);
    await expect(step({outputs: []})).rejects.toThrow(/outputs/);
  });

  it('logs that are read when their epoch is over', async () => {
    let kept: {read(): Promise<unknown>} | undefined;
    const callbacks: Callback[] = [{onTrainBatchEnd: ({logs}) => void (kept = logs)}];
    await new Trainer(linear([[1]]), {loss: 'mse', callbacks}).fit([inputs, targets]);
    expect(() => kept!.read()).toThrow(/over/);
  });

  it('a model that grew, and dispose in the middle of training', async () => {
    const model = linear([[1]]) as layers.Sequential;
    const trainer = new Trainer(model, {loss: 'mse'});
    const training = trainer.fit([inputs, targets], {epochs: 3});
    expect(() => trainer.dispose()).toThrow(/during fit/);
    await training;
    model.add(layers.layers.dense({units: 1}));
    await expect(trainer.fit([inputs, targets])).rejects.toThrow(/new layers/);
  });
});

describe('findLearningRate', () => {
  it('puts everything back when the data breaks, and looks at targets', async () => {
    const model = classifier();
    const before = await weightsOf(model);
    const trainer = new Trainer(model, {...sparse, optimizer: new SGD({learningRate: 0.5})});
    const tensors = tf.memory().numTensors;
    const broken: Iterable<Batch> = {
      [Symbol.iterator]: () => ({
        next: () => ({done: false, value: [tf.ones([2, 4]), tf.tensor1d([0, 1], 'int32')]}),
        return: () => {
          throw new Error('cannot close');
        },
      }),
    };
    await expect(trainer.findLearningRate(broken, {steps: 5})).rejects.toThrow('cannot close');
    expect(await weightsOf(model)).toEqual(before);
    expect(trainer.optimizer.learningRate).toBe(0.5);
    const labels = Dataset.fromArrays([x, Int32Array.from(y, label => label + 1)]) as Dataset<unknown>;
    await expect(trainer.findLearningRate(labels, {steps: 5})).rejects.toThrow(DataError);
    expect(await weightsOf(model)).toEqual(before);
    // One look-ahead batch of the broken iterable was out of reach.
    expect(tf.memory().numTensors - tensors).toBeLessThanOrEqual(2);
  });
});
