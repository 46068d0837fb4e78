/** Starting the engine on an instance of tfjs's backend, or saying why it cannot run there. */
import type {BackendWasm} from '@tensorflow/tfjs-backend-wasm';
import {Engine} from './engine';
import {compileKernelModule, hasRelaxedSimd, instantiateKernels} from './kernelModule';
import {SingleThread} from './singleThread';
import {missingInternals, wasmInternals} from './tfjsInternals';

/** The engine, or one sentence on why there is none. */
export type EngineStart = {engine: Engine} | {engine: undefined; reason: string};

const started = new WeakMap<BackendWasm, Promise<EngineStart>>();

/** Starts the engine, once an instance of the backend. */
export function startEngine(backend: BackendWasm): Promise<EngineStart> {
  let start = started.get(backend);
  if (start === undefined) {
    start = startOn(backend);
    started.set(backend, start);
  }
  return start;
}

async function startOn(backend: BackendWasm): Promise<EngineStart> {
  const missing = missingInternals(backend);
  if (missing.length > 0) {
    const reason = `this build of tfjs's wasm backend does not show ${missing.join(' and ')}`;
    return {engine: undefined, reason};
  }
  const relaxedSimd = hasRelaxedSimd();
  try {
    const module = await compileKernelModule(relaxedSimd);
    const kernels = instantiateKernels(module, wasmInternals(backend).memory);
    return {engine: new Engine(backend, new SingleThread(kernels), relaxedSimd)};
  } catch (error) {
    // Without SIMD the module does not compile; with a foreign memory it does not link.
    return {engine: undefined, reason: `the kernels do not load here (${String(error)})`};
  }
}
