import * as fs from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {BackupAndRestore, ModelCheckpoint} from '../../src/callbacks';
import {ConfigurationError, GlassboxError, registerPlatform, resolveTerminal} from '../../src/core';
import {FileSink, terminalSink} from '../../src/node';
import {CSVLogger} from '../../src/track';
import {FakeRun} from '../callbacks/fakeRun';

let folder = '';
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'glassbox-node-'));
});
afterEach(async () => {
  await fs.rm(folder, {recursive: true});
});

describe('glassbox/node', () => {
  it('makes a path stand for a folder of checkpoints and for a log file', async () => {
    const callbacks = [
      new ModelCheckpoint({path: join(folder, 'best'), keepBest: 1}),
      new BackupAndRestore({path: join(folder, 'backup')}),
      new CSVLogger({path: join(folder, 'logs', 'log.csv')}),
    ];
    const run = await new FakeRun(callbacks).begin();
    for (const val_loss of [2, 1]) await run.epoch({val_loss});
    expect(await fs.readdir(join(folder, 'best'))).toEqual(['epoch-002.safetensors']);
    expect(await fs.readdir(join(folder, 'backup'))).toEqual(['backup.safetensors']);
    await run.end();
    expect(await fs.readdir(join(folder, 'backup'))).toEqual([]);
    expect(await fs.readFile(join(folder, 'logs', 'log.csv'), 'utf8')).toBe('epoch,val_loss\n0,2\n1,1\n');
  });

  it('writes progress to standard output', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    resolveTerminal()!.write('hello');
    expect(write.mock.calls).toEqual([['hello']]);
    write.mockRestore();
  });

  it('gives way to what is registered later, part by part', () => {
    const terminal = {write: () => {}, isTTY: true};
    const undo = registerPlatform({terminal: () => terminal});
    expect(resolveTerminal()).toBe(terminal);
    expect(() => new CSVLogger({path: join(folder, 'log.csv')})).not.toThrow();
    undo();
    expect(resolveTerminal()).not.toBe(terminal);
  });
});

describe('FileSink', () => {
  it('appends, tells its size in bytes, and cuts', async () => {
    const sink = new FileSink(join(folder, 'new', 'log.txt'));
    expect(await sink.size()).toBe(0);
    await sink.truncate(0);
    await sink.append('löss\n');
    await sink.append('more\n');
    expect(await sink.size()).toBe(11);
    await sink.truncate(6);
    expect(await fs.readFile(sink.path, 'utf8')).toBe('löss\n');
    await sink.truncate(100);
    expect(await sink.size()).toBe(6);
  });

  it('needs a path', () => {
    expect(() => new FileSink('')).toThrow(ConfigurationError);
  });

  it('says what the disk refuses', async () => {
    const sink = new FileSink(folder);
    await expect(sink.append('x')).rejects.toThrow(GlassboxError);
    await expect(sink.truncate(0)).rejects.toThrow(GlassboxError);
  });
});

describe('terminalSink', () => {
  it('passes on what a stream is', () => {
    let text = '';
    const stream = {write: (more: string) => (text += more), isTTY: true, columns: 72};
    const sink = terminalSink(stream);
    sink.write('hello');
    expect([text, sink.isTTY, sink.columns]).toEqual(['hello', true, 72]);
    expect(terminalSink({write: () => {}}).isTTY).toBe(false);
  });
});
