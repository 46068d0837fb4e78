import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {withSeed} from '../../src/core';
import {Dataset} from '../../src/data';
import {Adam, SGD} from '../../src/optimizers';
import {Trainer} from '../../src/trainer';
import type {Batch, Callback, TrainerOptions} from '../../src/trainer';
import {backendUnderTest} from '../backendUnderTest';
import {blobs, classifier, distance, linear, normals, weightsOf} from './fixtures';
import {valuesOf} from '../valuesOf';

beforeAll(async () => {
  await useBackend(backendUnderTest);
});

const {x, y} = blobs(40);
const sparse: TrainerOptions = {loss: 'sparseCategoricalCrossentropy', seed: 1};

describe('fit', () => {
  it('learns, and leaves no tensor behind', async () => {
    const data = blobs(200);
    const model = classifier();
    const before = tf.memory().numTensors;
    const trainer = new Trainer(model, {
      ...sparse,
      metrics: ['accuracy'],
      optimizer: new Adam({learningRate: 0.02}),
    });
    const {history, epochs, steps, stopReason} = await trainer.fit([data.x, data.y], {
      epochs: 15,
      batchSize: 20,
      validation: [data.x, data.y],
    });
    expect(history['val_accuracy']!.at(-1)).toBeGreaterThan(0.9);
    expect({epochs, steps, stopReason}).toEqual({epochs: 15, steps: 150, stopReason: 'completed'});
    expect(Object.keys(history)).toEqual(['loss', 'accuracy', 'val_loss', 'val_accuracy']);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('takes tensors, typed arrays, nested arrays, Datasets and generators alike', async () => {
    const rows = Array.from({length: 40}, (_, i) => [...x.values.subarray(i * 4, i * 4 + 4)]);
    const forms: (() => Parameters<Trainer['fit']>[0])[] = [
      () => [tf.tensor2d(rows), tf.tensor1d(y, 'int32')],
      () => [x, y],
      () => [rows, [...y]],
      () => Dataset.fromArrays([x, y]) as Dataset<unknown>,
      () => Dataset.fromArrays([x, y]).batch(8) as Dataset<unknown>,
      function* () {
        for (let i = 0; i < 40; i += 8)
          yield [tf.tensor2d(rows.slice(i, i + 8)), tf.tensor1d(y.slice(i, i + 8), 'int32')];
      },
    ];
    const outcomes = [];
    for (const form of forms) {
      const model = classifier();
      const {history} = await new Trainer(model, sparse).fit(form(), {batchSize: 8, shuffle: false});
      outcomes.push({history, weights: await weightsOf(model)});
    }
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
  });

  it('ends at maxSteps, and takes stepsPerEpoch of data that has no end', async () => {
    const endless = (): Dataset<unknown> => Dataset.fromArrays([x, y]).repeat().batch(8);
    const bySteps = await new Trainer(classifier(), sparse).fit(endless(), {maxSteps: 13});
    expect(bySteps).toMatchObject({steps: 13, epochs: 1, stopReason: 'completed'});
    const byEpochs = await new Trainer(classifier(), sparse).fit(endless(), {epochs: 3, stepsPerEpoch: 4});
    expect(byEpochs).toMatchObject({steps: 12, epochs: 3});
    expect(byEpochs.history['loss']).toHaveLength(3);
  });

  it('trains further when called again', async () => {
    const trainer = new Trainer(linear([[0]]), {loss: 'mse', optimizer: new Adam({learningRate: 0.1})});
    const data = [tf.tensor2d([[1]]), tf.tensor2d([[3]])] as const;
    await trainer.fit(data, {epochs: 5});
    const {steps} = await trainer.fit(data, {epochs: 5});
    expect(steps).toBe(5);
    expect(trainer.optimizer.iterations).toBe(10);
  });

  it('splits validation data off the end before shuffling, and validates as often as told', async () => {
    const split = await new Trainer(classifier(), sparse).fit([x, y], {
      validationSplit: 0.25,
      shuffle: false,
      epochs: 4,
      validationFrequency: 2,
    });
    expect(split.history['loss']).toHaveLength(4);
    expect(split.history['val_loss']).toHaveLength(2);
    const last = 30;
    const explicit = await new Trainer(classifier(), sparse).fit(
      [{values: x.values.slice(0, last * 4), shape: [last, 4]}, y.slice(0, last)],
      {
        epochs: 4,
        validation: [{values: x.values.slice(last * 4), shape: [10, 4]}, y.slice(last)],
        validationFrequency: [2, 4],
        shuffle: false,
      },
    );
    expect(split.history).toEqual(explicit.history);
  });

  it('makes a short validation pass before training when asked, which finds a mistake before any weight changes', async () => {
    const model = classifier();
    const before = await weightsOf(model);
    const wrong = Dataset.fromArrays([
      normals(3, [8, 4]),
      Int32Array.of(0, 1, 2, 0, 1, 2, 0, 9),
    ]) as Dataset<unknown>;
    const run = new Trainer(model, sparse).fit([x, y], {validation: wrong, sanityCheckSteps: 1});
    await expect(run).rejects.toThrow(/9/);
    expect(await weightsOf(model)).toEqual(before);
  });

  it('trains models of several inputs and outputs, given in order or by name', async () => {
    const build = (): layers.LayersModel =>
      withSeed(2, () => {
        const left = layers.input({shape: [2], name: 'left'});
        const right = layers.input({shape: [3], name: 'right'});
        const joined = layers.layers.concatenate().apply([left, right]) as layers.SymbolicTensor;
        const sum = layers.layers.dense({units: 1, name: 'sum'}).apply(joined) as layers.SymbolicTensor;
        const kind = layers.layers.dense({units: 2, activation: 'softmax', name: 'kind'}).apply(joined);
        return layers.model({inputs: [left, right], outputs: [sum, kind as layers.SymbolicTensor]});
      });
    const [l, r, s] = [normals(1, [12, 2]), normals(2, [12, 3]), normals(3, [12, 1])];
    const k = Int32Array.from({length: 12}, (_, i) => i % 2);
    const options: TrainerOptions = {
      loss: {sum: 'mse', kind: 'sparseCategoricalCrossentropy'},
      lossWeights: {kind: 0.5},
      metrics: {kind: 'accuracy'},
      seed: 1,
    };
    const byOrder = await new Trainer(build(), options).fit(
      [
        [l, r],
        [s, k],
      ],
      {epochs: 2},
    );
    const byName = await new Trainer(build(), options).fit(
      [
        {left: l, right: r},
        {sum: s, kind: k},
      ],
      {epochs: 2},
    );
    expect(byName).toEqual(byOrder);
    expect(Object.keys(byOrder.history)).toEqual(['loss', 'sum_loss', 'kind_loss', 'kind_accuracy']);
    const [total, sum, kind] = ['loss', 'sum_loss', 'kind_loss'].map(name => byOrder.history[name]![1]!);
    expect(total).toBeCloseTo(sum! + 0.5 * kind!, 6);
  });

  it('counts sample weights in weightedMetrics only', async () => {
    const model = linear([[1, 0]], {activation: 'softmax'});
    const data = [tf.tensor2d([[1], [1], [-1]]), tf.tensor1d([0, 1, 1], 'int32')] as const;
    const trainer = new Trainer(model, {
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
      weightedMetrics: [accuracyOf],
    });
    const logs = await trainer.evaluate(data, {sampleWeight: Float32Array.of(1, 4, 1)});
    expect(logs['accuracy']).toBeCloseTo(2 / 3, 6);
    expect(Object.values(logs).at(-1)).toBeCloseTo(2 / 6, 6);
  });
});

function accuracyOf(yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor {
  return tf.cast(tf.equal(tf.cast(yTrue, 'int32'), tf.argMax(yPred, -1)), 'float32');
}

describe('a custom training step', () => {
  it('replaces forward and loss and keeps the rest', async () => {
    const options: TrainerOptions = {loss: 'mse', optimizer: new SGD({learningRate: 0.1}), seed: 1};
    const data = [normals(1, [8, 2]), normals(2, [8, 1])] as const;
    const fitted = async (extra: TrainerOptions): Promise<unknown> => {
      const model = linear([[1], [2]], {kernelRegularizer: layers.regularizers.l2({l2: 0.1})});
      const {history} = await new Trainer(model, {
        ...options,
        optimizer: new SGD({learningRate: 0.1}),
        ...extra,
      }).fit(data, {epochs: 2, batchSize: 3});
      return {history, weights: await weightsOf(model)};
    };
    const own = await fitted({
      trainStep: ({x: inputs, y: targets, run}) =>
        tf.losses.meanSquaredError<tf.Tensor, tf.Tensor>(targets, run(inputs)),
    });
    expect(JSON.stringify(own, round)).toEqual(JSON.stringify(await fitted({}), round));
  });

  it('logs scalars of its own and feeds the metrics', async () => {
    const model = linear([[1], [1]]);
    const trainer = new Trainer(model, {
      metrics: ['mae'],
      optimizer: new SGD({learningRate: 0}),
      trainStep: ({x: inputs, y: targets, run}) => {
        const outputs = run(inputs);
        const loss = tf.mean(tf.abs(tf.sub(outputs, targets)));
        return {loss, outputs, logs: {double: tf.mul(loss, 2)}};
      },
    });
    const before = tf.memory().numTensors;
    const {history} = await trainer.fit([
      tf.tensor2d([
        [1, 1],
        [2, 2],
      ]),
      tf.tensor2d([[1], [1]]),
    ]);
    expect(history).toMatchObject({loss: [2], double: [4]});
    expect(Object.values(history).at(-1)).toEqual([2]);
    expect(tf.memory().numTensors - before).toBe(2);
  });

  it('trains a GAN: two models, two optimizers, one step each', async () => {
    const {generator, discriminator} = withSeed(4, () => ({
      generator: layers.sequential({
        layers: [
          layers.layers.dense({units: 8, activation: 'relu', inputShape: [2]}),
          layers.layers.dense({units: 1}),
        ],
      }),
      discriminator: layers.sequential({
        layers: [
          layers.layers.dense({units: 8, activation: 'relu', inputShape: [1]}),
          layers.layers.dense({units: 1, activation: 'sigmoid'}),
        ],
      }),
    }));
    const real = (p: tf.Tensor): tf.Tensor => tf.neg(tf.mean(tf.log(tf.add(p, 1e-6))));
    const fake = (p: tf.Tensor): tf.Tensor => real(tf.sub(1, p));
    const gan = new Trainer(
      {generator, discriminator},
      {
        seed: 1,
        optimizer: {generator: new Adam({learningRate: 0.02}), discriminator: new Adam({learningRate: 0.02})},
        trainStep: {
          discriminator({x: samples, size, run, randomNormal}) {
            const made = run(randomNormal([size, 2]), {model: 'generator'});
            return tf.add(real(run(samples)), fake(run(made)));
          },
          generator({size, run, randomNormal}) {
            const made = run(randomNormal([size, 2]));
            return real(run(made, {model: 'discriminator'}));
          },
        },
      },
    );
    const samples = normals(5, [128, 1]);
    for (let i = 0; i < 128; i++) samples.values[i] = 4 + 0.5 * samples.values[i]!;
    const before = tf.memory().numTensors;
    const mean = async (): Promise<number> => {
      const noise = (): tf.Tensor => tf.randomNormal([256, 2], 0, 1, 'float32', 3);
      return (await valuesOf(() => tf.mean(generator.predict(noise()) as tf.Tensor)))[0]!;
    };
    expect(Math.abs((await mean()) - 4)).toBeGreaterThan(3);
    const {history} = await gan.fit([samples], {epochs: 60, batchSize: 32});
    expect(Object.keys(history)).toEqual(['loss', 'discriminator_loss', 'generator_loss']);
    expect(Math.abs((await mean()) - 4)).toBeLessThan(1.5);
    expect(tf.memory().numTensors).toBe(before);
  });
});

function round(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(5)) : value;
}

describe('parameter groups', () => {
  const deep = (): layers.LayersModel =>
    withSeed(1, () =>
      layers.sequential({
        layers: [
          layers.layers.dense({units: 3, inputShape: [4], name: 'base'}),
          layers.layers.batchNormalization({name: 'norm'}),
          layers.layers.dense({units: 3, activation: 'softmax', name: 'head'}),
        ],
      }),
    );

  it('freeze layers altogether: weights and BatchNorm statistics rest, and the layers wake up afterwards', async () => {
    const model = deep();
    const before = await weightsOf(model);
    await new Trainer(model, {...sparse, parameterGroups: [{layers: ['base', 'norm'], frozen: true}]}).fit(
      [x, y],
      {epochs: 2},
    );
    const after = await weightsOf(model);
    for (const key of Object.keys(before)) {
      if (key.startsWith('2/')) expect(after[key]).not.toEqual(before[key]);
      else expect(after[key]).toEqual(before[key]);
    }
    expect(model.layers.every(layer => layer.trainable)).toBe(true);
  });

  it('have rates of their own', async () => {
    const step = async (parameterGroups: TrainerOptions['parameterGroups']): Promise<number[]> => {
      const model = linear([[0]], {useBias: true});
      await new Trainer(model, {loss: 'mse', optimizer: new SGD({learningRate: 0.1}), parameterGroups}).fit([
        tf.tensor2d([[1]]),
        tf.tensor2d([[1]]),
      ]);
      return Object.values(await weightsOf(model)).flat();
    };
    // d/dk (k + b − 1)² = −2 for both weights.
    expect(await step([])).toEqual([expect.closeTo(0.2, 6), expect.closeTo(0.2, 6)]);
    expect(await step([{match: ({name}) => name.endsWith('bias'), learningRateMultiplier: 0.5}])).toEqual([
      expect.closeTo(0.2, 6),
      expect.closeTo(0.1, 6),
    ]);
    expect(await step([{match: ({name}) => name.endsWith('kernel'), learningRate: () => 0.3}])).toEqual([
      expect.closeTo(0.6, 6),
      expect.closeTo(0.2, 6),
    ]);
  });

  it('leave out frozen layers, whose optimizer slots then never exist', async () => {
    const model = deep();
    model.layers[0]!.trainable = false;
    model.layers[1]!.trainable = false;
    const before = await weightsOf(model);
    await new Trainer(model, sparse).fit([x, y], {epochs: 1});
    const after = await weightsOf(model);
    expect(
      Object.keys(before).filter(key => JSON.stringify(before[key]) !== JSON.stringify(after[key])),
    ).toEqual(['2/kernel', '2/bias']);
  });
});

describe('how a run ends', () => {
  it('rejects with the signal’s reason after an abort, keeping no tensor and calling onTrainEnd', async () => {
    const ends: unknown[] = [];
    const controller = new AbortController();
    const callbacks: Callback[] = [
      {
        onTrainBatchEnd: ({batches}) => (batches === 3 ? controller.abort(new Error('enough')) : undefined),
        onTrainEnd: ({stopReason, batches}) => void ends.push(stopReason, batches),
      },
    ];
    const trainer = new Trainer(classifier(), {...sparse, callbacks});
    const before = tf.memory().numTensors;
    await expect(trainer.fit([x, y], {epochs: 5, batchSize: 8, signal: controller.signal})).rejects.toThrow(
      'enough',
    );
    expect(ends).toEqual(['aborted', 3]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('resolves after a graceful stop, with the epoch closed and validated', async () => {
    const callbacks: Callback[] = [
      {onTrainBatchEnd: context => (context.batches === 7 ? context.stop('seenEnough') : undefined)},
    ];
    const result = await new Trainer(classifier(), {...sparse, callbacks}).fit([x, y], {
      epochs: 5,
      batchSize: 8,
      validation: [x, y],
    });
    expect(result).toMatchObject({stopReason: 'seenEnough', epochs: 2, steps: 7});
    expect(result.history['val_loss']).toHaveLength(2);
  });

  it('gives everything back when any hook throws, and tells onException', async () => {
    const hooks = [
      'onTrainBegin',
      'onEpochBegin',
      'onTrainBatchBegin',
      'onMicroBatchEnd',
      'onGradients',
      'onOptimizerStep',
      'onTrainBatchEnd',
      'onValidationBegin',
      'onValidationBatchEnd',
      'onValidationEnd',
      'onEpochEnd',
      'onTrainEnd',
    ] as const;
    for (const hook of hooks) {
      const errors: unknown[] = [];
      const callback: Callback = {
        [hook]: () => {
          throw new Error(hook);
        },
        onException: ({error}) => void errors.push(error),
      };
      const model = classifier();
      const trainer = new Trainer(model, {...sparse, metrics: ['accuracy'], callbacks: [callback]});
      const before = tf.memory().numTensors;
      await expect(trainer.fit([x, y], {epochs: 2, batchSize: 8, validation: [x, y]})).rejects.toThrow(hook);
      expect(errors).toHaveLength(hook === 'onTrainEnd' ? 0 : 1);
      expect({hook, tensors: tf.memory().numTensors}).toEqual({hook, tensors: before});
      await expect(trainer.evaluate([x, y])).resolves.toHaveProperty('accuracy');
      model.dispose();
    }
  });

  it('gives everything back when a training step or a loss throws in the middle of the forward', async () => {
    const data = [tf.tensor2d(x.values, [40, 4]), tf.tensor1d(y, 'int32')] as const;
    const fail = (): never => {
      throw new Error('midway');
    };
    const broken: TrainerOptions[] = [
      {trainStep: ({x: inputs, run}) => (tf.mean(run(inputs)), fail())},
      {loss: (_, yPred) => (tf.square(yPred), fail())},
    ];
    for (const options of broken) {
      const trainer = new Trainer(classifier(), {...options, seed: 1});
      const before = tf.memory().numTensors;
      await expect(trainer.fit(data)).rejects.toThrow('midway');
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('gives everything back when the data throws', async () => {
    function* broken(): Generator<Batch> {
      yield [tf.zeros([2, 4]), tf.tensor1d([0, 1], 'int32')];
      yield [tf.zeros([2, 4]), tf.tensor1d([0, 1], 'int32')];
      throw new Error('disk gone');
    }
    const trainer = new Trainer(classifier(), sparse);
    const before = tf.memory().numTensors;
    await expect(trainer.fit(broken())).rejects.toThrow('disk gone');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('evaluate and predict', () => {
  it('do not depend on the batch size', async () => {
    const model = classifier();
    const trainer = new Trainer(model, {...sparse, metrics: ['accuracy']});
    const before = tf.memory().numTensors;
    const whole = await trainer.evaluate([x, y], {batchSize: 40});
    const parts = await trainer.evaluate([x, y], {batchSize: 7});
    expect(parts['accuracy']).toBe(whole['accuracy']);
    expect(parts['loss']).toBeCloseTo(whole['loss']!, 6);
    const [a, b] = [await trainer.predict(x, {batchSize: 7}), await trainer.predict(x, {batchSize: 40})];
    const reference = await valuesOf(() => model.predict(tf.tensor2d(x.values, [40, 4])) as tf.Tensor);
    // tfjs's WebGPU multiplies matrices in several ways, and takes one by their sizes.
    if (backendUnderTest === 'webgpu')
      expect(distance([...(await a.data())], [...(await b.data())])).toBeLessThan(1e-6);
    else expect(await a.data()).toEqual(await b.data());
    expect(a.shape).toEqual([40, 3]);
    (await a.data()).forEach((value, i) => expect(value).toBeCloseTo(reference[i]!, 6));
    tf.dispose([a, b]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('may be called by a callback in the middle of training without disturbing its metrics', async () => {
    const outcome = async (disturb: boolean): Promise<unknown> => {
      const model = classifier();
      const callbacks: Callback[] = [];
      const trainer = new Trainer(model, {
        ...sparse,
        metrics: ['accuracy'],
        callbacks: [
          {onTrainBatchEnd: async () => (disturb ? void (await trainer.evaluate([x, y])) : undefined)},
          ...callbacks,
        ],
      });
      return (await trainer.fit([x, y], {epochs: 2, batchSize: 8})).history;
    };
    expect(await outcome(true)).toEqual(await outcome(false));
  });
});

describe('callbacks', () => {
  it('run by order, and see hooks in the order of the loop', async () => {
    const calls: string[] = [];
    const named = (name: string, order?: number): Callback => ({
      order,
      onTrainBegin: () => void calls.push(`${name}:begin`),
      onEpochEnd: async () => {
        await Promise.resolve();
        calls.push(`${name}:epoch`);
      },
    });
    await new Trainer(classifier(), {
      ...sparse,
      callbacks: [named('late', 5), named('a'), named('b'), named('early', -1)],
    }).fit([x, y]);
    expect(calls).toEqual(
      ['early', 'a', 'b', 'late']
        .map(name => `${name}:begin`)
        .concat(['early', 'a', 'b', 'late'].map(name => `${name}:epoch`)),
    );
  });

  it('add numbers to the logs, and later callbacks see them', async () => {
    const seen: unknown[] = [];
    const callbacks: Callback[] = [
      {
        onTrainBatchEnd: context => context.log('rate', 0.5),
        onEpochEnd: context => context.log('extra', context.epoch),
      },
      {onEpochEnd: ({logs}) => void seen.push(logs['rate'], logs['extra'])},
    ];
    const {history} = await new Trainer(classifier(), {...sparse, callbacks}).fit([x, y], {epochs: 2});
    expect(history).toMatchObject({rate: [0.5, 0.5], extra: [0, 1]});
    expect(seen).toEqual([0.5, 0, 0.5, 1]);
  });

  it('read running means without changing them', async () => {
    const outcome = async (look: boolean): Promise<unknown> => {
      const callbacks: Callback[] = look
        ? [{onTrainBatchEnd: async ({logs}) => void (await logs.read())}]
        : [];
      return (
        await new Trainer(classifier(), {...sparse, metrics: ['accuracy'], callbacks}).fit([x, y], {
          epochs: 2,
          batchSize: 3,
        })
      ).history;
    };
    expect(await outcome(true)).toEqual(await outcome(false));
  });

  it('cannot take a checkpoint in the middle of a batch', async () => {
    const callbacks: Callback[] = [{onGradients: async context => void (await context.checkpoint())}];
    await expect(new Trainer(classifier(), {...sparse, callbacks}).fit([x, y])).rejects.toThrow(
      /middle of a batch/,
    );
  });
});

describe('findLearningRate', () => {
  it('finds a rate between too small and diverging, and puts everything back', async () => {
    const model = classifier();
    const before = await weightsOf(model);
    const trainer = new Trainer(model, {...sparse, optimizer: new SGD({learningRate: 0.01, momentum: 0.9})});
    const tensors = tf.memory().numTensors;
    const curve = await trainer.findLearningRate([x, y], {batchSize: 8, steps: 60});
    expect(curve.suggestion).toBeGreaterThan(1e-3);
    expect(curve.suggestion).toBeLessThan(10);
    expect(curve.learningRates).toHaveLength(curve.losses.length);
    expect(await weightsOf(model)).toEqual(before);
    expect(trainer.optimizer.iterations).toBe(0);
    expect(trainer.optimizer.learningRate).toBe(0.01);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
