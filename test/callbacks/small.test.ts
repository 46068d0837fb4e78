import {describe, expect, it} from 'vitest';
import {LambdaCallback, TerminateOnNaN, Timer} from '../../src/callbacks';
import {decodeState, encodeState} from '../../src/checkpoint';
import {CheckpointError, ConfigurationError} from '../../src/core';
import {FakeRun} from './fakeRun';

describe('TerminateOnNaN', () => {
  it.each([NaN, Infinity, -Infinity])('stops training when the loss is %s', async loss => {
    const run = await new FakeRun([new TerminateOnNaN({every: 1})]).begin();
    await run.batch({loss: 1});
    expect(run.context.stopReason).toBe(undefined);
    await run.batch({loss});
    expect(run.context.stopReason).toBe('terminateOnNaN');
  });

  it('reads the loss once in so many batches', async () => {
    const run = await new FakeRun([new TerminateOnNaN({every: 3})]).begin();
    const stopped: boolean[] = [];
    for (let i = 0; i < 4; i++) {
      await run.batch({loss: NaN});
      stopped.push(run.context.stopReason !== undefined);
    }
    expect(stopped).toEqual([false, false, true, true]);
  });

  it('looks at the end of each epoch too', async () => {
    const run = await new FakeRun([new TerminateOnNaN({every: 100})]).begin();
    expect(await run.epoch({loss: NaN})).toBe('terminateOnNaN');
  });

  it.each([0, 1.5, -1])('refuses every: %s', every => {
    expect(() => new TerminateOnNaN({every})).toThrow(ConfigurationError);
  });
});

describe('Timer', () => {
  const timed = (
    options: ConstructorParameters<typeof Timer>[0] = {},
  ): {timer: Timer; pass: (seconds: number) => void} => {
    let time = 5000;
    return {timer: new Timer({...options, now: () => time}), pass: seconds => (time += seconds * 1000)};
  };

  it('records what each epoch took', async () => {
    const {timer, pass} = timed();
    const run = await new FakeRun([timer]).begin();
    pass(1);
    await run.epoch({loss: 1}, {train: () => pass(10)});
    await run.epoch({loss: 1}, {train: () => pass(20), batches: 2});
    await run.end();
    pass(100);
    expect(timer.epochSeconds).toEqual([10, 40]);
    expect(timer.elapsedSeconds).toBe(51);
  });

  it('stops after the batch in which time is up', async () => {
    const {timer, pass} = timed({maxSeconds: 25});
    const run = await new FakeRun([timer]).begin();
    const stops: boolean[] = [];
    for (let i = 0; i < 3; i++) {
      await run.batch({loss: 1}, () => pass(10));
      stops.push(run.context.stopReason === 'timeLimit');
    }
    expect(stops).toEqual([false, false, true]);
  });

  it.each([
    [false, true],
    [true, false],
  ])('with perRun %s counts the time before a checkpoint: %s', async (perRun, stops) => {
    const first = timed();
    const run = await new FakeRun([first.timer]).begin();
    await run.epoch({loss: 1}, {train: () => first.pass(20)});
    await run.batch({loss: 1}, () => first.pass(3));
    const state = decodeState(await encodeState(first.timer.getState()));

    const second = timed({maxSeconds: 25, perRun});
    second.timer.setState(state);
    second.pass(1000);
    const again = await new FakeRun([second.timer], {epoch: 1, resumed: true}).begin();
    await again.batch({loss: 1}, () => second.pass(4));
    expect(again.context.stopReason === 'timeLimit').toBe(stops);
    expect(second.timer.elapsedSeconds).toBe(27);
    // The resumed epoch's time is whole: 3 seconds before the checkpoint and 4 after it.
    second.timer.onEpochEnd();
    expect(second.timer.epochSeconds).toEqual([20, 7]);
  });

  it('begins anew when it is used for another run', async () => {
    const {timer, pass} = timed();
    for (let i = 0; i < 2; i++) {
      const run = await new FakeRun([timer]).begin();
      await run.epoch({loss: 1}, {train: () => pass(1)});
      await run.end();
    }
    expect([timer.epochSeconds, timer.elapsedSeconds]).toEqual([[1], 1]);
  });

  it('refuses bad options and states', () => {
    for (const maxSeconds of [0, -1, NaN]) expect(() => new Timer({maxSeconds})).toThrow(ConfigurationError);
    expect(() => new Timer().setState({elapsedSeconds: 1, epochSeconds: ['1'], inEpoch: 0})).toThrow(
      CheckpointError,
    );
  });
});

describe('LambdaCallback', () => {
  it('runs the functions that it is made of, in its place among others', async () => {
    const calls: string[] = [];
    const late = new LambdaCallback({
      name: 'late',
      order: 5,
      onEpochEnd: ({epoch}) => void calls.push(`late ${epoch}`),
    });
    const early = new LambdaCallback({onEpochEnd: async ({logs}) => void calls.push(`early ${logs.loss}`)});
    await new FakeRun([late, early]).epoch({loss: 3});
    expect(calls).toEqual(['early 3', 'late 0']);
    expect([late.name, early.name]).toEqual(['late', 'LambdaCallback']);
  });

  it('refuses a hook that does not exist, and one that is no function', () => {
    expect(() => new LambdaCallback({onEpochFinish: () => {}} as object)).toThrow(
      "Unknown hook 'onEpochFinish'",
    );
    const hooks: unknown = {onEpochEnd: 3};
    expect(() => new LambdaCallback(hooks as object)).toThrow(ConfigurationError);
  });
});
