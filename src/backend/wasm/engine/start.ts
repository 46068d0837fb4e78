/** Starting the engine on an instance of tfjs's backend, or saying why it cannot run there. */
import type {BackendWasm} from '@tensorflow/tfjs-backend-wasm';
import {BackendUnavailableError} from '../../../core';
import {attached} from '../../tfjsInternals';
import {version} from '../../version';
import {Engine, type Executor} from './engine';
import {instantiateKernels} from './instantiate';
import {compileKernelModule, hasRelaxedSimd, isShared} from './kernelModule';
import {SingleThread} from './singleThread';
import {missingInternals, onDispose, wasmInternals} from './tfjsInternals';
import {machineThreads} from './threads/spawn';
import {ThreadPool} from './threads/threadPool';

/** The engine, or one sentence on why there is none. */
export type EngineStart = {engine: Engine} | {engine: undefined; reason: string};

/** What is kept of an instance of the backend. */
interface Slot {
  last: Promise<unknown>;
  engine?: Engine | undefined;
  /** Whether `'auto'` has found that no threads can be started here: it does not try again at every call. */
  isWithoutThreads?: boolean;
}

/** How the engine is to run. */
export interface EngineSettings {
  /** `'auto'`, the default: as many as the machine runs at once. */
  threads?: number | 'auto';
  relaxedSimd?: boolean;
}

/** More threads than a kernel call has chunks would only wait. */
const MOST_THREADS = 32;

/**
 * The engine of an instance of the backend, which is one for all copies of glassbox in a program, with these
 * settings.
 *
 * @throws BackendUnavailableError for settings that are insisted on and cannot be met; the engine stays as it was
 */
export async function startEngine(backend: BackendWasm, settings: EngineSettings = {}): Promise<EngineStart> {
  const missing = missingInternals(backend);
  if (missing.length > 0) {
    const reason = `this build of tfjs's wasm backend does not show ${missing.join(' and ')}`;
    return {engine: undefined, reason};
  }
  const slot = attached<Slot>(backend, `engine@${version}`, () => ({last: Promise.resolve()}));
  // One call after the other, so that the last one's settings hold in the end.
  const start = slot.last.then(async () => {
    const result = await settle(backend, slot, settings);
    // The kernels that are registered hold on to it, also when this call has to do without.
    slot.engine ??= result.engine;
    return result;
  });
  slot.last = start.catch(() => undefined);
  return start;
}

async function settle(
  backend: BackendWasm,
  slot: Slot,
  {threads = 'auto', relaxedSimd = false}: EngineSettings,
): Promise<EngineStart> {
  if (relaxedSimd && !(await hasRelaxedSimd())) {
    throw new BackendUnavailableError(
      'This runtime has no relaxed SIMD, which the option relaxedSimd asks for.',
      {
        hint: 'Leave the option out, or use Node 22, a current browser, or node --experimental-wasm-relaxed-simd.',
      },
    );
  }
  const {memory} = wasmInternals(backend);
  const isHopeless = threads === 'auto' && slot.isWithoutThreads === true;
  const wanted = isHopeless ? 1 : await threadsOn(memory, threads);
  let {engine} = slot;
  if (engine?.works && engine.threads === wanted && engine.relaxedSimd === relaxedSimd) return {engine};
  let module: WebAssembly.Module;
  let executor: Executor;
  try {
    module = await compileKernelModule(relaxedSimd, memory);
    executor = new SingleThread(instantiateKernels(module, memory));
  } catch (error) {
    // Without SIMD the module does not compile; with a foreign memory it does not link.
    return {engine: undefined, reason: `the kernels do not load here (${String(error)})`};
  }
  if (wanted > 1) {
    try {
      executor = await ThreadPool.start(module, memory, wanted);
      slot.isWithoutThreads = false;
    } catch (cause) {
      if (threads !== 'auto') {
        throw new BackendUnavailableError(`${wanted} threads cannot run here: ${String(cause)}.`, {
          hint: 'Let blob: workers in (Content-Security-Policy: worker-src), or leave the option threads out.',
          cause,
        });
      }
      slot.isWithoutThreads = true;
    }
  }
  if (engine === undefined) {
    engine = new Engine(backend, executor, relaxedSimd);
    onDispose(backend, () => engine!.dispose());
  } else engine.use(executor, relaxedSimd);
  return {engine};
}

/** @throws BackendUnavailableError for several threads on memory that they cannot share */
async function threadsOn(memory: WebAssembly.Memory, threads: number | 'auto'): Promise<number> {
  if (threads === 1) return 1;
  if (isShared(memory)) return threads === 'auto' ? Math.min(await machineThreads(), MOST_THREADS) : threads;
  if (threads === 'auto') return 1;
  const isolated = (globalThis as {crossOriginIsolated?: boolean}).crossOriginIsolated;
  throw new BackendUnavailableError(
    `${threads} threads cannot run here: the memory of tfjs's wasm backend is not shared.`,
    {
      hint:
        isolated === false
          ? 'Serve the page with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.'
          : "Call useBackend before the program starts tfjs's own (tf.setBackend('wasm'), tf.ready()).",
    },
  );
}
