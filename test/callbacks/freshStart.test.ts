/** A state that was put back for a run that never began (its signal was aborted) is none of the next run's. */
import {expect, it} from 'vitest';
import {
  EarlyStopping,
  ExponentialMovingAverage,
  ModelCheckpoint,
  ReduceLROnPlateau,
  StochasticWeightAveraging,
  Timer,
} from '../../src/callbacks';
import {MemoryStore, encodeState} from '../../src/checkpoint';
import type {Stateful} from '../../src/core';
import {CSVLogger, JSONLinesLogger, MemorySink} from '../../src/track';
import type {Callback, Logs} from '../../src/trainer';
import {FakeRun, parameter, setWeight} from './fakeRun';
import {useCpuWithoutLeaks} from './setup';

useCpuWithoutLeaks();

let time = 0;
const kinds: [string, (sink: MemorySink) => Callback & Stateful][] = [
  ['EarlyStopping', () => new EarlyStopping({restoreBest: true})],
  ['ReduceLROnPlateau', () => new ReduceLROnPlateau()],
  ['ExponentialMovingAverage', () => new ExponentialMovingAverage({decay: 0.5})],
  ['StochasticWeightAveraging', () => new StochasticWeightAveraging({startEpoch: 0, learningRate: 0.5})],
  ['ModelCheckpoint', () => new ModelCheckpoint({store: new MemoryStore(), keepBest: 1})],
  ['Timer', () => new Timer({now: () => time})],
  ['CSVLogger', sink => new CSVLogger({sink})],
  ['JSONLinesLogger', sink => new JSONLinesLogger({sink})],
];

it.each(kinds)('%s begins anew', async (_, make) => {
  const sink = new MemorySink();
  const kernel = parameter('0/kernel', 0);
  const runOf = (callback: Callback): FakeRun => new FakeRun([callback], {parameters: [kernel]});
  const epoch = (run: FakeRun, logs: Logs, value: number): Promise<unknown> =>
    run.epoch(logs, {
      train: () => {
        time += 1000;
        setWeight(kernel, value);
      },
    });
  /** The state after the first epoch of a run. */
  const begun = async (callback: Callback & Stateful): Promise<Uint8Array> => {
    const run = await runOf(callback).begin();
    await epoch(run, {val_loss: 3}, 7);
    const state = await encodeState(callback.getState());
    await run.end();
    return state;
  };

  const earlier = make(sink);
  const run = await runOf(earlier).begin();
  await epoch(run, {val_loss: 1, f1: 1}, 2);
  await epoch(run, {val_loss: 2, f1: 1}, 4);
  const callback = make(sink);
  callback.setState(earlier.getState());
  await run.end();
  await runOf(callback).end('aborted');
  expect(await begun(callback)).toEqual(await begun(make(new MemorySink())));
  kernel.variable.dispose();
});
