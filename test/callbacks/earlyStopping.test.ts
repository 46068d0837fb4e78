import {describe, expect, it} from 'vitest';
import {EarlyStopping} from '../../src/callbacks';
import {CheckpointError, ConfigurationError} from '../../src/core';
import type {Parameter} from '../../src/graph';
import {decodeState, disposeState, encodeState} from '../../src/checkpoint';
import {FakeRun, parameter, setWeight, weight} from './fakeRun';
import {useCpuWithoutLeaks} from './setup';

useCpuWithoutLeaks();

/** The epoch (from 0) after which training stops, worked through as Keras 3 does; undefined if it does not. */
async function stopsAfter(
  stopping: EarlyStopping,
  values: readonly number[],
  name = 'val_loss',
): Promise<number | undefined> {
  const run = await new FakeRun([stopping]).begin();
  for (const [epoch, value] of values.entries()) {
    if (await run.epoch({[name]: value})) {
      await run.end();
      return epoch;
    }
  }
  await run.end();
  return undefined;
}

describe('EarlyStopping', () => {
  // Each expectation is Keras 3's on_epoch_end worked through by hand.
  it('stops at the first epoch without improvement when patience is 0', async () => {
    const stopping = new EarlyStopping();
    expect(await stopsAfter(stopping, [5, 4, 4, 3])).toBe(2);
    expect([stopping.best, stopping.bestEpoch, stopping.stoppedEpoch]).toEqual([4, 1, 2]);
  });

  it('waits as many epochs as patience says, and from anew after an improvement', async () => {
    expect(await stopsAfter(new EarlyStopping({patience: 2}), [5, 6, 4, 4, 4, 1])).toBe(4);
    expect(await stopsAfter(new EarlyStopping({patience: 3}), [5, 6, 6, 4, 5, 5])).toBe(undefined);
  });

  it('takes the first epoch for the best so far, however bad', async () => {
    expect(await stopsAfter(new EarlyStopping({patience: 1}), [1e9, 2e9])).toBe(1);
    expect(await stopsAfter(new EarlyStopping({patience: 1, monitor: 'val_auc'}), [-5, -6], 'val_auc')).toBe(
      1,
    );
  });

  it('counts a change of no more than minDelta as none', async () => {
    expect(await stopsAfter(new EarlyStopping({patience: 1, minDelta: 0.5}), [4, 3.5])).toBe(1);
    expect(await stopsAfter(new EarlyStopping({patience: 1, minDelta: 0.5}), [4, 3.25])).toBe(undefined);
    expect(await stopsAfter(new EarlyStopping({patience: 1, minDelta: -0.5}), [4, 3.75])).toBe(1);
    const rising = {patience: 1, monitor: 'val_accuracy', minDelta: 0.5};
    expect(await stopsAfter(new EarlyStopping(rising), [1, 1.5], 'val_accuracy')).toBe(1);
    expect(await stopsAfter(new EarlyStopping(rising), [1, 1.75], 'val_accuracy')).toBe(undefined);
  });

  it('does not reset patience for an improvement that stays short of the baseline', async () => {
    // wait: 1, 2, 3 (improvements, each above the baseline), then 4 ≥ 3 at the first epoch without improvement.
    expect(await stopsAfter(new EarlyStopping({patience: 3, baseline: 1}), [5, 4, 3, 3, 0])).toBe(3);
    // An improvement below the baseline resets: wait 1, 2, 0, 1, 2, 3.
    expect(await stopsAfter(new EarlyStopping({patience: 3, baseline: 3.5}), [5, 4, 3, 3, 3, 3])).toBe(5);
    // Patience passes while the number improves: the next epoch without improvement stops.
    expect(await stopsAfter(new EarlyStopping({patience: 2, baseline: 1}), [5, 4, 3, 2.5, 2.5])).toBe(4);
  });

  it('does not look at epochs before startFromEpoch at all', async () => {
    // Epoch 2 (value 4) seeds the best: 1 from epoch 0 is forgotten.
    const stopping = new EarlyStopping({patience: 1, startFromEpoch: 2});
    expect(await stopsAfter(stopping, [1, 2, 4, 3, 3])).toBe(4);
    expect([stopping.best, stopping.bestEpoch]).toEqual([3, 3]);
  });

  it('never stops after the first epoch', async () => {
    expect(await stopsAfter(new EarlyStopping({patience: 0}), [NaN])).toBe(undefined);
  });

  it('never takes NaN for an improvement, and recovers from it', async () => {
    const stopping = new EarlyStopping({patience: 3});
    expect(await stopsAfter(stopping, [NaN, 4, NaN, 3])).toBe(undefined);
    expect(stopping.best).toBe(3);
    expect(await stopsAfter(new EarlyStopping({patience: 2}), [4, NaN, NaN])).toBe(2);
  });

  it.each([
    ['val_loss', 'min'],
    ['loss', 'min'],
    ['val_head_loss', 'min'],
    ['logLoss', 'min'],
    ['meanAbsoluteError', 'min'],
    ['meanSquaredError', 'min'],
    ['mse', 'min'],
    ['mae', 'min'],
    ['rmse', 'min'],
    ['calibration_error', 'min'],
    ['ece', 'min'],
    ['categoricalHinge', 'min'],
    ['huber', 'min'],
    ['logcosh', 'min'],
    ['poisson', 'min'],
    ['kullbackLeiblerDivergence', 'min'],
    ['val_sparseCategoricalCrossentropy', 'min'],
    ['accuracy', 'max'],
    ['acc', 'max'],
    ['val_head_accuracy', 'max'],
    ['top_k_accuracy', 'max'],
    ['sparseTopKCategoricalAccuracy', 'max'],
    ['auc', 'max'],
    ['prAuc', 'max'],
    ['averagePrecision', 'max'],
    ['precision', 'max'],
    ['recall', 'max'],
    ['f1', 'max'],
    ['f1_score', 'max'],
    ['fScore', 'max'],
    ['fbetaScore', 'max'],
    ['cohen_kappa', 'max'],
    ['matthews_correlation', 'max'],
    ['mcc', 'max'],
    ['r2', 'max'],
    ['r2_score', 'max'],
    ['cosineSimilarity', 'max'],
  ])('knows for %s which way is better', async (monitor, mode) => {
    const values = mode === 'min' ? [2, 1, 0.5] : [1, 2, 3];
    expect(await stopsAfter(new EarlyStopping({monitor}), values, monitor)).toBe(undefined);
    expect(await stopsAfter(new EarlyStopping({monitor}), [...values].reverse(), monitor)).toBe(1);
  });

  it('asks for the mode where the name does not tell', () => {
    expect(() => new EarlyStopping({monitor: 'val_fid'})).toThrow("mode: 'max'");
    expect(() => new EarlyStopping({monitor: 'val_fid', mode: 'min'})).not.toThrow();
  });

  it('begins anew when it is used for another run', async () => {
    const stopping = new EarlyStopping({patience: 1});
    expect(await stopsAfter(stopping, [1, 2])).toBe(1);
    expect(await stopsAfter(stopping, [9, 8, 7])).toBe(undefined);
    expect(stopping.best).toBe(7);
  });

  it.each([
    ['patience', {patience: -1}],
    ['patience', {patience: 1.5}],
    ['mode', {mode: 'lowest'}],
    ['minDelta', {minDelta: NaN}],
    ['baseline', {baseline: '3'}],
    ['startFromEpoch', {startFromEpoch: -2}],
    ['monitor', {monitor: ''}],
    ['patients', {patients: 3}],
  ])('refuses a bad %s', (name, options) => {
    expect(() => new EarlyStopping(options as object)).toThrow(ConfigurationError);
    expect(() => new EarlyStopping(options as object)).toThrow(name);
  });
});

describe("EarlyStopping's monitor", () => {
  it('lists what is there when its name is not in the logs', async () => {
    const run = await new FakeRun([new EarlyStopping({monitor: 'val_acuracy', mode: 'max'})]).begin();
    const epoch = run.epoch({loss: 1, val_accuracy: 1});
    await expect(epoch).rejects.toThrow(ConfigurationError);
    await expect(epoch).rejects.toThrow('loss, val_accuracy');
  });

  it('is missed before training when the run has no validation data', async () => {
    await expect(
      new FakeRun([new EarlyStopping()], {validationFrequency: undefined}).begin(),
    ).rejects.toThrow('no validation data');
  });

  it('passes over epochs in which no validation is due', async () => {
    const stopping = new EarlyStopping({patience: 1});
    const run = await new FakeRun([stopping], {validationFrequency: 2}).begin();
    expect(await run.epoch({loss: 1})).toBe(undefined);
    expect(await run.epoch({loss: 1, val_loss: 2})).toBe(undefined);
    expect(await run.epoch({loss: 1})).toBe(undefined);
    expect(stopping.wait).toBe(0);
    expect(await run.epoch({loss: 1, val_loss: 2})).toBe('earlyStopping');
    await run.end();
  });
});

describe("EarlyStopping's best weights", () => {
  const model = (): Parameter[] => [
    parameter('0/kernel', 0),
    parameter('1/moving_mean', 0, {trainable: false}),
  ];
  const dispose = (parameters: readonly Parameter[]): void =>
    parameters.forEach(({variable}) => variable.dispose());
  const options = {patience: 2, restoreBest: true} as const;

  it.each(['earlyStopping', 'completed', 'aborted', 'error'])(
    'come back when training ends by: %s',
    async reason => {
      const parameters = model();
      const run = await new FakeRun([new EarlyStopping(options)], {parameters}).begin();
      for (const [epoch, loss] of [3, 1, 2].entries()) {
        const train = (): void => parameters.forEach((p, i) => setWeight(p, 10 * epoch + i));
        await run.epoch({val_loss: loss}, {train});
      }
      await run.end(reason);
      expect(parameters.map(weight)).toEqual([10, 11]);
      dispose(parameters);
    },
  );

  it('stay in the model without restoreBest', async () => {
    const parameters = model();
    const run = await new FakeRun([new EarlyStopping({patience: 2})], {parameters}).begin();
    for (const loss of [1, 2])
      await run.epoch({val_loss: loss}, {train: () => setWeight(parameters[0]!, loss)});
    await run.end();
    expect(weight(parameters[0]!)).toBe(2);
    dispose(parameters);
  });

  it('go on with patience through a checkpoint', async () => {
    const parameters = model();
    const first = new EarlyStopping(options);
    const run = await new FakeRun([first], {parameters}).begin();
    await run.epoch({val_loss: 1}, {train: () => setWeight(parameters[0]!, 7)});
    await run.epoch({val_loss: 2}, {train: () => setWeight(parameters[0]!, 8)});
    const bytes = await encodeState(first.getState());
    await run.end('aborted');
    setWeight(parameters[0]!, 8);

    const second = new EarlyStopping(options);
    const state = decodeState(bytes);
    second.setState(state);
    disposeState(state);
    const again = await new FakeRun([second], {parameters, epoch: 2, resumed: true}).begin();
    expect([second.best, second.bestEpoch, second.wait]).toEqual([1, 0, 1]);
    expect(await again.epoch({val_loss: 2})).toBe('earlyStopping');
    await again.end();
    expect(weight(parameters[0]!)).toBe(7);
    dispose(parameters);
  });

  it('of another model are refused before training', async () => {
    const parameters = model();
    const first = new EarlyStopping(options);
    const run = await new FakeRun([first], {parameters}).begin();
    await run.epoch({val_loss: 1});
    const second = new EarlyStopping(options);
    second.setState(first.getState());
    await run.end();
    const other = new FakeRun([second], {parameters: parameters.slice(1), resumed: true});
    await expect(other.begin()).rejects.toThrow(CheckpointError);
    second.setState({wait: 0});
    dispose(parameters);
  });

  it('of a state without them are missed', async () => {
    const parameters = model();
    const first = new EarlyStopping({patience: 2});
    const run = await new FakeRun([first], {parameters}).begin();
    await run.epoch({val_loss: 1});
    expect(() => new EarlyStopping(options).setState(first.getState())).toThrow('without restoreBest');
    await run.end();
    dispose(parameters);
  });

  it.each([[null], [3], [{best: 'x', wait: 0}], [{best: 1}], [{best: 1, wait: 0, bestWeights: {a: 1}}]])(
    'are not read from the damaged state %j',
    state => {
      expect(() => new EarlyStopping(options).setState(state)).toThrow(CheckpointError);
    },
  );
});
