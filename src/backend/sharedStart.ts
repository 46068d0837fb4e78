/**
 * Starting tfjs's WASM backend on memory that threads can share.
 *
 * tfjs has a build for that. It takes it in cross-origin-isolated pages only, since in Node the build's workers do
 * not start; and those would only serve tfjs's own kernels. So it is started with stand-ins that do nothing, and
 * told to use one thread: the engine's threads are workers of its own.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
import type {BackendFactory} from './load';

const SIMD = 'WASM_HAS_SIMD_SUPPORT';
const THREADS = 'WASM_HAS_MULTITHREAD_SUPPORT';

/** Starts the backend on shared memory if there can be such, or else as tfjs would. */
export async function startOnSharedMemory(
  factory: BackendFactory,
  setThreadsCount: (threads: number) => void,
): Promise<KernelBackend> {
  // Known before the start, they do not delay it: its workers are made at once.
  const [simd, threads] = [await tf.env().getAsync(SIMD), await tf.env().getAsync(THREADS)];
  if (simd !== true || !canShareMemory()) return factory();
  setThreadsCount(1);
  const takeWorkersBack = replaceWorkers();
  tf.env().set(THREADS, true);
  const started = (async () => factory())();
  // A worker that the program makes later is a real one again.
  await Promise.race([started.catch(() => undefined), new Promise(resolve => setTimeout(resolve))]);
  takeWorkersBack();
  tf.env().set(THREADS, threads);
  try {
    return await started;
  } catch (error) {
    // The file of that build may not be there; where tfjs would not have asked for it, it need not be.
    if (threads === true) throw error;
    return factory();
  }
}

/** In a page, only if it is cross-origin isolated. */
function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer !== 'function') return false;
  try {
    const {buffer} = new WebAssembly.Memory({initial: 1, maximum: 1, shared: true});
    return buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}

/** A worker of the build that says it is ready, and never gets anything to do. */
class IdleWorker {
  onmessage: ((event: {data: {cmd: string}}) => void) | undefined;

  postMessage({cmd}: {cmd: string}): void {
    if (cmd === 'load') this.onmessage?.({data: {cmd: 'loaded'}});
  }

  on(): void {
    // What it would say is not listened to.
  }

  ref(): void {
    // It keeps no program alive.
  }

  unref(): void {
    // As above.
  }

  terminate(): void {
    // There is nothing to end.
  }
}

/** Makes `new Worker` an idle one, until what is returned is called. In Node the build sets the global itself. */
function replaceWorkers(): () => void {
  const real = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  Object.defineProperty(globalThis, 'Worker', {
    configurable: true,
    get: () => IdleWorker,
    set: () => undefined,
  });
  return () => {
    if (real === undefined) Reflect.deleteProperty(globalThis, 'Worker');
    else Object.defineProperty(globalThis, 'Worker', real);
  };
}
