/**
 * Choosing a backend: loads it, puts right what tfjs gets wrong on it, proves that it computes, and only
 * then makes it the active one.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
// tfjs-layers registers tfjs's gradients when it is imported; it has to come before ours replace some.
import '@tensorflow/tfjs-layers';
import {BackendUnavailableError} from '../core';
import {addMissingChainedOps} from './chainedOps';
import {checkName, checkOptions} from './checkOptions';
import {loaders} from './load';
import {installRepairs} from './install';
import {selfTest} from './selfTest';
import {RunningBackend} from './runningBackend';
import {forgetBackend} from './tfjsInternals';
import type {Backend, BackendName, BackendOptions, EngineState} from './types';
import {startEngine, type Engine} from './wasm/engine';
import {asWasm} from './wasm/tfjsInternals';

/**
 * The last call of this copy of glassbox; the next one waits for it, so that of calls at the same time the last one's
 * backend is active in the end, and each is tested on its own.
 */
let lastCall: Promise<unknown> = Promise.resolve();

/** What `'auto'` stands for: the fastest engine that trains right wherever JavaScript runs. */
const automatic: BackendName = 'wasm';

/**
 * Loads a backend, repairs what tfjs computes wrong or lacks there, verifies it with a few known gradients
 * and makes it the active one. Call it once before building a model; calling it again is cheap, and is how
 * to switch. Calls at the same time are done one after the other, in their order: the last one's backend stays
 * active, and a call whose files never arrive keeps those behind it waiting.
 *
 * The repaired backend has a name of its own in tfjs (`backend.tfjsName`) and shares memory and tensors with
 * tfjs's; `tf.setBackend('wasm')` still selects tfjs's unrepaired one. See docs/backends.md.
 *
 * @param name `'wasm'` (fast), `'cpu'` (plain JavaScript, slow, no files to serve), or `'auto'`, which is
 *   `'wasm'`. There is no silent fallback: a backend that cannot run is an error.
 * @param options how many threads; where the `.wasm` files are, for bundlers.
 * @throws ConfigurationError for an unknown name, or options that do not exist or cannot mean anything.
 * @throws BackendUnavailableError when the backend cannot load or start, or computes wrong numbers; when the engine,
 *   a number of threads or relaxed SIMD is insisted on and cannot be had. The backend that was active before stays
 *   active.
 *
 * @example
 * const backend = await useBackend('wasm', {threads: 'auto'});
 * backend.name; // 'wasm'
 * backend.threads >= 1; // true
 * backend.repairs.some(repair => repair.id === 'einsum-gradient'); // true
 */
export async function useBackend(
  name: 'auto' | BackendName = 'auto',
  options: BackendOptions = {},
): Promise<Backend> {
  const resolved = name === 'auto' ? automatic : name;
  checkName(resolved);
  checkOptions(options);
  const given = {...options};
  const call = lastCall.then(() => start(resolved, given));
  // The next call does not care how this one ends.
  lastCall = call.catch(() => undefined);
  return call;
}

async function start(resolved: BackendName, options: BackendOptions): Promise<Backend> {
  const loader = loaders[resolved];
  const instance = await loader.load(options);
  addMissingChainedOps();
  const previous = activeBackend();
  const {engine, state} = await engineFor(resolved, instance, options);
  const {tfjsName, repairs, isNew} = await installRepairs(resolved, instance, engine);
  const activated = await tf.setBackend(tfjsName);
  const failures =
    activated && tf.getBackend() === tfjsName ? selfTest() : [`tfjs activated '${tf.getBackend()}' instead`];
  if (failures.length > 0) {
    if (previous !== undefined) await tf.setBackend(previous);
    if (isNew) forgetBackend(tfjsName);
    throw new BackendUnavailableError(
      `The backend '${resolved}' does not work here: ${failures.join('; ')}.`,
      {
        hint: "Try another backend (useBackend('cpu') runs everywhere), and report this with the machine's processor and browser.",
      },
    );
  }
  const stockThreads = loader.threads(instance);
  return new RunningBackend({name: resolved, tfjsName, engine: state, repairs}, engine, stockThreads);
}

/** The engine as asked for, and what to say of it. */
async function engineFor(
  name: BackendName,
  instance: KernelBackend,
  {engine: wanted, threads = 'auto', relaxedSimd = false}: BackendOptions,
): Promise<{engine: Engine | undefined; state: EngineState}> {
  const without = (reason: string) => {
    if (wanted === true) throw withoutEngine('The training engine', name, reason, 'engine');
    if (threads !== 'auto' && threads > 1) throw withoutEngine('Threads', name, reason, 'threads');
    if (relaxedSimd) throw withoutEngine('Relaxed SIMD', name, reason, 'relaxedSimd');
    return {engine: undefined, state: {running: false, reason} as const};
  };
  if (wanted === false) return without('the engine was switched off');
  if (name !== 'wasm') return without("the engine works on the memory of tfjs's wasm backend only");
  const start = await startEngine(asWasm(instance), {threads, relaxedSimd});
  if (start.engine === undefined) return without(start.reason);
  return {engine: start.engine, state: {running: true, relaxedSimd}};
}

function withoutEngine(what: string, name: BackendName, reason: string, option: string): Error {
  return new BackendUnavailableError(`${what} cannot be had on the backend '${name}': ${reason}.`, {
    hint: `Leave the option ${option} out to train with the kernels that there are.`,
  });
}

/** The name of tfjs's active backend; undefined where none has been chosen yet. */
function activeBackend(): string | undefined {
  return tf.getBackend() || undefined;
}
