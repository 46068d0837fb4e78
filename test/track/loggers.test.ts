import {describe, expect, it} from 'vitest';
import {decodeState, encodeState} from '../../src/checkpoint';
import {CheckpointError, ConfigurationError} from '../../src/core';
import {CSVLogger, JSONLinesLogger, MemorySink} from '../../src/track';
import type {CSVLoggerOptions} from '../../src/track';
import {FakeRun} from '../callbacks/fakeRun';
import type {Logs} from '../../src/trainer';

/** What is written for epochs with these logs. */
async function csv(
  epochs: readonly Logs[],
  options: Partial<CSVLoggerOptions> = {},
  frequency?: number,
): Promise<string> {
  const sink = new MemorySink();
  const run = await new FakeRun([new CSVLogger({sink, ...options})], {
    validationFrequency: frequency,
  }).begin();
  for (const logs of epochs) await run.epoch(logs);
  await run.end();
  return sink.text;
}

describe('CSVLogger', () => {
  it('writes the epoch and the logs in alphabetical order, a row an epoch', async () => {
    expect(
      await csv([
        {loss: 0.5, accuracy: 0.25},
        {accuracy: 1e-7, loss: 1 / 3},
      ]),
    ).toBe('epoch,accuracy,loss\n0,0.25,0.5\n1,1e-7,0.3333333333333333\n');
  });

  it('keeps the columns of the first epoch', async () => {
    expect(await csv([{loss: 1}, {loss: 2, accuracy: 3}, {accuracy: 4}])).toBe(
      'epoch,loss\n0,1\n1,2\n2,NA\n',
    );
  });

  it('has columns for a validation that comes later', async () => {
    expect(
      await csv(
        [
          {loss: 1, learning_rate: 2},
          {loss: 3, learning_rate: 4, val_loss: 5},
        ],
        {},
        2,
      ),
    ).toBe('epoch,learning_rate,loss,val_loss\n0,2,1,NA\n1,4,3,5\n');
  });

  it('quotes as RFC 4180 says', async () => {
    expect(await csv([{'a,b': 1, 'say "hi"': 2, 'two\nlines': 3, 'c;d': 4}])).toBe(
      'epoch,"a,b",c;d,"say ""hi""","two\nlines"\n0,1,4,2,3\n',
    );
    expect(await csv([{'a,b': 1.5, 'c;d': 4}], {separator: ';'})).toBe('epoch;a,b;"c;d"\n0;1.5;4\n');
  });

  it('writes numbers that are not finite', async () => {
    expect(await csv([{a: NaN, b: Infinity, c: -Infinity}])).toBe('epoch,a,b,c\n0,NaN,Infinity,-Infinity\n');
  });

  it('begins anew, or goes on behind what is there', async () => {
    const sink = new MemorySink();
    for (const append of [false, true, false]) {
      const run = await new FakeRun([new CSVLogger({sink, append})]).begin();
      await run.epoch({loss: 1});
      expect(sink.text).toBe(append ? 'epoch,loss\n0,1\n0,1\n' : 'epoch,loss\n0,1\n');
    }
  });

  it.each([false, true])(
    'cuts away what was written after the checkpoint that a run continues (append: %s)',
    async append => {
      const make = (sink: MemorySink): CSVLogger => new CSVLogger({sink, append});
      const logs = [{löss: 1}, {löss: 2}, {löss: 3}, {löss: 4}];
      const earlier = append ? 'before\n' : '';
      for (let cut = 0; cut < logs.length; cut++) {
        const sink = new MemorySink();
        await sink.append(earlier);
        const first = make(sink);
        const run = await new FakeRun([first]).begin();
        for (const entry of logs.slice(0, cut)) await run.epoch(entry);
        const bytes = await encodeState(first.getState());
        // The run went on after the checkpoint, with other numbers, and was killed in the middle of a row.
        await run.epoch({löss: 99});
        await sink.append('2,9');

        const second = make(sink);
        second.setState(decodeState(bytes));
        const again = await new FakeRun([second], {epoch: cut, resumed: true}).begin();
        for (const entry of logs.slice(cut)) await again.epoch(entry);
        const header = append ? '' : 'epoch,löss\n';
        expect(sink.text).toBe(`${earlier}${header}0,1\n1,2\n2,3\n3,4\n`);
      }
    },
  );

  it('refuses to continue with a log that is shorter than at the checkpoint', async () => {
    const first = new CSVLogger({sink: new MemorySink()});
    const run = await new FakeRun([first]).begin();
    await run.epoch({loss: 1});
    const sink = new MemorySink();
    await sink.append('x');
    const second = new CSVLogger({sink});
    second.setState(first.getState());
    await expect(new FakeRun([second], {resumed: true}).begin()).rejects.toThrow(CheckpointError);
    expect(sink.text).toBe('x');
  });

  it('begins a new log, with its header, where the old one is gone', async () => {
    const first = new CSVLogger({sink: new MemorySink()});
    const run = await new FakeRun([first]).begin();
    await run.epoch({loss: 1});
    const sink = new MemorySink();
    const second = new CSVLogger({sink});
    second.setState(first.getState());
    const again = await new FakeRun([second], {epoch: 1, resumed: true}).begin();
    await again.epoch({loss: 2});
    expect(sink.text).toBe('epoch,loss\n1,2\n');
  });

  it.each([{separator: ''}, {separator: ',,'}, {separator: '"'}, {separator: '\n'}, {file: 'x'}])(
    'refuses %j',
    options => {
      expect(() => new CSVLogger({sink: new MemorySink(), ...options})).toThrow(ConfigurationError);
    },
  );

  it('needs a place, and one place', () => {
    expect(() => new CSVLogger({})).toThrow('either a path or a sink');
    expect(() => new CSVLogger({path: 'x', sink: new MemorySink()})).toThrow(ConfigurationError);
    expect(() => new CSVLogger({path: 'log.csv'})).toThrow("import 'glassbox/node'");
  });

  it.each([[null], [{}], [{position: 1, columns: 3}]])('does not read the damaged state %j', state => {
    expect(() => new CSVLogger({sink: new MemorySink()}).setState(state)).toThrow(CheckpointError);
  });
});

describe('JSONLinesLogger', () => {
  it('writes an object an epoch', async () => {
    const sink = new MemorySink();
    const run = await new FakeRun([new JSONLinesLogger({sink})]).begin();
    await run.epoch({loss: 0.5, accuracy: 1 / 3}, {batches: 3});
    await run.epoch({loss: NaN, accuracy: -Infinity}, {batches: 3});
    expect(sink.text.endsWith('\n')).toBe(true);
    expect(
      sink.text
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as unknown),
    ).toEqual([
      {event: 'epoch', epoch: 0, steps: 3, loss: 0.5, accuracy: 1 / 3},
      {event: 'epoch', epoch: 1, steps: 6, loss: 'NaN', accuracy: '-Infinity'},
    ]);
  });

  it('writes an object every so many batches when asked to', async () => {
    const sink = new MemorySink();
    const run = await new FakeRun([new JSONLinesLogger({sink, everyBatches: 2})]).begin();
    await run.epoch({loss: 1}, {batches: 3});
    await run.epoch({loss: 2}, {batches: 1});
    expect(
      sink.text
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as unknown),
    ).toEqual([
      {event: 'batch', epoch: 0, batch: 2, batches: 2, steps: 2, loss: 1},
      {event: 'epoch', epoch: 0, steps: 3, loss: 1},
      {event: 'batch', epoch: 1, batch: 1, batches: 4, steps: 4, loss: 2},
      {event: 'epoch', epoch: 1, steps: 4, loss: 2},
    ]);
  });

  it('cuts away what was written after the checkpoint that a run continues', async () => {
    const sink = new MemorySink();
    const first = new JSONLinesLogger({sink, everyBatches: 1});
    const run = await new FakeRun([first]).begin();
    await run.batch({loss: 1});
    const kept = sink.text;
    const state = decodeState(await encodeState(first.getState()));
    await run.batch({loss: 2});
    await sink.append('{"event":"ba');
    const second = new JSONLinesLogger({sink, everyBatches: 1});
    second.setState(state);
    await new FakeRun([second], {resumed: true}).begin();
    expect(sink.text).toBe(kept);
  });

  it('refuses bad options and states', () => {
    const sink = new MemorySink();
    for (const everyBatches of [0, 1.5, -1, NaN]) {
      expect(() => new JSONLinesLogger({sink, everyBatches})).toThrow(ConfigurationError);
    }
    expect(() => new JSONLinesLogger({sink, every: 1} as object)).toThrow(ConfigurationError);
    expect(() => new JSONLinesLogger({sink}).setState({position: '3'})).toThrow(CheckpointError);
  });
});
