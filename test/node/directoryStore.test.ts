import {spawn} from 'node:child_process';
import * as fs from 'node:fs/promises';
import {hostname, tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {CheckpointError, ConfigurationError} from '../../src/core';
import {DirectoryStore} from '../../src/node';

let folder = '';
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'glassbox-store-'));
});
afterEach(async () => {
  await fs.rm(folder, {recursive: true});
});

describe('DirectoryStore', () => {
  it('gives back what was last written, until it is removed', async () => {
    const store = new DirectoryStore(join(folder, 'deep', 'inside'));
    expect(await store.read('a')).toBeUndefined();
    expect(await store.list()).toEqual([]);
    await store.remove('a');
    await store.write('b', new Uint8Array([1]));
    await store.write('a', new Uint8Array([2]));
    await store.write('a', new Uint8Array([3, 4]));
    expect(await store.list()).toEqual(['a', 'b']);
    expect(await store.read('a')).toEqual(new Uint8Array([3, 4]));
    await store.remove('a');
    expect(await store.read('a')).toBeUndefined();
    expect(await store.list()).toEqual(['b']);
  });

  it('keeps a file for each entry, and nothing else', async () => {
    const store = new DirectoryStore(folder);
    await Promise.all([1, 2, 3].map(i => store.write(`epoch-${i} 0.5`, new Uint8Array(i))));
    expect((await fs.readdir(folder)).sort()).toEqual([1, 2, 3].map(i => `epoch-${i} 0.5.safetensors`));
  });

  it('takes no other file for a checkpoint', async () => {
    const store = new DirectoryStore(folder);
    for (const file of ['notes.txt', '.hidden.safetensors', '.a.host.1.0123456789ab.tmp']) {
      await fs.writeFile(join(folder, file), 'x');
    }
    expect(await store.list()).toEqual([]);
  });

  it('writes to the same entry at the same time without harm', async () => {
    const store = new DirectoryStore(folder);
    await Promise.all(Array.from({length: 20}, (_, i) => store.write('a', new Uint8Array(1000).fill(i))));
    const bytes = (await store.read('a'))!;
    expect(bytes).toEqual(new Uint8Array(1000).fill(bytes[0]!));
    expect(await fs.readdir(folder)).toEqual(['a.safetensors']);
  });

  it.each([
    '',
    '.',
    '..',
    '../a',
    'a/b',
    'a\\b',
    '.a',
    'a.',
    'a ',
    'a\0',
    'ä',
    'a:b',
    'a*',
    'x'.repeat(151),
    3,
  ])('refuses the name %j', async name => {
    const store = new DirectoryStore(folder);
    await expect(store.write(name as string, new Uint8Array(1))).rejects.toThrow(ConfigurationError);
    await expect(store.read(name as string)).rejects.toThrow(ConfigurationError);
    await expect(store.remove(name as string)).rejects.toThrow(ConfigurationError);
    expect(await fs.readdir(folder)).toEqual([]);
  });

  it('reports what the disk refuses, and leaves nothing behind', async () => {
    await fs.writeFile(join(folder, 'file'), '');
    await expect(new DirectoryStore(join(folder, 'file')).write('a', new Uint8Array(1))).rejects.toThrow(
      CheckpointError,
    );
    // A folder in the place of the file cannot be replaced by renaming.
    await fs.mkdir(join(folder, 'a.safetensors', 'x'), {recursive: true});
    const store = new DirectoryStore(folder);
    await expect(store.write('a', new Uint8Array(1))).rejects.toThrow(CheckpointError);
    await expect(store.read('a')).rejects.toThrow(CheckpointError);
    await expect(store.remove('a')).rejects.toThrow(CheckpointError);
    expect((await fs.readdir(folder)).sort()).toEqual(['a.safetensors', 'file']);
  });

  it('needs a path', () => {
    expect(() => new DirectoryStore('')).toThrow(ConfigurationError);
  });
});

describe('what a killed process left', () => {
  const host = hostname().replace(/[^A-Za-z0-9-]/g, '-');
  const leave = async (name: string, hoursAgo = 0): Promise<string> => {
    const time = Date.now() / 1000 - hoursAgo * 3600;
    await fs.writeFile(join(folder, name), 'half');
    await fs.utimes(join(folder, name), time, time);
    return name;
  };

  it('is removed by the next writer, but not what a living one writes', async () => {
    const child = spawn('sleep', ['60']);
    const gone = spawn('true');
    await new Promise(resolve => gone.on('exit', resolve));
    await leave(`.a.${host}.${gone.pid}.0123456789ab.tmp`);
    await leave(`.a.${host}.${process.pid}.0123456789ab.tmp`);
    await leave('.a.elsewhere.1.0123456789ab.tmp', 25);
    const kept = [
      await leave(`.a.${host}.${child.pid}.0123456789ab.tmp`),
      await leave('.a.elsewhere.2.0123456789ab.tmp', 23),
      await leave('.a.tmp', 25),
    ];
    await new DirectoryStore(folder).write('b', new Uint8Array(1));
    child.kill();
    expect((await fs.readdir(folder)).sort()).toEqual([...kept, 'b.safetensors'].sort());
  });

  it('is never in place of a checkpoint, nor costs the one before: killed in the middle of writing, 25 times', async () => {
    // Bundled once, since the writer is started many times.
    const writer = join(tmpdir(), `glassbox-writer-${process.pid}.mjs`);
    const source = fileURLToPath(new URL('writer.ts', import.meta.url));
    await build({entryPoints: [source], outfile: writer, bundle: true, platform: 'node', format: 'esm'});
    const words = 1 << 20;
    let done = 0;
    let interrupted = 0;
    for (let kill = 0; kill < 25; kill++) {
      const child = spawn(process.execPath, [writer, folder, `${words}`, `${done + 1}`]);
      let output = '';
      let errors = '';
      child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
      await new Promise<void>((resolve, reject) => {
        child.on('exit', () => reject(new Error(`The writer ended by itself: ${errors}`)));
        child.stdout.on('data', (text: Buffer) => {
          output += text.toString();
          // At another moment of a write each time.
          setTimeout(() => {
            child.removeAllListeners('exit').on('exit', () => resolve());
            child.kill('SIGKILL');
          }, kill / 4);
        });
      });
      done = Number(output.trim().split('\n').at(-1));
      const store = new DirectoryStore(folder);
      expect(await store.list()).toEqual(['latest']);
      const bytes = (await store.read('latest'))!;
      const [first = 0] = new Uint32Array(bytes.buffer, 0, 1);
      // What was reported as written, or the next, whole.
      expect([done, done + 1]).toContain(first);
      expect(new Uint32Array(bytes.buffer).every(word => word === first)).toBe(true);
      expect(bytes.length).toBe(4 * words);
      done = first;
      interrupted += (await fs.readdir(folder)).filter(file => file.endsWith('.tmp')).length;
    }
    await fs.rm(writer);
    // Otherwise this test has shown nothing.
    expect(interrupted).toBeGreaterThan(0);
    await new DirectoryStore(folder).write('other', new Uint8Array(1));
    expect((await fs.readdir(folder)).sort()).toEqual(['latest.safetensors', 'other.safetensors']);
  }, 60_000);
});
