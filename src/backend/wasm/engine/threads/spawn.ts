/** Workers, alike in Node and in browsers, and what the machine has for them. */
import {nodeModule} from '../nodeModule';
import type {Report, WorkerStart} from './controlBlock';

/** A worker that is not up after so many milliseconds never will be. */
const STARTING_TIME = 10_000;
const tooSlow = `it did not start in ${STARTING_TIME / 1000} s`;
const notGiven = 'it was not given the memory';

/** A running worker. */
export interface Thread {
  /** Ends it, without another word from it. */
  terminate(): void;
}

/** What Node's workers and a page's have in common, as used here. */
interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): void;
  removeAllListeners(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

interface WorkerThreads {
  Worker: new (source: string, options: object) => NodeWorker;
}

/**
 * Starts a worker on the program `source`.
 *
 * @param onEnd told the reason should it end before `terminate`
 * @throws whatever kept it from coming up
 */
export async function spawn(
  source: string,
  start: WorkerStart,
  onEnd: (reason: string) => void,
): Promise<Thread> {
  const node = await nodeModule<WorkerThreads>('worker_threads');
  return node === undefined ? spawnInBrowser(source, start, onEnd) : spawnInNode(node, source, start, onEnd);
}

function spawnInNode(
  {Worker}: WorkerThreads,
  source: string,
  start: WorkerStart,
  onEnd: (reason: string) => void,
): Promise<Thread> {
  return new Promise((resolve, reject) => {
    const program = `const workerThreads = require('node:worker_threads');${source}`;
    // Without the options of this process: loaders and inspectors are none of its business.
    const worker = new Worker(program, {eval: true, workerData: start, execArgv: [], name: 'glassbox'});
    const terminate = () => {
      clearTimeout(limit);
      worker.removeAllListeners();
      void worker.terminate();
    };
    const end = (reason: unknown) => {
      terminate();
      reject(new Error(String(reason)));
      onEnd(String(reason));
    };
    const limit = setTimeout(() => end(tooSlow), STARTING_TIME);
    worker.on('error', end);
    worker.on('exit', code => end(`it exited with code ${String(code)}`));
    worker.on('message', () => {
      clearTimeout(limit);
      // The program may end while the worker waits for work.
      worker.unref();
      resolve({terminate});
    });
  });
}

function spawnInBrowser(
  source: string,
  start: WorkerStart,
  onEnd: (reason: string) => void,
): Promise<Thread> {
  return new Promise((resolve, reject) => {
    const url = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
    const worker = new Worker(url, {name: 'glassbox'});
    const terminate = () => {
      clearTimeout(limit);
      URL.revokeObjectURL(url);
      worker.onerror = worker.onmessage = worker.onmessageerror = null;
      worker.terminate();
    };
    const end = (reason: string) => {
      terminate();
      reject(new Error(reason));
      onEnd(reason);
    };
    const limit = setTimeout(() => end(tooSlow), STARTING_TIME);
    worker.onerror = ({message}) =>
      end(message || 'its program was not let in (Content-Security-Policy: worker-src blob:)');
    worker.onmessageerror = () => end(notGiven);
    worker.onmessage = ({data}: MessageEvent<Report>) => {
      if (data !== 'ready') return end(notGiven);
      clearTimeout(limit);
      URL.revokeObjectURL(url);
      resolve({terminate});
    };
    worker.postMessage(start);
  });
}

/** How many threads the machine runs at once. */
export async function machineThreads(): Promise<number> {
  // Node 20 has no navigator.
  const {navigator} = globalThis as {navigator?: {hardwareConcurrency?: number}};
  const os = await nodeModule<{availableParallelism(): number}>('os');
  return os?.availableParallelism() ?? navigator?.hardwareConcurrency ?? 1;
}
