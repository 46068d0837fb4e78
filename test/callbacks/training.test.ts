/** Callbacks in real runs of Trainer. */
import * as tf from '@tensorflow/tfjs-core';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {
  BackupAndRestore,
  EarlyStopping,
  ExponentialMovingAverage,
  GradientAccumulation,
  LearningRateScheduler,
  ModelCheckpoint,
  ProgressBar,
  ReduceLROnPlateau,
  StochasticWeightAveraging,
  TerminateOnNaN,
  Timer,
} from '../../src/callbacks';
import {MemoryStore} from '../../src/checkpoint';
import {ConfigurationError} from '../../src/core';
import {SGD} from '../../src/optimizers';
import {CSVLogger, JSONLinesLogger, MemorySink} from '../../src/track';
import {Trainer} from '../../src/trainer';
import type {Callback, FitOptions, FitResult, TrainContext, TrainerOptions} from '../../src/trainer';
import {blobs, classifier, distance, weightsOf} from '../trainer/fixtures';

const {x, y} = blobs(34);
const held = blobs(16, 2);
const validation = [held.x, held.y] as const;

beforeAll(async () => {
  await useBackend('wasm');
});
let before = 0;
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(before);
});

interface Outcome {
  result: FitResult | undefined;
  error: unknown;
  weights: Record<string, number[]>;
  /** What the model that training left says of the validation data. */
  evaluated: Record<string, number>;
}

/** Trains 3 epochs of 5 batches, the last one short. */
async function train(
  callbacks: readonly Callback[],
  {fit = {}, ...options}: Partial<TrainerOptions> & {fit?: FitOptions} = {},
): Promise<Outcome> {
  const model = classifier();
  const trainer = new Trainer(model, {
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    optimizer: new SGD({learningRate: 0.1, momentum: 0.9}),
    callbacks: [...callbacks],
    seed: 11,
    ...options,
  });
  let result: FitResult | undefined;
  let error: unknown;
  try {
    result = await trainer.fit([x, y], {epochs: 3, batchSize: 7, validation, ...fit});
  } catch (thrown) {
    error = thrown;
  }
  const evaluated = await trainer.evaluate([held.x, held.y], {batchSize: 7});
  const weights = await weightsOf(model);
  trainer.dispose();
  model.dispose();
  return {result, error, weights, evaluated};
}

const failAt = (batch: number): Callback => ({
  order: 1000,
  onTrainBatchEnd({batches}) {
    if (batches === batch) throw new Error('power cut');
  },
});

describe('in a run of Trainer', () => {
  it('EarlyStopping leaves the model that had the best validation loss', async () => {
    const stopping = new EarlyStopping({patience: 2, restoreBest: true});
    const optimizer = new SGD({learningRate: 0.6, momentum: 0.9});
    const {result, evaluated} = await train([stopping], {optimizer, fit: {epochs: 30}});
    const losses = result!.history['val_loss']!;
    expect(result!.stopReason).toBe('earlyStopping');
    expect(result!.epochs).toBe(stopping.stoppedEpoch! + 1);
    expect(losses.indexOf(Math.min(...losses))).toBe(stopping.bestEpoch);
    expect(stopping.bestEpoch).toBe(losses.length - 3);
    expect(evaluated['loss']).toBeCloseTo(Math.min(...losses), 6);
  });

  it('EarlyStopping leaves the best model also when a later callback throws', async () => {
    const stopping = new EarlyStopping({patience: 9, restoreBest: true});
    const first = await train([stopping], {fit: {epochs: 1}});
    const {error, weights} = await train([stopping, failAt(8)]);
    expect(error).toEqual(new Error('power cut'));
    expect(weights).toEqual(first.weights);
  });

  it('ModelCheckpoint saves what was evaluated, and a run goes on from there', async () => {
    const store = new MemoryStore();
    const checkpoints = new ModelCheckpoint({store, keepBest: 1, name: 'best'});
    const callbacks = (): Callback[] => [new ExponentialMovingAverage({decay: 0.8}), new TerminateOnNaN()];
    const whole = await train([...callbacks(), checkpoints], {fit: {epochs: 6}});
    const {value} = checkpoints.best!;
    expect(value).toBe(Math.min(...whole.result!.history['val_loss']!));
    const best = whole.result!.history['val_loss']!.indexOf(value!);
    const resumed = await train(callbacks(), {fit: {epochs: 6, resumeFrom: {store, name: 'best'}}});
    expect(resumed.weights).toEqual(whole.weights);
    // Not trained on at all, the checkpoint's model is the one that was evaluated.
    const asSaved = await train([], {fit: {epochs: best + 1, resumeFrom: {store, name: 'best'}}});
    expect(asSaved.evaluated['loss']).toBeCloseTo(value!, 6);
  });

  it('ExponentialMovingAverage leaves the average of the weights after each update', async () => {
    const decay = 0.8;
    const expected: Record<string, number[]> = {};
    const follow: Callback = {
      onOptimizerStep({parameters}) {
        for (const {key, variable, trainable} of parameters) {
          if (!trainable) continue;
          const now = [...variable.dataSync<'float32'>()];
          const old = expected[key];
          expected[key] = old ? now.map((value, i) => decay * old[i]! + (1 - decay) * value) : now;
        }
      },
    };
    const {weights, evaluated, result} = await train([follow, new ExponentialMovingAverage({decay})]);
    expect(Object.keys(expected)).toHaveLength(6);
    for (const [key, values] of Object.entries(expected))
      expect(distance(weights[key]!, values)).toBeLessThan(2e-6);
    expect(evaluated['loss']).toBeCloseTo(result!.history['val_loss']!.at(-1)!, 6);
    const raw = await train([]);
    expect(weights).not.toEqual(raw.weights);
    // The averages change nothing of what training itself does.
    expect(result!.history['loss']).toEqual(raw.result!.history['loss']);
  });

  it('StochasticWeightAveraging leaves the mean of the weights at the ends of epochs', async () => {
    const sums: Record<string, number[]> = {};
    let raw: Record<string, number[]> = {};
    const follow: Callback = {
      order: -1000,
      onTrainBatchEnd({parameters}) {
        raw = Object.fromEntries(
          parameters
            .filter(p => p.trainable)
            .map(({key, variable}) => [key, [...variable.dataSync<'float32'>()]]),
        );
      },
      onEpochEnd({epoch}) {
        if (epoch < 1) return;
        for (const [key, values] of Object.entries(raw)) {
          sums[key] = values.map((value, i) => value + (sums[key]?.[i] ?? 0));
        }
      },
    };
    const average = new StochasticWeightAveraging({startEpoch: 1, learningRate: 0.2});
    const {weights} = await train([follow, average], {fit: {epochs: 4}});
    for (const [key, values] of Object.entries(sums)) {
      expect(
        distance(
          weights[key]!,
          values.map(value => value / 3),
        ),
      ).toBeLessThan(1e-6);
    }
  });

  it.each(['a number', 'a schedule'])(
    'StochasticWeightAveraging has its rate over %s and LearningRateScheduler, and resumes exactly',
    async kind => {
      const optimizer = (): SGD =>
        new SGD({learningRate: kind === 'a number' ? 0.4 : count => 0.4 / (1 + count), momentum: 0.9});
      const given: number[] = [];
      const callbacks = (): Callback[] => [
        new StochasticWeightAveraging({startEpoch: 1, learningRate: 0.03}),
        ...(kind === 'a number'
          ? [new LearningRateScheduler((_, rate) => (given.push(rate), rate / 2))]
          : []),
      ];
      const rates: number[] = [];
      const checkpoints: Uint8Array[] = [];
      const keep = async ({checkpoint}: TrainContext): Promise<void> =>
        void checkpoints.push(await checkpoint());
      const follow: Callback = {
        order: 1000,
        onOptimizerStep: ({learningRate}) => void rates.push(learningRate),
        onTrainBatchEnd: keep,
        onEpochEnd: keep,
      };
      const own = optimizer();
      const whole = await train([...callbacks(), follow], {optimizer: own});
      expect(rates.slice(5)).toEqual(Array<number>(10).fill(0.03));
      // The scheduler goes on underneath, halving what it set itself.
      if (kind === 'a number') {
        expect(given).toEqual([0.4, 0.2, 0.1]);
        expect(own.learningRate).toBe(0.05);
        expect(whole.result!.history['learning_rate']).toEqual([0.2, 0.03, 0.03]);
      }
      expect(checkpoints).toHaveLength(18);
      // Batches of the first epoch; of the second with its last, and its end; of the third.
      for (const at of [2, 5, 6, 7, 10, 11, 12, 15]) {
        const again = optimizer();
        const rest = await train(callbacks(), {optimizer: again, fit: {resumeFrom: checkpoints[at]!}});
        expect(rest.weights).toEqual(whole.weights);
        expect(rest.result!.history).toEqual(whole.result!.history);
        expect(typeof again.learningRate).toBe(typeof own.learningRate);
        if (kind === 'a number') expect(again.learningRate).toBe(0.05);
      }
    },
  );

  it('averaged weights get BatchNorm statistics of their own', async () => {
    const fit = {shuffle: false};
    const {weights} = await train([new ExponentialMovingAverage({decay: 0.9})], {fit});
    const raw = await train([], {fit});
    const mean = Object.keys(weights).find(key => key.endsWith('moving_mean'))!;
    expect(weights[mean]).not.toEqual(raw.weights[mean]);
    // The mean of the batches' means of what enters BatchNorm, under the averaged weights.
    const [kernel, bias] = [weights['0/kernel']!, weights['0/bias']!];
    const expected = tf.tidy(() => {
      const batches = Array.from({length: 5}, (_, i) => {
        const rows = x.values.slice(i * 28, Math.min(34 * 4, (i + 1) * 28));
        const output = tf.matMul(tf.tensor2d(rows, [rows.length / 4, 4]), tf.tensor2d(kernel, [4, 8]));
        return tf.mean(tf.relu(tf.add(output, bias)), 0);
      });
      return [...tf.div<tf.Tensor1D>(tf.addN(batches), 5).dataSync<'float32'>()];
    });
    expect(distance(weights[mean]!, expected)).toBeLessThan(1e-5);
  });

  it('GradientAccumulation makes an update of every window, and of what is left at the end of an epoch', async () => {
    const {result} = await train([new GradientAccumulation({steps: {0: 1, 1: 2, 2: 4}})]);
    // 5 batches an epoch: 5 + 3 + 2.
    expect(result!.steps).toBe(10);
  });

  it('LearningRateScheduler and ReduceLROnPlateau set the rates that the history has', async () => {
    const optimizer = new SGD({learningRate: 0.1});
    const rates: number[] = [];
    const follow: Callback = {onOptimizerStep: ({learningRate}) => void rates.push(learningRate)};
    const plateau = new ReduceLROnPlateau({monitor: 'val_accuracy', factor: 0.5, patience: 1, minDelta: 2});
    const halves = new LearningRateScheduler((epoch, rate) => (epoch === 0 ? rate : rate / 2));
    const {result} = await train([halves, plateau, follow], {optimizer});
    // No accuracy rises by 2: the plateau halves after each epoch but the first, on top of the scheduler's halves.
    expect(result!.history['learning_rate']).toEqual([0.1, 0.05, 0.0125]);
    expect(rates).toEqual([0.1, 0.05, 0.0125].flatMap(rate => Array<number>(5).fill(rate)));
  });

  it('two callbacks of one class on one number go on each from its own state, given a stateKey', async () => {
    const stores = [new MemoryStore(), new MemoryStore()] as const;
    const make = () => ({
      stopping: [
        new EarlyStopping({patience: 7}),
        new EarlyStopping({patience: 9, minDelta: 100, stateKey: 'patient'}),
      ] as const,
      checkpoints: [
        new ModelCheckpoint({store: stores[0], keepBest: 1}),
        new ModelCheckpoint({store: stores[1], keepBest: 2, stateKey: 'second'}),
      ] as const,
      plateaus: [
        new ReduceLROnPlateau({patience: 5}),
        new ReduceLROnPlateau({patience: 9, stateKey: 'slow'}),
      ] as const,
    });
    type Made = ReturnType<typeof make>;
    const all = ({stopping, checkpoints, plateaus}: Made): Callback[] => [
      ...stopping,
      ...plateaus,
      ...checkpoints,
    ];
    const states = (made: Made): unknown[] => all(made).map(callback => callback.getState!());
    const saved: Uint8Array[] = [];
    const keep: Callback = {
      order: 1000,
      onEpochEnd: async ({checkpoint}) => void saved.push(await checkpoint()),
    };
    const [first, second] = [make(), make()];
    // One with which the loss still falls after the first epoch, so that the two have waited for different times.
    const seed = 12;
    await train([...all(first), keep], {seed});
    expect(first.stopping.map(({wait}) => wait)).not.toEqual([2, 2]);
    await train(all(second), {seed, fit: {resumeFrom: saved[1]!}});
    expect(states(second)).toEqual(states(first));
    expect(second.stopping[1].wait).toBe(2);
    expect(second.checkpoints.map(({kept}) => kept.length)).toEqual([1, 2]);
  });

  it.each([
    ['EarlyStopping', (stateKey: string) => new EarlyStopping({stateKey})] as const,
    ['ReduceLROnPlateau', (stateKey: string) => new ReduceLROnPlateau({stateKey})] as const,
    [
      'ModelCheckpoint',
      (stateKey: string) => new ModelCheckpoint({store: new MemoryStore(), stateKey}),
    ] as const,
  ])('the stateKey of %s must be some text', (_, make) => {
    expect(make('mine').stateKey).toBe('mine');
    expect(() => make('')).toThrow(ConfigurationError);
  });

  it('TerminateOnNaN ends a run that diverges', async () => {
    const {result} = await train([new TerminateOnNaN({every: 2})], {
      optimizer: new SGD({learningRate: 1e38}),
      fit: {epochs: 50},
    });
    expect(result!.stopReason).toBe('terminateOnNaN');
    expect(result!.epochs).toBeLessThan(5);
  });

  it('ProgressBar writes a line an epoch', async () => {
    let text = '';
    await train([new ProgressBar({sink: {write: more => void (text += more), isTTY: false}})], {
      fit: {epochs: 2},
    });
    expect(text).toMatch(
      /^(Epoch [12]\/2 - 5\/5 - \d+s - \d+(m|u)?s\/step - accuracy: \d\.\d{4} - loss: \d\.\d{4} - val_accuracy: \d\.\d{4} - val_loss: \d\.\d{4}\n){2}$/,
    );
  });
});

describe('a run that ended by', () => {
  /** A run and its logs, with everything that has state; `more` breaks it. */
  const start = (
    store: MemoryStore,
    csv: MemorySink,
    json: MemorySink,
    more: readonly Callback[],
  ): Promise<Outcome> =>
    train([
      new GradientAccumulation({steps: 2}),
      new ExponentialMovingAverage({decay: 0.8}),
      new EarlyStopping({patience: 5, restoreBest: true}),
      new ReduceLROnPlateau({patience: 1}),
      new CSVLogger({sink: csv}),
      new JSONLinesLogger({sink: json, everyBatches: 1}),
      new BackupAndRestore({store, everyBatches: 2}),
      ...more,
    ]);

  it.each([1, 5, 8, 13])('an error after batch %i goes on from its backup, logs included', async batch => {
    const logs = [new MemorySink(), new MemorySink()] as const;
    const whole = await start(new MemoryStore(), ...logs, []);
    const store = new MemoryStore();
    const again = [new MemorySink(), new MemorySink()] as const;
    const broken = await start(store, ...again, [failAt(batch)]);
    expect(broken.error).toEqual(new Error('power cut'));
    const resumed: TrainContext['resumed'][] = [];
    const rest = await start(store, ...again, [
      {onTrainBegin: context => void resumed.push(context.resumed)},
    ]);
    expect(resumed).toEqual([batch > 1]);
    expect(rest.result).toEqual(whole.result);
    expect(rest.weights).toEqual(whole.weights);
    expect(again.map(({text}) => text)).toEqual(logs.map(({text}) => text));
    expect(await store.list()).toEqual([]);
  });

  it('a time limit in the middle of an epoch goes on from there', async () => {
    const whole = await train([new ExponentialMovingAverage({decay: 0.8})]);
    const store = new MemoryStore();
    let time = 0;
    const clock: Callback = {onTrainBatchBegin: () => void (time += 1000)};
    const reasons: (string | undefined)[] = [];
    let last: Outcome | undefined;
    for (let run = 0; run < 4; run++) {
      last = await train([
        clock,
        new ExponentialMovingAverage({decay: 0.8}),
        new Timer({maxSeconds: 4, perRun: true, now: () => time}),
        new BackupAndRestore({store}),
      ]);
      reasons.push(last.result?.stopReason);
    }
    // 15 batches, 4 a run.
    expect(reasons).toEqual(['timeLimit', 'timeLimit', 'timeLimit', 'completed']);
    expect(last!.weights).toEqual(whole.weights);
    expect(last!.result!.history).toEqual(whole.result!.history);
    expect(await store.list()).toEqual([]);
  });

  // The last batch of an epoch, and others; while the batch is trained, and once its hooks have run.
  it.each([3, 5, 8].flatMap(at => [[at, 0] as const, [at, 1000] as const]))(
    'a stop at batch %i, at order %i, goes on from its backup',
    async (at, order) => {
      const whole = await train([new ExponentialMovingAverage({decay: 0.8})]);
      const store = new MemoryStore();
      const callbacks = (): Callback[] => [
        new ExponentialMovingAverage({decay: 0.8}),
        new BackupAndRestore({store, everyBatches: 2}),
      ];
      const stop: Callback = {
        order,
        onTrainBatchEnd: context => (context.batches === at ? context.stop('stopped') : undefined),
      };
      const stopped = await train([...callbacks(), stop]);
      expect(stopped.result!.stopReason).toBe('stopped');
      expect(await store.list()).toEqual(['backup']);
      const rest = await train(callbacks());
      expect(rest.weights).toEqual(whole.weights);
      expect(rest.result).toEqual(whole.result);
      expect(await store.list()).toEqual([]);
    },
  );

  it('an abort goes on from its backup', async () => {
    const whole = await train([new ExponentialMovingAverage()]);
    const store = new MemoryStore();
    const controller = new AbortController();
    const callbacks = (): Callback[] => [
      new ExponentialMovingAverage(),
      new BackupAndRestore({store, everyBatches: 1}),
    ];
    const abort: Callback = {
      onTrainBatchEnd: ({batches}) => (batches === 7 ? controller.abort() : undefined),
    };
    const aborted = await train([...callbacks(), abort], {fit: {signal: controller.signal}});
    expect(aborted.error).toBe(controller.signal.reason);
    const rest = await train(callbacks());
    expect(rest.weights).toEqual(whole.weights);
    expect(rest.result).toEqual(whole.result);
  });
});
