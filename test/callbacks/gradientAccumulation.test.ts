import {describe, expect, it} from 'vitest';
import {GradientAccumulation} from '../../src/callbacks';
import {ConfigurationError} from '../../src/core';
import {FakeRun} from './fakeRun';

const closings = async (
  steps: ConstructorParameters<typeof GradientAccumulation>[0]['steps'],
  epoch: number,
): Promise<boolean[]> => {
  const run = await new FakeRun([new GradientAccumulation({steps})], {epoch}).begin();
  return Promise.all([1, 2, 3, 4, 5].map(size => run.closes(size)));
};

describe('GradientAccumulation', () => {
  it('keeps a window open until it has as many batches as steps says', async () => {
    expect(await closings(3, 0)).toEqual([false, false, true, true, true]);
    expect(await closings(1, 0)).toEqual([true, true, true, true, true]);
  });

  it('takes steps by epoch from a function', async () => {
    expect(await closings(epoch => epoch + 1, 1)).toEqual([false, true, true, true, true]);
  });

  it('takes steps from the epochs at which a record changes them', async () => {
    const steps = {2: 2, 10: 4};
    expect(await closings(steps, 1)).toEqual([true, true, true, true, true]);
    expect(await closings(steps, 2)).toEqual([false, true, true, true, true]);
    expect(await closings(steps, 9)).toEqual([false, true, true, true, true]);
    expect(await closings(steps, 10)).toEqual([false, false, false, true, true]);
  });

  it.each([0, -1, 1.5, NaN, '4', undefined, null, {}, {0: 0}, {0.5: 2}, {'-1': 2}, {first: 2}])(
    'refuses the steps %j',
    steps => {
      expect(() => new GradientAccumulation({steps: steps as number})).toThrow(ConfigurationError);
    },
  );

  it('refuses a function that gives no number of steps before the epoch begins', async () => {
    await expect(new FakeRun([new GradientAccumulation({steps: () => 0})]).begin()).rejects.toThrow(
      'epoch 0',
    );
    const late = await new FakeRun([new GradientAccumulation({steps: epoch => 1 - epoch})]).begin();
    await late.epoch({loss: 1});
    await expect(late.epoch({loss: 1})).rejects.toThrow('steps in epoch 1 is 0');
  });
});
