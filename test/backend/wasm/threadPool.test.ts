/** The pool itself, on kernels that do not do their work. */
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Worker} from 'node:worker_threads';
import {afterEach, beforeAll, beforeEach, describe, expect, test, vi} from 'vitest';
import {compileAssembly} from '../../../scripts/assemblyScript';
import {BackendUnavailableError} from '../../../src/core';
import {ThreadPool} from '../../../src/backend/wasm/engine/threads/threadPool';

const source = `
  /** Writes chunk + 1 in the chunk's place. */
  export function mark(args: usize, chunk: i32, scratch: usize): void {
    store<i32>(args + 4 * chunk, chunk + 1);
  }
  /** Fails, in a worker only; the calling thread waits for that. A thread's scratch memory is its number. */
  export function failInWorker(args: usize, chunk: i32, scratch: usize): void {
    if (scratch == 0) while (atomic.load<i32>(args) == 0) {}
    else { atomic.store<i32>(args, 1); unreachable(); }
  }
  export function failInCaller(args: usize, chunk: i32, scratch: usize): void {
    if (scratch == 0) unreachable();
  }
  /** Does not come back, in a worker. */
  export function hang(args: usize, chunk: i32, scratch: usize): void {
    if (scratch == 0) while (atomic.load<i32>(args) == 0) {}
    else { atomic.store<i32>(args, 1); while (true) {} }
  }
`;

const node = createRequire(import.meta.url)('node:worker_threads') as {Worker: typeof Worker};
const Original = node.Worker;

let module: WebAssembly.Module;
let memory: WebAssembly.Memory;
let workers: Worker[];
let pool: ThreadPool | undefined;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'glassbox-pool-'));
  const path = join(folder, 'kernels.ts');
  writeFileSync(path, source);
  const shared = ['--sharedMemory', '--maximumMemory', '65536', '--initialMemory', '1'];
  const binary = await compileAssembly(path, ['--enable', 'threads', ...shared]);
  rmSync(folder, {recursive: true});
  module = await WebAssembly.compile(binary);
});

beforeEach(() => {
  memory = new WebAssembly.Memory({initial: 1, maximum: 65536, shared: true});
  workers = [];
  vi.spyOn(node, 'Worker').mockImplementation(function (...args) {
    const worker = new Original(...args);
    workers.push(worker);
    return worker;
  });
});

afterEach(() => {
  pool?.dispose();
  vi.restoreAllMocks();
});

async function start(threads: number, patience?: number): Promise<ThreadPool> {
  return (pool = await ThreadPool.start(module, memory, threads, patience));
}

const scratchOf = (threads: number): number[] => Array.from({length: threads}, (_, i) => i);

test.each([2, 3, 5])('with %i threads every chunk is done once, call after call', async threads => {
  const calls = await start(threads);
  for (let call = 0; call < 2000; call++) {
    const chunks = 1 + (call % 13);
    calls.run('mark', 1024, chunks, scratchOf(threads));
    const marks = new Int32Array(memory.buffer, 1024, 14);
    for (let i = 0; i < 14; i++) if (marks[i] !== (i < chunks ? i + 1 : 0)) expect.fail(`call ${call}`);
    marks.fill(0);
  }
});

test('calls after a pause, in which the workers fall asleep, are done as well', async () => {
  const calls = await start(3);
  for (let call = 0; call < 20; call++) {
    await new Promise(resolve => setTimeout(resolve, 3));
    const marks = new Int32Array(memory.buffer, 1024, 8).fill(0);
    calls.run('mark', 1024, 8, scratchOf(3));
    expect(Array.from(marks)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  }
});

describe('what goes wrong is an error where the kernel was called', () => {
  test('in a worker, and the next call goes well', async () => {
    const calls = await start(3);
    expect(() => calls.run('failInWorker', 0, 9, scratchOf(3))).toThrow(
      /^The kernel 'failInWorker' failed in a thread: RuntimeError: unreachable/,
    );
    calls.run('mark', 1024, 4, scratchOf(3));
    expect(Array.from(new Int32Array(memory.buffer, 1024, 4))).toEqual([1, 2, 3, 4]);
  });

  test('in the calling thread, and the next call goes well', async () => {
    const calls = await start(2);
    expect(() => calls.run('failInCaller', 0, 9, scratchOf(2))).toThrow(WebAssembly.RuntimeError);
    expect(() => calls.run('mark', 1024, 4, scratchOf(2))).not.toThrow();
  });

  test('a kernel that is not there', async () => {
    const calls = await start(2);
    expect(() => calls.run('nothing', 0, 2, scratchOf(2))).toThrow("There is no kernel 'nothing'");
  });

  test('a worker that died between two calls', async () => {
    const calls = await start(3);
    expect(calls.works).toBe(true);
    await workers[1]!.terminate();
    await vi.waitFor(() => expect(calls.works).toBe(false));
    expect(() => calls.run('mark', 1024, 4, scratchOf(3))).toThrow(BackendUnavailableError);
    expect(() => calls.run('mark', 1024, 4, scratchOf(3))).toThrow(
      'A thread of the training engine has ended: it exited with code 1. Call useBackend again',
    );
  });

  test('a worker that does not come back', async () => {
    const calls = await start(2, 1000);
    expect(() => calls.run('hang', 0, 4, scratchOf(2))).toThrow('it does not answer any more');
    expect(calls.works).toBe(false);
    // Without waiting for `dispose`: it may still write into the memory of tensors.
    await vi.waitFor(() => expect(workers.map(({threadId}) => threadId)).toEqual([-1]));
  });

  test('a worker that does not start, and the others are ended', async () => {
    vi.mocked(node.Worker).mockImplementationOnce(function (_, options) {
      return new Original('throw new Error("no room")', options);
    });
    await expect(start(3)).rejects.toThrow('no room');
    await vi.waitFor(() => expect(workers.map(({threadId}) => threadId)).toEqual([-1]));
  });
});

test('a worker that says nothing is ended after 10 seconds', async () => {
  vi.mocked(node.Worker).mockImplementationOnce(function (_, options) {
    const worker = new Original('setInterval(() => {}, 1000)', options);
    workers.push(worker);
    return worker;
  });
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
  const started = expect(start(2)).rejects.toThrow('it did not start in 10 s');
  try {
    await vi.advanceTimersByTimeAsync(10_000);
  } finally {
    vi.useRealTimers();
  }
  await started;
  await vi.waitFor(() => expect(workers.map(({threadId}) => threadId)).toEqual([-1]));
});

test('disposing ends the workers', async () => {
  const calls = await start(4);
  expect(workers).toHaveLength(3);
  calls.dispose();
  await vi.waitFor(() => expect(workers.map(({threadId}) => threadId)).toEqual([-1, -1, -1]));
});
