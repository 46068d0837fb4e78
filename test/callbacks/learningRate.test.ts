import {describe, expect, it} from 'vitest';
import {LearningRateScheduler, ReduceLROnPlateau} from '../../src/callbacks';
import type {ReduceLROnPlateauOptions} from '../../src/callbacks';
import {decodeState, encodeState} from '../../src/checkpoint';
import {CheckpointError, ConfigurationError} from '../../src/core';
import {Adam, SGD} from '../../src/optimizers';
import {FakeRun} from './fakeRun';
import {useCpuWithoutLeaks} from './setup';

useCpuWithoutLeaks();

/** The rate after each epoch, beginning with 1. */
async function rates(options: ReduceLROnPlateauOptions, values: readonly number[]): Promise<number[]> {
  const optimizer = new SGD({learningRate: 1});
  const run = await new FakeRun([new ReduceLROnPlateau(options)], {optimizer}).begin();
  const after: number[] = [];
  for (const value of values) {
    await run.epoch({val_loss: value});
    after.push(optimizer.currentLearningRate());
  }
  await run.end();
  return after;
}

describe('ReduceLROnPlateau', () => {
  // Each expectation is Keras 3's on_epoch_end worked through by hand.
  it('reduces the rate after patience epochs without improvement, again and again', async () => {
    expect(await rates({factor: 0.5, patience: 2}, [1, 1, 1, 1, 1])).toEqual([1, 1, 0.5, 0.5, 0.25]);
  });

  it('rests in a cooldown, whose last epoch counts already', async () => {
    // After the reduction in epoch 2 the counter goes 2 → 1 (epoch 3), → 0 and wait 1 (epoch 4), wait 2 (epoch 5).
    expect(await rates({factor: 0.5, patience: 2, cooldown: 2}, [1, 1, 1, 1, 1, 1, 1, 1, 1])).toEqual([
      1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125,
    ]);
  });

  it('keeps the best value over a reduction', async () => {
    expect(await rates({factor: 0.5, patience: 1}, [1, 0.5, 0.6, 0.55])).toEqual([1, 1, 0.5, 0.25]);
  });

  it('counts a change of no more than 1e-4 as none by default', async () => {
    expect(await rates({factor: 0.5, patience: 1}, [1, 0.99995])).toEqual([1, 0.5]);
    expect(await rates({factor: 0.5, patience: 1}, [1, 0.9998])).toEqual([1, 1]);
  });

  it('does not go below minLearningRate', async () => {
    expect(await rates({factor: 0.1, patience: 1, minLearningRate: 0.03}, [1, 1, 1, 1])).toEqual([
      1, 0.1, 0.03, 0.03,
    ]);
  });

  it('scales a schedule, which goes on underneath', async () => {
    const optimizer = new SGD({learningRate: count => 1 / (1 + count)});
    const run = await new FakeRun([new ReduceLROnPlateau({factor: 0.5, patience: 1})], {optimizer}).begin();
    await run.epoch({val_loss: 1});
    await run.epoch({val_loss: 1});
    expect(optimizer.currentLearningRate()).toBe(0.5);
    optimizer.step([]);
    expect(optimizer.currentLearningRate()).toBe(0.25);
    await run.end();
  });

  it('logs the rate with which the epoch was trained', async () => {
    const run = await new FakeRun([new ReduceLROnPlateau({factor: 0.5, patience: 1})], {
      optimizer: new SGD({learningRate: 1}),
    }).begin();
    await run.epoch({val_loss: 1});
    await run.epoch({val_loss: 1});
    expect(run.logged).toEqual({learning_rate: 1});
    await run.epoch({val_loss: 1});
    expect(run.logged).toEqual({learning_rate: 0.5});
  });

  it('keeps best value, patience and cooldown in a checkpoint', async () => {
    const values = [1, 1, 1, 1, 1, 1, 1];
    const options = {factor: 0.5, patience: 2, cooldown: 1};
    const whole = await rates(options, values);
    for (let cut = 1; cut < values.length; cut++) {
      const optimizer = new SGD({learningRate: 1});
      const before = new ReduceLROnPlateau(options);
      const run = await new FakeRun([before], {optimizer}).begin();
      for (const value of values.slice(0, cut)) await run.epoch({val_loss: value});
      const after = new ReduceLROnPlateau(options);
      after.setState(decodeState(await encodeState(before.getState())));
      const again = await new FakeRun([after], {optimizer, epoch: cut, resumed: true}).begin();
      for (const value of values.slice(cut)) await again.epoch({val_loss: value});
      expect(optimizer.currentLearningRate()).toBe(whole.at(-1));
    }
    expect(() => new ReduceLROnPlateau().setState({best: 1})).toThrow(CheckpointError);
  });

  it.each([
    {factor: 1},
    {factor: 0},
    {patience: -1},
    {cooldown: 0.5},
    {minLearningRate: -1},
    {mode: 'x'},
    {minLR: 1},
  ])('refuses %j', options => {
    expect(() => new ReduceLROnPlateau(options as object)).toThrow(ConfigurationError);
  });
});

describe('LearningRateScheduler', () => {
  it('sets the rate of each epoch from its index and the present rate', async () => {
    const optimizer = new Adam({learningRate: 0.8});
    const scheduler = new LearningRateScheduler((epoch, rate) => (epoch < 2 ? rate : rate / 2));
    const run = await new FakeRun([scheduler], {optimizer}).begin();
    const seen: number[] = [];
    for (let epoch = 0; epoch < 4; epoch++) {
      await run.epoch({loss: 1}, {train: () => seen.push(optimizer.currentLearningRate())});
      expect(run.logged).toEqual({learning_rate: seen.at(-1)});
    }
    expect(seen).toEqual([0.8, 0.8, 0.4, 0.2]);
  });

  it('and ReduceLROnPlateau multiply, and see each their own part', async () => {
    const optimizer = new SGD({learningRate: 1});
    const given: number[] = [];
    const scheduler = new LearningRateScheduler((_, rate) => (given.push(rate), rate / 2));
    const plateau = new ReduceLROnPlateau({factor: 0.1, patience: 1});
    const run = await new FakeRun([scheduler, plateau], {optimizer}).begin();
    for (let epoch = 0; epoch < 3; epoch++) await run.epoch({val_loss: 1});
    expect(given).toEqual([1, 0.5, 0.25]);
    expect(optimizer.learningRate).toBe(0.125);
    expect(optimizer.currentLearningRate()).toBeCloseTo(0.125 * 0.01, 12);
  });

  it('refuses an optimizer whose rate is a schedule, before training', async () => {
    const run = new FakeRun([new LearningRateScheduler(() => 1)], {
      optimizer: new SGD({learningRate: () => 1}),
    });
    await expect(run.begin()).rejects.toThrow(ConfigurationError);
    await expect(run.begin()).rejects.toThrow('would both set its learning rate');
  });

  it('acts on the optimizer that is named', async () => {
    const optimizers = {generator: new SGD({learningRate: 1}), critic: new SGD({learningRate: () => 1})};
    const scheduler = new LearningRateScheduler(() => 0.5, {optimizer: 'generator'});
    const run = await new FakeRun([scheduler], {optimizers}).begin();
    await run.epoch({loss: 1});
    expect(optimizers.generator.learningRate).toBe(0.5);
    expect(run.logged).toEqual({generator_learning_rate: 0.5, critic_learning_rate: 1});
    const other = new LearningRateScheduler(() => 0.5, {optimizer: 'generater'});
    await expect(new FakeRun([other], {optimizers}).begin()).rejects.toThrow("Did you mean 'generator'?");
  });

  it.each([NaN, -1, Infinity, undefined])('refuses the rate %s, and leaves the old one', async rate => {
    const optimizer = new SGD({learningRate: 1});
    const run = await new FakeRun([new LearningRateScheduler(() => rate as number)], {optimizer}).begin();
    await expect(run.epoch({loss: 1})).rejects.toThrow(ConfigurationError);
    expect(optimizer.learningRate).toBe(1);
  });

  it('refuses something that is no function', () => {
    const rate: unknown = 0.1;
    expect(() => new LearningRateScheduler(rate as () => number)).toThrow(ConfigurationError);
  });
});
