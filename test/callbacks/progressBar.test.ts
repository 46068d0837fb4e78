import {afterEach, describe, expect, it} from 'vitest';
import {ProgressBar} from '../../src/callbacks';
import type {Progress, ProgressBarOptions} from '../../src/callbacks';
import {formatValue} from '../../src/callbacks/progressLine';
import {ConfigurationError, registerPlatform} from '../../src/core';
import {FakeRun} from './fakeRun';

/** A clock, a sink that remembers, and a bar on both. */
function setUp(options: ProgressBarOptions = {}, {isTTY = true, columns = 200} = {}) {
  let time = 0;
  let text = '';
  const sink = {write: (more: string) => void (text += more), isTTY, columns};
  const bar = new ProgressBar({sink, now: () => time, ...options});
  return {
    bar,
    pass: (seconds: number) => (): void => void (time += seconds * 1000),
    /** What a screen shows: control sequences for colours removed, lines that were written over gone. */
    screen: () =>
      text
        .replaceAll(COLOUR, '')
        .split('\n')
        .map(line => line.split('\r').at(-1)!.replace('\x1b[K', '')),
    raw: () => text,
  };
}

const full = '━'.repeat(20);
const ESCAPE = '\x1b';
const COLOUR = new RegExp(`${ESCAPE}\\[[\\d;]*m`, 'g');

describe('ProgressBar in a terminal', () => {
  it("has Keras's look", async () => {
    const {bar, pass, screen} = setUp();
    const run = await new FakeRun([bar], {epochs: 3, batchesPerEpoch: 469, epoch: 1}).begin();
    run.context.batch = 0;
    bar.onEpochBegin(run.context);
    for (let i = 0; i < 37; i++) await run.batch({loss: 0.53119, accuracy: 0.81234}, pass(0.0135));
    // (469 − 37) · 0.0135 s = 5.832 s remain, and 0.0135 rounds to 14.
    expect(screen()).toEqual(['Epoch 2/3', ` 37/469 ${full} 5s 14ms/step - accuracy: 0.8123 - loss: 0.5312`]);
  });

  it('fills the bar as batches are done', async () => {
    const {bar, pass, raw} = setUp();
    const run = await new FakeRun([bar], {batchesPerEpoch: 10}).begin();
    for (let i = 0; i < 5; i++) await run.batch({loss: 1}, pass(1));
    const [, green = '', grey = ''] = /.*32m(━+).*37m(━+)[^━]*$/.exec(raw()) ?? [];
    expect([green.length, grey.length]).toEqual([10, 10]);
  });

  it('ends an epoch with the time that it took and the numbers of validation, then the rates', async () => {
    const {bar, pass, screen} = setUp();
    const run = await new FakeRun([bar], {batchesPerEpoch: 4}).begin();
    const batches = {loss: 1, accuracy: 0.5};
    run.context.batch = 0;
    bar.onEpochBegin(run.context);
    for (let i = 0; i < 4; i++) await run.batch(batches, pass(2));
    pass(1)();
    const logs = {val_loss: 2, learning_rate: 1e-4, loss: 1, val_accuracy: 0.25, accuracy: 0.5};
    bar.onEpochEnd(run.view({logs}));
    expect(screen()).toEqual([
      'Epoch 1/10',
      `4/4 ${full} 9s 2s/step - accuracy: 0.5000 - loss: 1.0000 - val_accuracy: 0.2500 - val_loss: 2.0000 - learning_rate: 1.0000e-04`,
      '',
    ]);
  });

  it('leaves the first batch out of the time a step takes', async () => {
    const {bar, pass, screen} = setUp();
    const run = await new FakeRun([bar], {batchesPerEpoch: 100}).begin();
    await run.batch({loss: 1}, pass(10));
    expect(screen().at(-1)).toContain('16:30 10s/step');
    await run.batch({loss: 1}, pass(0.5));
    await run.batch({loss: 1}, pass(0.5));
    expect(screen().at(-1)).toContain('48s 500ms/step');
  });

  it('is refreshed at most every 0.05 s, and reads the numbers only then', async () => {
    let reads = 0;
    const {bar, pass, raw} = setUp();
    const run = await new FakeRun([bar], {batchesPerEpoch: 1000}).begin();
    for (let i = 0; i < 100; i++) {
      pass(0.01)();
      run.context.batch++;
      bar.onTrainBatchBegin(run.context);
      const logs = {read: async () => (reads++, {loss: 1})};
      await bar.onTrainBatchEnd(run.view({logs}));
    }
    expect(reads).toBe(20);
    expect(raw().split('\r').length - 1).toBe(20);
  });

  it('says so where the number of batches is not known, and counts when it is', async () => {
    const {bar, pass, screen} = setUp();
    const run = await new FakeRun([bar], {epochs: Infinity}).begin();
    await run.epoch({loss: 1}, {batches: 12, train: pass(1)});
    bar.onEpochBegin(Object.assign(run.context, {batch: 0}));
    await run.batch({loss: 1}, pass(1));
    expect(screen()).toEqual([
      'Epoch 1',
      `12/12 ${full} 12s 1s/step - loss: 1.0000`,
      'Epoch 2',
      '      1/Unknown 1s 1s/step - loss: 1.0000',
    ]);
  });

  it('leaves out what does not fit in the line while it is written over', async () => {
    const {bar, pass, screen} = setUp({}, {columns: 50});
    const run = await new FakeRun([bar], {batchesPerEpoch: 2}).begin();
    await run.batch({loss: 1, accuracy: 0.5, precision: 0.5}, pass(1));
    expect(screen().at(-1)).toBe(`1/2 ${full} 1s 1s/step`);
    expect(screen().at(-1)!.length).toBeLessThan(50);
    bar.onEpochEnd(run.view({logs: {loss: 1, accuracy: 0.5}}));
    expect(screen().at(-2)).toContain('loss: 1.0000');
  });

  it('takes a width of 0 for one that is not known', async () => {
    const {bar, pass, screen} = setUp({}, {columns: 0});
    const run = await new FakeRun([bar], {batchesPerEpoch: 2}).begin();
    await run.batch({loss: 1}, pass(1));
    expect(screen().at(-1)).toContain('loss: 1.0000');
  });

  it('leaves the cursor on a new line when training ends in the middle of an epoch', async () => {
    const {bar, pass, raw} = setUp();
    const run = await new FakeRun([bar], {batchesPerEpoch: 2}).begin();
    await run.batch({loss: 1}, pass(1));
    await run.end('aborted');
    expect(raw().endsWith('\n')).toBe(true);
  });

  it('goes on in the middle of an epoch', async () => {
    const {bar, pass, screen} = setUp();
    const run = await new FakeRun([bar], {batchesPerEpoch: 10, batch: 5, epoch: 2, resumed: true}).begin();
    await run.batch({loss: 1}, pass(2));
    expect(screen()).toEqual(['Epoch 3/10', ` 6/10 ${full} 8s 2s/step - loss: 1.0000`]);
  });
});

describe('ProgressBar elsewhere', () => {
  it('writes one line an epoch, without control characters, where there is no terminal', async () => {
    const {bar, pass, raw} = setUp({}, {isTTY: false});
    const run = await new FakeRun([bar], {epochs: 2, batchesPerEpoch: 3}).begin();
    for (let epoch = 0; epoch < 2; epoch++) {
      await run.epoch({loss: 0.5, accuracy: 1}, {batches: 3, train: pass(0.02)});
    }
    await run.end();
    expect(raw()).toBe(
      'Epoch 1/2 - 3/3 - 0s - 20ms/step - accuracy: 1.0000 - loss: 0.5000\n' +
        'Epoch 2/2 - 3/3 - 0s - 20ms/step - accuracy: 1.0000 - loss: 0.5000\n',
    );
  });

  it('gives a page the numbers, and writes nothing', async () => {
    const updates: Progress[] = [];
    let time = 0;
    const bar = new ProgressBar({onUpdate: progress => updates.push(progress), now: () => time});
    const run = await new FakeRun([bar], {batchesPerEpoch: 4}).begin();
    await run.epoch({loss: 0.5}, {batches: 2, train: () => (time += 1000)});
    expect(updates).toEqual([
      {
        epoch: 0,
        epochs: 10,
        batch: 1,
        batchesPerEpoch: 4,
        elapsedSeconds: 1,
        secondsPerBatch: 1,
        remainingSeconds: 3,
        logs: {loss: 0.5},
        done: false,
      },
      expect.objectContaining({batch: 2, elapsedSeconds: 2, remainingSeconds: 2, done: false}),
      expect.objectContaining({batch: 2, batchesPerEpoch: 2, remainingSeconds: 0, done: true}),
    ]);
  });
});

describe("ProgressBar's terminal", () => {
  const {process} = globalThis;
  afterEach(() => {
    globalThis.process = process;
  });

  it('is the one that a host registers', async () => {
    let text = '';
    const undo = registerPlatform({terminal: () => ({write: more => void (text += more), isTTY: false})});
    const run = await new FakeRun([new ProgressBar()]).begin();
    undo();
    await run.epoch({loss: 1});
    expect(text).toContain('loss: 1.0000');
  });

  it('is standard output without one', async () => {
    let text = '';
    const stdout = {write: (more: string) => (text += more), isTTY: undefined};
    globalThis.process = Object.create(process, {stdout: {value: stdout}}) as typeof process;
    const run = await new FakeRun([new ProgressBar()]).begin();
    await run.epoch({loss: 1});
    expect(text).toMatch(/^Epoch 1\/10 .* loss: 1.0000\n$/);
  });

  it('is missed in a page that gives no onUpdate', () => {
    Reflect.deleteProperty(globalThis, 'process');
    expect(() => new ProgressBar()).toThrow(ConfigurationError);
    expect(() => new ProgressBar({onUpdate: () => {}})).not.toThrow();
    globalThis.process = process;
  });

  it.each([{width: 0}, {interval: -1}, {onUpdate: 3}, {with: 20}])('refuses the options %j', options => {
    expect(() => new ProgressBar(options as object)).toThrow(ConfigurationError);
  });
});

describe('a number', () => {
  // Python: f'{x:.4f}' if abs(x) > 1e-3 else f'{x:.4e}'
  it.each([
    [0.81234, '0.8123'],
    [0.00101, '0.0010'],
    [0.001, '1.0000e-03'],
    [0.0005, '5.0000e-04'],
    [-0.0005, '-5.0000e-04'],
    [-2, '-2.0000'],
    [0, '0.0000e+00'],
    [1.5e-12, '1.5000e-12'],
    [1e-120, '1.0000e-120'],
    [12345.678, '12345.6780'],
    [NaN, 'nan'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
  ])('%s reads %s, as in Keras', (value, text) => {
    expect(formatValue(value)).toBe(text);
  });
});
