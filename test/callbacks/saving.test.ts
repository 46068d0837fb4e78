import {describe, expect, it} from 'vitest';
import {BackupAndRestore, ModelCheckpoint} from '../../src/callbacks';
import type {ModelCheckpointOptions} from '../../src/callbacks';
import {MemoryStore, decodeState, encodeState} from '../../src/checkpoint';
import {CheckpointError, ConfigurationError} from '../../src/core';
import type {Callback} from '../../src/trainer';
import {FakeRun} from './fakeRun';

/** What the store has after one epoch for each value. */
async function namesAfter(
  options: Partial<ModelCheckpointOptions>,
  values: readonly number[],
): Promise<string[]> {
  const store = new MemoryStore();
  const run = await new FakeRun([new ModelCheckpoint({store, ...options})]).begin();
  for (const value of values)
    await run.epoch({loss: value, val_loss: value, val_accuracy: value}, {batches: 5});
  await run.end();
  return store.list();
}

describe('ModelCheckpoint', () => {
  it('saves after every epoch, or every so many', async () => {
    expect(await namesAfter({}, [1, 1, 1])).toEqual(['epoch-001', 'epoch-002', 'epoch-003']);
    expect(await namesAfter({everyEpochs: 2}, [1, 1, 1, 1, 1])).toEqual(['epoch-002', 'epoch-004']);
  });

  it('saves after every so many batches, over epochs', async () => {
    expect(await namesAfter({everyBatches: 4}, [1, 1])).toEqual(['batch-000004', 'batch-000008']);
    expect(await namesAfter({everyBatches: 4, name: '{epoch}.{batch} {steps} {loss:.2f}'}, [1, 0.5])).toEqual(
      ['1.4 4 1.00', '2.3 8 0.50'],
    );
  });

  it('keeps the best k, whichever way is better', async () => {
    expect(await namesAfter({keepBest: 2}, [3, 1, 2, 4, 0.5])).toEqual(['epoch-002', 'epoch-005']);
    const rising = {keepBest: 2, monitor: 'val_accuracy'};
    expect(await namesAfter(rising, [3, 1, 2, 4, 0.5])).toEqual(['epoch-001', 'epoch-004']);
    expect(await namesAfter({keepBest: 1, monitor: 'val_accuracy', mode: 'min'}, [3, 1, 2])).toEqual([
      'epoch-002',
    ]);
  });

  it('keeps the earlier of two that are as good, and never one whose number is NaN', async () => {
    expect(await namesAfter({keepBest: 1}, [1, 1])).toEqual(['epoch-001']);
    expect(await namesAfter({keepBest: 3}, [NaN, 1, NaN])).toEqual(['epoch-002']);
  });

  it('tells which are kept, the best first', async () => {
    const checkpoint = new ModelCheckpoint({store: new MemoryStore(), keepBest: 2});
    expect(checkpoint.best).toBe(undefined);
    const run = await new FakeRun([checkpoint]).begin();
    for (const value of [3, 1, 2]) await run.epoch({val_loss: value});
    expect(checkpoint.best).toEqual({name: 'epoch-002', value: 1});
    expect(checkpoint.kept.map(({name}) => name)).toEqual(['epoch-002', 'epoch-003']);
  });

  it('writes over a name that stays the same, but not by a worse one', async () => {
    const store = new MemoryStore();
    const run = await new FakeRun([new ModelCheckpoint({store, keepBest: 1, name: 'best'})]).begin();
    for (const value of [3, 1, 2]) await run.epoch({val_loss: value});
    expect(await store.list()).toEqual(['best']);
    // Bytes are numbered: the second epoch's were the last.
    expect(await store.read('best')).toEqual(new Uint8Array([2]));
    expect(await namesAfter({keepBest: 3, name: '{val_loss:.0f}'}, [1.4, 1.2, 1.3])).toEqual(['1']);
  });

  it('writes the new checkpoint before it removes a worse one', async () => {
    const log: string[] = [];
    class Watched extends MemoryStore {
      override async write(name: string, bytes: Uint8Array): Promise<void> {
        log.push(`write ${name}`);
        await super.write(name, bytes);
      }
      override async remove(name: string): Promise<void> {
        log.push(`remove ${name}`);
        await super.remove(name);
      }
    }
    const run = await new FakeRun([new ModelCheckpoint({store: new Watched(), keepBest: 1})]).begin();
    for (const value of [2, 1, 3]) await run.epoch({val_loss: value});
    expect(log).toEqual(['write epoch-001', 'write epoch-002', 'remove epoch-001']);
  });

  it('knows of itself in the checkpoint that it saves, so that a continued run keeps the same', async () => {
    const values = [3, 1, 2, 4, 0.5, 0.7];
    for (let cut = 1; cut <= values.length; cut++) {
      const store = new MemoryStore();
      const first = new ModelCheckpoint({store, keepBest: 2});
      const run = await new FakeRun([first], {checkpoint: () => encodeState(first.getState())}).begin();
      for (const value of values.slice(0, cut)) await run.epoch({val_loss: value});
      const latest = first.kept
        .map(({name}) => name)
        .sort()
        .at(-1)!;
      const second = new ModelCheckpoint({store, keepBest: 2});
      second.setState(decodeState((await store.read(latest))!));
      expect(second.kept).toEqual(first.kept);
      const from = Number(latest.slice(-3));
      const again = await new FakeRun([second], {epoch: from, resumed: true}).begin();
      for (const value of values.slice(from)) await again.epoch({val_loss: value});
      expect(await store.list()).toEqual(['epoch-005', 'epoch-006']);
    }
  });

  it.each(['write', 'checkpoint'])('names no checkpoint of which the %s failed', async failing => {
    const fail = (): never => {
      throw new Error('disk full');
    };
    const store = new MemoryStore();
    const checkpoint = new ModelCheckpoint({store, keepBest: 1});
    const run = await new FakeRun([checkpoint]).begin();
    await run.epoch({val_loss: 2});
    if (failing === 'write') store.write = fail;
    else run.context.checkpoint = fail;
    await expect(run.epoch({val_loss: 1})).rejects.toThrow('disk full');
    expect(checkpoint.best).toEqual({name: 'epoch-001', value: 2});
    expect(checkpoint.getState()).toEqual({kept: [{name: 'epoch-001', value: 2}]});
    expect(await store.list()).toEqual(['epoch-001']);
    await run.end('error');
  });

  it('passes over epochs without the validation that it watches', async () => {
    const store = new MemoryStore();
    const run = await new FakeRun([new ModelCheckpoint({store, keepBest: 1})], {
      validationFrequency: 2,
    }).begin();
    await run.epoch({loss: 1});
    await run.epoch({loss: 1, val_loss: 1});
    expect(await store.list()).toEqual(['epoch-002']);
  });

  it('names what is missing from the logs', async () => {
    const store = new MemoryStore();
    const template = await new FakeRun([new ModelCheckpoint({store, name: '{val_acc:.2f}'})]).begin();
    await expect(template.epoch({val_accuracy: 1})).rejects.toThrow("'val_acc', which is not there");
    const monitor = await new FakeRun([
      new ModelCheckpoint({store, keepBest: 1, monitor: 'val_acc'}),
    ]).begin();
    await expect(monitor.epoch({val_accuracy: 1})).rejects.toThrow('val_accuracy');
    expect(await store.list()).toEqual([]);
  });

  it.each([
    {keepBest: 0},
    {everyEpochs: 0},
    {everyBatches: -1},
    {everyBatches: 1, everyEpochs: 1},
    {monitor: 'val_loss'},
    {keepBest: 2, name: 'best'},
    {name: '{epoch'},
    {name: '{epoch:5s}'},
    {name: ''},
    {saveBestOnly: true},
  ])('refuses %j', options => {
    expect(() => new ModelCheckpoint({store: new MemoryStore(), ...options})).toThrow(ConfigurationError);
  });

  it('needs a place, and one place', () => {
    expect(() => new ModelCheckpoint({})).toThrow('either a store or a path');
    expect(() => new ModelCheckpoint({store: new MemoryStore(), path: 'x'})).toThrow(ConfigurationError);
    expect(() => new ModelCheckpoint({path: 'x'})).toThrow("import 'glassbox/node'");
  });

  it.each([[null], [{kept: 3}], [{kept: [{value: 1}]}], [{kept: [{name: 'a', value: 'x'}]}]])(
    'does not read the damaged state %j',
    state => {
      expect(() => new ModelCheckpoint({store: new MemoryStore()}).setState(state)).toThrow(CheckpointError);
    },
  );
});

describe('BackupAndRestore', () => {
  it('backs up at the end of each epoch and every so many batches', async () => {
    const store = new MemoryStore();
    const run = await new FakeRun([new BackupAndRestore({store, everyBatches: 2})]).begin();
    await run.batch({});
    expect(await store.read('backup')).toBe(undefined);
    await run.batch({});
    expect(await store.read('backup')).toEqual(new Uint8Array([1]));
    await run.epoch({}, {batches: 1});
    expect(await store.read('backup')).toEqual(new Uint8Array([2]));
  });

  it.each([
    ['completed', false],
    ['earlyStopping', false],
    ['terminateOnNaN', false],
    ['aborted', true],
    ['error', true],
    ['timeLimit', true],
    ['stopped', true],
  ])('after an end by %s keeps the backup: %s', async (reason, kept) => {
    const store = new MemoryStore();
    const backup = new BackupAndRestore({store, name: 'mine'});
    const run = await new FakeRun([backup]).begin();
    await run.epoch({});
    await run.end(reason);
    expect(await store.list()).toEqual(kept ? ['mine'] : []);
    expect(await backup.restore()).toEqual(kept ? new Uint8Array([1]) : undefined);
  });

  it.each(['timeLimit', 'stopped'])(
    'backs up in the middle of an epoch cut by %s, not at its end',
    async by => {
      const store = new MemoryStore();
      const stop: Callback = {onTrainBatchEnd: context => context.stop(by)};
      const run = await new FakeRun([new BackupAndRestore({store}), stop]).begin();
      await run.epoch({});
      await run.end();
      expect(await store.read('backup')).toEqual(new Uint8Array([1]));
      expect(run.checkpoints).toBe(1);
    },
  );

  it.each([{everyBatches: 0}, {name: ''}, {saveFreq: 'epoch'}])('refuses %j', options => {
    expect(() => new BackupAndRestore({store: new MemoryStore(), ...options})).toThrow(ConfigurationError);
  });
});
