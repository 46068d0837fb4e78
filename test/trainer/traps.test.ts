/**
 * What tfjs-layers 4.22 gets wrong in training, each shown on plain tfjs first and then right here. The traps of
 * single layers are in test/graph, those of optimizers in test/optimizers, those of metrics in test/metrics.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {EarlyStopping} from '../../src/callbacks';
import {withSeed} from '../../src/core';
import {SGD} from '../../src/optimizers';
import {Trainer} from '../../src/trainer';
import type {Callback} from '../../src/trainer';
import {backendUnderTest} from '../backendUnderTest';
import {classifier, linear, weightsOf} from './fixtures';

beforeAll(async () => {
  await useBackend(backendUnderTest);
});

describe('where plain tfjs is wrong in training', () => {
  it('constraints are applied after every update', async () => {
    const build = (): layers.Sequential =>
      linear([[0.6, 0.8]], {kernelConstraint: layers.constraints.unitNorm({axis: 1})}) as layers.Sequential;
    const norm = async (model: layers.LayersModel): Promise<number> =>
      Math.hypot(...(await weightsOf(model))['0/kernel']!);
    const x = tf.tensor2d([[1], [2]]);
    const y = tf.tensor2d([
      [5, 5],
      [9, 9],
    ]);

    const plain = build();
    plain.compile({loss: 'meanSquaredError', optimizer: tf.train.sgd(0.1)});
    await plain.fit(x, y, {epochs: 3});
    expect(await norm(plain)).toBeGreaterThan(1.5);

    const ours = build();
    await new Trainer(ours, {loss: 'meanSquaredError', optimizer: new SGD({learningRate: 0.1})}).fit([x, y], {
      epochs: 3,
    });
    expect(await norm(ours)).toBeCloseTo(1, 6);
  });

  it('evaluation counts penalties into the loss, as Keras does', async () => {
    // Loss (2·1 − 3)² = 1, penalty 0.5·2² = 2.
    const build = (): layers.Sequential =>
      linear([[2]], {kernelRegularizer: layers.regularizers.l2({l2: 0.5})}) as layers.Sequential;
    const x = tf.tensor2d([[1]]);
    const y = tf.tensor2d([[3]]);

    const plain = build();
    plain.compile({loss: 'meanSquaredError', optimizer: 'sgd'});
    expect((await (plain.evaluate(x, y) as tf.Scalar).data())[0]).toBeCloseTo(1, 6);

    const trainer = new Trainer(build(), {loss: 'meanSquaredError'});
    expect((await trainer.evaluate([x, y]))['loss']).toBeCloseTo(3, 6);
  });

  it('validation of two outputs reports the total as val_loss and each output under its name', async () => {
    const build = (): layers.LayersModel => {
      const input = layers.input({shape: [1]});
      const head = (name: string): layers.SymbolicTensor =>
        layers.layers
          .dense({units: 1, name, kernelInitializer: 'ones', useBias: false})
          .apply(input) as layers.SymbolicTensor;
      return layers.model({inputs: input, outputs: [head('low'), head('high')]});
    };
    const x = tf.tensor2d([[1]]);
    // Losses (1 − 0)² = 1 and (1 − 4)² = 9.
    const [low, high] = [tf.tensor2d([[0]]), tf.tensor2d([[4]])];

    const plain = build();
    plain.compile({loss: 'meanSquaredError', optimizer: tf.train.sgd(0)});
    const {history} = await plain.fit(x, [low, high], {validationData: [x, [low, high]]});
    expect(history['val_loss']).toEqual([1]);

    const trainer = new Trainer(build(), {loss: 'meanSquaredError', optimizer: new SGD({learningRate: 0})});
    const result = await trainer.fit([x, [low, high]], {validation: [x, [low, high]]});
    expect(result.history).toMatchObject({val_loss: [10], val_low_loss: [1], val_high_loss: [9], loss: [10]});
  });

  it('masked time steps count neither in the loss nor in metrics', async () => {
    const build = (): layers.LayersModel => {
      const input = layers.input({shape: [3, 1]});
      const masked = layers.layers.masking({maskValue: 0}).apply(input) as layers.SymbolicTensor;
      const output = layers.layers.dense({units: 1, kernelInitializer: 'ones', useBias: false}).apply(masked);
      return layers.model({inputs: input, outputs: output as layers.SymbolicTensor});
    };
    // Step 3 is masked: the mean over the two others is ((1 − 2)² + (2 − 5)²) / 2 = 5; plain tfjs takes (1 + 9 + 100) / 3.
    const x = tf.tensor3d([[[1], [2], [0]]]);
    const y = tf.tensor3d([[[2], [5], [10]]]);

    const plain = build();
    plain.compile({loss: 'meanSquaredError', optimizer: 'sgd'});
    expect((await (plain.evaluate(x, y) as tf.Scalar).data())[0]).toBeCloseTo(110 / 3, 4);

    const trainer = new Trainer(build(), {loss: 'meanSquaredError', metrics: ['mae']});
    const logs = await trainer.evaluate([x, y]);
    expect(logs['loss']).toBeCloseTo(5, 6);
    expect(Object.values(logs)[1]).toBeCloseTo(2, 6);
  });

  it('class and sample weights divide by the number of samples, as Keras defines', async () => {
    // Binary crossentropy at p = 0.5 is ln 2 each. Class 1 weighs 3: (ln 2 + 3·ln 2) / 2.
    const build = (): layers.LayersModel => linear([[0]], {activation: 'sigmoid'});
    const x = tf.tensor2d([[1], [1]]);
    const y = tf.tensor2d([[0], [1]]);
    const options = {loss: 'binaryCrossentropy', optimizer: new SGD({learningRate: 0})};
    const byClass = await new Trainer(build(), options).fit([x, y], {classWeight: {1: 3}});
    expect(byClass.history['loss']![0]).toBeCloseTo(2 * Math.LN2, 5);
    const bySample = await new Trainer(build(), options).fit([x, y], {sampleWeight: Float32Array.of(1, 3)});
    expect(bySample.history['loss']![0]).toBeCloseTo(2 * Math.LN2, 5);

    const plain = build() as layers.Sequential;
    plain.compile({loss: 'binaryCrossentropy', optimizer: tf.train.sgd(0)});
    await expect(plain.fit(x, y, {sampleWeight: tf.tensor1d([1, 3])})).rejects.toThrow(/sample weight/i);
  });

  it('one-hot and sparse targets take class weights alike', async () => {
    const build = (): layers.LayersModel => linear([[0, 0, 0]], {activation: 'softmax'});
    const x = tf.tensor2d([[1], [1]]);
    const classWeight = {0: 2, 2: 4};
    const loss = async (name: string, y: tf.Tensor): Promise<number> => {
      const trainer = new Trainer(build(), {loss: name, optimizer: new SGD({learningRate: 0})});
      return (await trainer.fit([x, y], {classWeight})).history['loss']![0]!;
    };
    // Class 1 is not named and weighs 1: (ln 3·1 + ln 3·4) / 2.
    const expected = (Math.log(3) * 5) / 2;
    expect(await loss('sparseCategoricalCrossentropy', tf.tensor1d([1, 2], 'int32'))).toBeCloseTo(
      expected,
      5,
    );
    expect(
      await loss(
        'categoricalCrossentropy',
        tf.tensor2d([
          [0, 1, 0],
          [0, 0, 1],
        ]),
      ),
    ).toBeCloseTo(expected, 5);
  });

  it('best weights are copies, though getWeights hands out the live variables', async () => {
    const plain = linear([[1]]) as layers.Sequential;
    plain.compile({loss: 'meanSquaredError', optimizer: tf.train.sgd(0.1)});
    const live = plain.getWeights()[0]!;
    await plain.fit(tf.tensor2d([[1]]), tf.tensor2d([[3]]), {epochs: 1});
    expect((await live.data())[0]).not.toBe(1);

    // The rate is so high that every epoch is worse than the first.
    const model = linear([[1]]);
    const seen: number[] = [];
    const watcher: Callback = {
      onEpochEnd: async () => void seen.push((await weightsOf(model))['0/kernel']![0]!),
    };
    const trainer = new Trainer(model, {
      loss: 'mse',
      optimizer: new SGD({learningRate: 1.5}),
      callbacks: [watcher, new EarlyStopping({monitor: 'val_loss', patience: 3, restoreBest: true})],
    });
    const data = [tf.tensor2d([[1]]), tf.tensor2d([[3]])] as const;
    const {stopReason, epochs} = await trainer.fit(data, {epochs: 10, validation: data});
    expect(stopReason).not.toBe('completed');
    expect(epochs).toBe(4);
    expect((await weightsOf(model))['0/kernel']).toEqual([seen[0]]);
  });

  it('losses resolve by name on a Sequential, where model.lossFunctions is undefined', async () => {
    const model = linear([[1]]) as layers.Sequential;
    model.compile({loss: 'meanSquaredError', optimizer: 'sgd'});
    expect((model as {lossFunctions?: unknown}).lossFunctions).toBeUndefined();
    expect(
      await new Trainer(model, {loss: 'meanSquaredError'}).evaluate([tf.tensor2d([[1]]), tf.tensor2d([[3]])]),
    ).toEqual({loss: 4});
  });

  it('accuracy is logged as accuracy, not as acc', async () => {
    const data = [tf.tensor2d([[1], [2]]), tf.tensor2d([[0], [1]])] as const;
    const plain = linear([[1]], {activation: 'sigmoid'}) as layers.Sequential;
    plain.compile({loss: 'binaryCrossentropy', optimizer: 'sgd', metrics: ['accuracy']});
    expect(Object.keys((await plain.fit(...data)).history)).toEqual(['loss', 'acc']);
    const trainer = new Trainer(linear([[1]], {activation: 'sigmoid'}), {
      loss: 'binaryCrossentropy',
      metrics: ['accuracy'],
    });
    expect(Object.keys((await trainer.fit(data)).history)).toEqual(['loss', 'accuracy']);
  });

  it('the same seed gives the same order and masks, though tfjs shuffles by Math.random', async () => {
    const x = tf.randomNormal([40, 4], 0, 1, 'float32', 1);
    const y = tf.tensor1d(
      Int32Array.from({length: 40}, (_, i) => i % 3),
      'int32',
    );
    const ours = async (seed: number): Promise<unknown> => {
      const model = classifier(1);
      const {history} = await new Trainer(model, {loss: 'sparseCategoricalCrossentropy', seed}).fit([x, y], {
        epochs: 2,
        batchSize: 8,
      });
      return {history, weights: await weightsOf(model)};
    };
    const plain = async (): Promise<unknown> => {
      const model = classifier(1) as layers.Sequential;
      model.compile({loss: 'sparseCategoricalCrossentropy', optimizer: 'adam'});
      await model.fit(x, tf.cast(y, 'float32'), {epochs: 2, batchSize: 8});
      return await weightsOf(model);
    };
    expect(await plain()).not.toEqual(await plain());
    expect(await ours(7)).toEqual(await ours(7));
    expect(await ours(7)).not.toEqual(await ours(8));
  });

  it('the event loop keeps its turns with callbacks present', async () => {
    const build = (): layers.Sequential =>
      withSeed(1, () =>
        layers.sequential({
          layers: [
            layers.layers.dense({units: 600, inputShape: [600], activation: 'relu'}),
            layers.layers.dense({units: 600, activation: 'relu'}),
            layers.layers.dense({units: 1}),
          ],
        }),
      );
    const x = tf.zeros([256, 600]);
    const y = tf.zeros([256, 1]);
    const ticksDuring = async (work: () => Promise<unknown>): Promise<number> => {
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      await work();
      clearInterval(timer);
      return ticks;
    };
    const model = build();
    model.compile({loss: 'meanSquaredError', optimizer: 'sgd'});
    // Any array of BaseCallback objects switches tfjs's yielding off.
    const silent = [layers.callbacks.earlyStopping({monitor: 'loss', patience: 100})];
    const stock = await ticksDuring(() => model.fit(x, y, {epochs: 6, callbacks: silent}));
    // Where tfjs waits for a GPU, it gives turns as well.
    const isOnHost = ['wasm', 'cpu'].includes(backendUnderTest);
    if (isOnHost) expect(stock).toBeLessThanOrEqual(3);
    const trainer = new Trainer(build(), {
      loss: 'mse',
      optimizer: 'sgd',
      callbacks: [{onTrainBatchEnd: () => undefined}],
    });
    // A turn is given every 16 ms: long enough for many on any machine, and GPUs that are imitated take long anyway.
    const epochs = isOnHost ? 80 : 6;
    expect(await ticksDuring(() => trainer.fit([x, y], {epochs}))).toBeGreaterThan(5);
  });

  it('a forward that trains nothing leaves moving statistics alone', async () => {
    const x = tf.randomNormal([16, 4], 3, 1, 'float32', 1);
    const y = tf.tensor1d(
      Int32Array.from({length: 16}, (_, i) => i % 3),
      'int32',
    );
    const plain = classifier(1);
    const before = await weightsOf(plain);
    tf.tidy(() => void plain.apply(x, {training: true}));
    expect(await weightsOf(plain)).not.toEqual(before);

    const model = classifier(1);
    const trainer = new Trainer(model, {loss: 'sparseCategoricalCrossentropy', seed: 1});
    await trainer.findLearningRate([x, y], {steps: 10, batchSize: 4});
    expect(await weightsOf(model)).toEqual(before);
    const skipping = new Trainer(model, {
      loss: 'sparseCategoricalCrossentropy',
      callbacks: [{onGradients: context => context.skip()}],
    });
    await skipping.fit([x, y], {batchSize: 4});
    expect(await weightsOf(model)).toEqual(before);
  });
});
