import * as layers from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {
  EarlyStopping,
  ExponentialMovingAverage,
  LambdaCallback,
  StochasticWeightAveraging,
} from '../../src/callbacks';
import {decodeState, disposeState, encodeState} from '../../src/checkpoint';
import {CheckpointError, ConfigurationError} from '../../src/core';
import type {StateTree} from '../../src/core';
import type {Callback} from '../../src/trainer';
import {SGD} from '../../src/optimizers';
import {FakeRun, parameter, setWeight, weight} from './fakeRun';
import {useCpuWithoutLeaks} from './setup';

useCpuWithoutLeaks();

/** A weight and a statistic, and a run of callbacks on them. */
function setUp(callbacks: readonly Callback[], more: ConstructorParameters<typeof FakeRun>[1] = {}) {
  const [w, mean] = [parameter('0/kernel', 0), parameter('1/moving_mean', 0, {trainable: false})];
  const run = new FakeRun(callbacks, {
    parameters: [w, mean],
    // Recomputed statistics are told apart by their sign.
    refreshStatistics: async options => {
      run.refreshed.push(options);
      setWeight(mean, -Math.abs(weight(mean)) - 1);
    },
    ...more,
  });
  const values = (): number[] => [weight(w), weight(mean)];
  /** Training that puts both at `value`. */
  const to = (value: number) => (): void => [w, mean].forEach(p => setWeight(p, value));
  const dispose = (): void => [w, mean].forEach(({variable}) => variable.dispose());
  return {run, w, mean, values, to, dispose};
}

const swappedIn = (values: () => number[], seen: Record<string, number[]>): Callback =>
  new LambdaCallback({
    onValidationBegin: () => void (seen['validation'] = values()),
    onEpochEnd: () => void (seen['epoch end'] = values()),
    onTrainBatchBegin: () => void (seen['batch'] = values()),
  });

describe('ExponentialMovingAverage', () => {
  it('is decay · average + (1 − decay) · weight, from a copy of the first weights on', async () => {
    const {run, values, to, dispose} = setUp([new ExponentialMovingAverage({decay: 0.75})]);
    await run.begin();
    let expected = NaN;
    for (const value of [8, 4, -3, 0.5, 100]) {
      await run.batch({}, to(value));
      expected = Number.isNaN(expected) ? value : 0.75 * expected + 0.25 * value;
    }
    await run.end();
    expect(values()[0]).toBeCloseTo(expected, 4);
    dispose();
  });

  it('does not shrink with a decay near 1', async () => {
    const {run, values, to, dispose} = setUp([new ExponentialMovingAverage({decay: 0.9999})]);
    await run.begin();
    for (let i = 0; i < 500; i++) await run.batch({}, to(1));
    await run.end();
    expect(values()[0]).toBe(1);
    dispose();
  });

  it('begins after startStep updates', async () => {
    const {run, values, to, dispose} = setUp([new ExponentialMovingAverage({decay: 0.5, startStep: 2})]);
    await run.begin();
    for (const value of [100, 100, 4, 8]) await run.batch({}, to(value));
    await run.end();
    expect(values()[0]).toBe(6);
    dispose();
  });

  it('counts the updates of the optimizer that is named alone', async () => {
    const {run, values, to, dispose} = setUp(
      [new ExponentialMovingAverage({decay: 0.5, optimizer: 'critic'})],
      {optimizers: {model: new SGD(), critic: new SGD()}},
    );
    await run.begin();
    await run.batch({}, to(3));
    await run.end();
    expect(values()[0]).toBe(3);
    expect(run.refreshed).toEqual([]);
    dispose();
  });

  it('averages the model that is named alone, beside another average of another model', async () => {
    const keys = ['a:0/kernel', 'a:1/moving_mean', 'ab:0/kernel'];
    const weights = keys.map(key => parameter(key, 0, {trainable: key.endsWith('kernel')}));
    const average = (optimizer: string): ExponentialMovingAverage =>
      new ExponentialMovingAverage({decay: 0.5, optimizer});
    const averages = [average('a'), average('ab')] as const;
    const seen: number[][] = [];
    const run = new FakeRun(
      [...averages, new LambdaCallback({onEpochEnd: () => void seen.push(weights.map(weight))})],
      {
        parameters: weights,
        models: {a: layers.sequential(), ab: layers.sequential()},
        optimizers: {a: new SGD(), ab: new SGD()},
      },
    );
    /** A batch that puts all weights at `value`, with an update of `optimizerName`. */
    const batch = async (optimizerName: string, value: number): Promise<void> => {
      run.optimizerName = optimizerName;
      await run.batch({}, () => weights.forEach(p => setWeight(p, value)));
    };
    await run.begin();
    await batch('a', 2);
    await batch('ab', 10);
    run.optimizerName = 'a';
    await run.epoch({}, {train: () => weights.forEach(p => setWeight(p, 4))});
    expect(seen).toEqual([[3, 4, 10]]);
    expect(Object.keys((averages[0].getState() as {average: object}).average)).toEqual(['a:0/kernel']);
    expect(averages[0].stateKey).not.toBe(averages[1].stateKey);
    await batch('a', 5);
    expect(weights.map(weight)).toEqual([5, 5, 5]);
    await run.end();
    expect(weights.map(weight)).toEqual([4, 5, 10]);
    weights.forEach(({variable}) => variable.dispose());
  });

  it('refuses an optimizer that is not there', async () => {
    const {run, dispose} = setUp([new ExponentialMovingAverage({optimizer: 'critic'})]);
    await expect(run.begin()).rejects.toThrow(/Unknown optimizer 'critic'/);
    await run.end('error');
    dispose();
  });

  it('is what validation and epoch ends see, and training goes on with the raw weights', async () => {
    const seen: Record<string, number[]> = {};
    const average = new ExponentialMovingAverage({decay: 0.5, statisticsBatches: 7});
    const {run, values, to, dispose} = setUp([average, swappedIn(() => values(), seen)]);
    await run.begin();
    await run.batch({}, to(4));
    await run.epoch({loss: 1}, {train: to(8)});
    // The weight is averaged; the statistic 8 was recomputed.
    expect(seen).toEqual({batch: [4, 4], validation: [6, -9], 'epoch end': [6, -9]});
    expect(average.swapped).toBe(true);
    await run.epoch({loss: 1}, {train: to(10), validation: false});
    expect(seen).toEqual({batch: [8, 8], validation: [6, -9], 'epoch end': [8, -11]});
    await run.end();
    expect(values()).toEqual([8, -11]);
    expect(run.refreshed).toEqual([{batches: 7}, {batches: 7}]);
    dispose();
  });

  it('stays out of validation, or out of the final model, when told so', async () => {
    const seen: Record<string, number[]> = {};
    const late = setUp([
      new ExponentialMovingAverage({decay: 0.5, evaluateAverages: false}),
      swappedIn(() => late.values(), seen),
    ]);
    await late.run.begin();
    await late.run.epoch({}, {train: late.to(2)});
    await late.run.epoch({}, {train: late.to(4)});
    expect(seen).toEqual({batch: [2, 2], validation: [4, 4], 'epoch end': [4, 4]});
    await late.run.end();
    expect(late.values()).toEqual([3, -5]);
    late.dispose();

    const never = setUp([new ExponentialMovingAverage({decay: 0.5, keepAverages: false})]);
    await never.run.begin();
    await never.run.epoch({}, {train: never.to(2)});
    await never.run.epoch({}, {train: never.to(4)});
    await never.run.end();
    expect(never.values()).toEqual([4, 4]);
    never.dispose();
  });

  it.each(['error', 'aborted'])('leaves the raw weights after an end by: %s', async reason => {
    const {run, values, to, dispose} = setUp([new ExponentialMovingAverage({decay: 0.5})]);
    await run.begin();
    await run.epoch({}, {train: to(2)});
    await run.epoch({}, {train: to(4)});
    await run.end(reason);
    expect(values()).toEqual([4, 4]);
    expect(run.refreshed).toHaveLength(2);
    dispose();
  });

  it('frees everything when recomputing statistics fails at the end', async () => {
    const {run, to, dispose} = setUp([new ExponentialMovingAverage()], {
      refreshStatistics: () => Promise.reject(new Error('no data')),
    });
    await run.begin();
    await run.batch({}, to(2));
    await expect(run.end()).rejects.toThrow('no data');
    dispose();
  });

  it('is what EarlyStopping keeps as the best weights, with the statistics that were evaluated', async () => {
    const callbacks = [
      new EarlyStopping({patience: 5, restoreBest: true}),
      new ExponentialMovingAverage({decay: 0.5}),
    ];
    const {run, values, to, dispose} = setUp(callbacks);
    await run.begin();
    await run.epoch({val_loss: 2}, {train: to(2)});
    await run.epoch({val_loss: 1}, {train: to(4)});
    await run.epoch({val_loss: 3}, {train: to(100)});
    await run.end();
    expect(values()).toEqual([3, -5]);
    dispose();
  });

  it.each([1, 2, 3, 4, 5])('continues a checkpoint after %i batches bit for bit', async cut => {
    const train = [1.1, 2.3, -0.7, 5.9, 3.1];
    const make = (): ExponentialMovingAverage => new ExponentialMovingAverage({decay: 0.9});
    const whole = setUp([make()]);
    await whole.run.begin();
    for (const value of train) await whole.run.epoch({}, {train: whole.to(value)});
    await whole.run.end();

    const first = make();
    const before = setUp([first]);
    await before.run.begin();
    for (const value of train.slice(0, cut)) await before.run.epoch({}, {train: before.to(value)});
    const bytes = await encodeState(first.getState());
    const saved = before.values();
    await before.run.end('aborted');

    const second = make();
    const state = decodeState(bytes);
    second.setState(state);
    disposeState(state);
    const after = setUp([second], {epoch: cut, steps: cut, resumed: true});
    // As the trainer restores them: what the model held when the checkpoint was made.
    setWeight(after.w, saved[0]!);
    setWeight(after.mean, saved[1]!);
    await after.run.begin();
    for (const value of train.slice(cut)) await after.run.epoch({}, {train: after.to(value)});
    await after.run.end();
    expect(after.values()).toEqual(whole.values());
    for (const {dispose} of [whole, before, after]) dispose();
  });

  it('goes on with the raw weights from a checkpoint of an epoch end, also without an epoch begin', async () => {
    const first = new ExponentialMovingAverage({decay: 0.5});
    const before = setUp([first]);
    await before.run.begin();
    await before.run.epoch({}, {train: before.to(2)});
    await before.run.epoch({}, {train: before.to(4)});
    const second = new ExponentialMovingAverage({decay: 0.5});
    second.setState(first.getState());
    await before.run.end();

    const after = setUp([second], {resumed: true});
    await after.run.begin();
    let seen = NaN;
    await after.run.batch({}, () => (seen = after.values()[0]!));
    expect(seen).toBe(4);
    await after.run.end();
    for (const {dispose} of [before, after]) dispose();
  });

  it('of another model is refused before training', async () => {
    const first = new ExponentialMovingAverage();
    const before = setUp([first]);
    await before.run.begin();
    await before.run.batch({}, before.to(2));
    const second = new ExponentialMovingAverage();
    second.setState(first.getState());
    await before.run.end();
    const other = new FakeRun([second], {parameters: [], resumed: true});
    await expect(other.begin()).rejects.toThrow(CheckpointError);
    await other.end('error');
    before.dispose();
  });

  it.each([
    {decay: 1},
    {decay: -0.1},
    {decay: NaN},
    {startStep: -1},
    {statisticsBatches: 0},
    {momentum: 0.9},
  ])('refuses %j', options => {
    expect(() => new ExponentialMovingAverage(options)).toThrow(ConfigurationError);
  });

  it.each([[null], [{}], [{count: 1}], [{count: 0, average: {a: 3}}], [{count: 'x'}]])(
    'does not read the damaged state %j',
    state => {
      expect(() => new ExponentialMovingAverage().setState(state)).toThrow(CheckpointError);
    },
  );
});

describe('StochasticWeightAveraging', () => {
  it('is the mean of the weights at the ends of epochs from startEpoch on', async () => {
    const seen: Record<string, number[]> = {};
    const {run, values, to, dispose} = setUp([
      new StochasticWeightAveraging({startEpoch: 1}),
      swappedIn(() => values(), seen),
    ]);
    await run.begin();
    await run.epoch({}, {train: to(100)});
    expect(seen['epoch end']).toEqual([100, 100]);
    await run.epoch({}, {train: to(2), batches: 3});
    expect(seen).toEqual({batch: [2, 2], validation: [2, -3], 'epoch end': [2, -3]});
    await run.epoch({}, {train: to(4), validation: false});
    expect(seen['batch']).toEqual([2, 2]);
    expect(seen['epoch end']).toEqual([3, -5]);
    await run.epoch({}, {train: to(9)});
    await run.end();
    expect(values()).toEqual([5, -10]);
    dispose();
  });

  it('takes every so many epochs', async () => {
    const {run, values, to, dispose} = setUp([
      new StochasticWeightAveraging({startEpoch: 1, everyEpochs: 2}),
    ]);
    await run.begin();
    for (const value of [100, 2, 100, 4, 100]) await run.epoch({}, {train: to(value)});
    await run.end();
    expect(values()[0]).toBe(3);
    dispose();
  });

  it('does not count a validation before training', async () => {
    const average = new StochasticWeightAveraging({startEpoch: 0});
    const {run, values, to, dispose} = setUp([average]);
    await run.begin();
    await average.onValidationBegin(run.context);
    for (const value of [2, 4]) await run.epoch({}, {train: to(value)});
    await run.end();
    expect(values()[0]).toBe(3);
    dispose();
  });

  it('leaves the model alone when training ends before startEpoch', async () => {
    const {run, values, to, dispose} = setUp([new StochasticWeightAveraging({startEpoch: 5})]);
    await run.begin();
    await run.epoch({}, {train: to(2)});
    await run.end();
    expect(values()).toEqual([2, 2]);
    dispose();
  });

  it('sets a rate of its own from startEpoch on, and gives back the schedule at the end', async () => {
    const schedule = (count: number): number => 1 / (1 + count);
    const optimizer = new SGD({learningRate: schedule});
    const {run, dispose} = setUp([new StochasticWeightAveraging({startEpoch: 1, learningRate: 0.25})], {
      optimizer,
    });
    await run.begin();
    const rates: number[] = [];
    for (let epoch = 0; epoch < 3; epoch++) {
      await run.epoch({}, {train: () => rates.push(optimizer.currentLearningRate())});
    }
    await run.end();
    expect(rates).toEqual([1, 0.25, 0.25]);
    expect(optimizer.learningRate).toBe(schedule);
    dispose();
  });

  it.each([0, 1, 2, 3, 4])('continues a checkpoint after %i epochs bit for bit', async cut => {
    const train = [1.1, 2.3, -0.7, 5.9];
    const make = (): StochasticWeightAveraging =>
      new StochasticWeightAveraging({startEpoch: 1, learningRate: 0.5});
    const whole = setUp([make()]);
    await whole.run.begin();
    for (const value of train) await whole.run.epoch({}, {train: whole.to(value)});
    await whole.run.end();

    const first = make();
    const before = setUp([first]);
    await before.run.begin();
    for (const value of train.slice(0, cut)) await before.run.epoch({}, {train: before.to(value)});
    const bytes = await encodeState(first.getState());
    const saved = before.values();
    await before.run.end('aborted');

    const second = make();
    const state = decodeState(bytes);
    second.setState(state);
    disposeState(state);
    const optimizer = new SGD({learningRate: 0.1});
    const after = setUp([second], {epoch: cut, steps: cut, resumed: true, optimizer});
    setWeight(after.w, saved[0]!);
    setWeight(after.mean, saved[1]!);
    await after.run.begin();
    for (const value of train.slice(cut)) await after.run.epoch({}, {train: after.to(value)});
    if (cut < 4) expect(optimizer.learningRate).toBe(0.5);
    await after.run.end();
    expect(optimizer.learningRate).toBe(0.1);
    expect(after.values()).toEqual(whole.values());
    for (const {dispose} of [whole, before, after]) dispose();
  });

  it('gives back the rate of before after a resume too', async () => {
    const make = () => {
      const average = new StochasticWeightAveraging({startEpoch: 1, learningRate: 0.05});
      const optimizer = new SGD({learningRate: 0.01});
      return {average, optimizer, ...setUp([average], {optimizer})};
    };
    for (const midEpoch of [false, true]) {
      const [before, after] = [make(), make()];
      await before.run.begin();
      await before.run.epoch({});
      await before.run.epoch({});
      if (midEpoch) await before.run.batch({});
      expect(before.optimizer.learningRate).toBe(0.05);
      const bytes = await encodeState([before.optimizer.getState(), before.average.getState()]);
      await before.run.end('aborted');
      expect(before.optimizer.learningRate).toBe(0.01);

      const state = decodeState(bytes) as StateTree[];
      after.optimizer.setState(state[0]);
      after.average.setState(state[1]);
      disposeState(state);
      Object.assign(after.run.context, {epoch: 2, batch: midEpoch ? 1 : 0, resumed: true});
      await after.run.begin();
      expect(after.optimizer.learningRate).toBe(0.05);
      if (midEpoch) await after.run.batch({});
      else await after.run.epoch({});
      expect(after.optimizer.learningRate).toBe(0.05);
      await after.run.end();
      expect(after.optimizer.learningRate).toBe(0.01);
      [before, after].forEach(({dispose}) => dispose());
    }
  });

  it('does not read rates that are none', () => {
    const average = new StochasticWeightAveraging({startEpoch: 1, learningRate: 0.05});
    const state = {count: 0, includedEpoch: -1, ownRates: {model: 'fast'}};
    expect(() => average.setState(state)).toThrow(CheckpointError);
  });

  it.each([{}, {startEpoch: -1}, {startEpoch: 0, everyEpochs: 0}, {startEpoch: 0, learningRate: 0}])(
    'refuses %j',
    options => {
      expect(() => new StochasticWeightAveraging(options as {startEpoch: number})).toThrow(
        ConfigurationError,
      );
    },
  );
});
