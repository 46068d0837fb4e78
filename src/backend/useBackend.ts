/**
 * Choosing a backend: loads it, puts right what tfjs gets wrong on it, proves that it computes, and only
 * then makes it the active one.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
// tfjs-layers registers tfjs's gradients when it is imported; it has to come before ours replace some.
import '@tensorflow/tfjs-layers';
import {BackendUnavailableError} from '../core';
import {automaticOrder} from './automatic';
import {addMissingChainedOps} from './chainedOps';
import {checkName, checkOptions} from './checkOptions';
import {importOf, loaderOf, type BackendLoader} from './loaders';
import {installRepairs} from './install';
import {selfTest} from './selfTest';
import {RunningBackend} from './runningBackend';
import {forgetBackend} from './tfjsInternals';
import type {Backend, BackendName, BackendOptions, EngineState, TriedBackend} from './types';
import {startEngine, type Engine} from './wasm/engine';
import {asWasm} from './wasm/tfjsInternals';

/**
 * The last call of this copy of glassbox; the next one waits for it, so that of calls at the same time the last one's
 * backend is active in the end, and each is tested on its own.
 */
let lastCall: Promise<unknown> = Promise.resolve();

/**
 * Loads a backend, repairs what tfjs computes wrong or lacks there, verifies it with a few known gradients
 * and makes it the active one. Call it once before building a model; calling it again is cheap, and is how
 * to switch. Calls at the same time are done one after the other, in their order: the last one's backend stays
 * active, and a call whose files never arrive keeps those behind it waiting.
 *
 * The repaired backend has a name of its own in tfjs (`backend.tfjsName`) and shares memory and tensors with
 * tfjs's; `tf.setBackend('wasm')` still selects tfjs's unrepaired one. See docs/backends.md.
 *
 * @param name `'wasm'` (fast), `'cpu'` (plain JavaScript, slow, no files to serve); `'webgl'`, `'webgpu'` or
 *   `'node'` (tfjs-node) once its subpath has been imported, such as `glassbox/backend/webgl`. There is no silent
 *   fallback: a backend that cannot run is an error. `'auto'` takes the first that runs: in a page of `'webgpu'`,
 *   `'webgl'`, `'wasm'` and `'cpu'`, elsewhere of `'node'`, `'webgpu'`, `'wasm'` and `'cpu'`, as far as they have been
 *   imported; a GPU that is only imitated is left out. `backend.tried` says why it went on.
 * @param options how many threads; where the `.wasm` files are, for bundlers; whether an imitated GPU will do.
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
 * backend.tried; // []
 */
export async function useBackend(
  name: 'auto' | BackendName = 'auto',
  options: BackendOptions = {},
): Promise<Backend> {
  checkName(name);
  checkOptions(options);
  const given = {...options};
  const call = lastCall.then(() => (name === 'auto' ? startFirst(given) : startChosen(name, given)));
  // The next call does not care how this one ends.
  lastCall = call.catch(() => undefined);
  return call;
}

async function startChosen(name: BackendName, options: BackendOptions): Promise<Backend> {
  const loader = loaderOf(name);
  if (loader === undefined) {
    throw new BackendUnavailableError(`The backend '${name}' has not been imported.`, {
      hint: importOf(name),
      code: 'backend/not-imported',
    });
  }
  return start(name, loader, await loader.load(options, false), options, []);
}

/** Of the backends that were imported, the first one that runs. */
async function startFirst(options: BackendOptions): Promise<Backend> {
  const tried: TriedBackend[] = [];
  for (const name of automaticOrder()) {
    const loader = loaderOf(name);
    if (loader === undefined) continue;
    try {
      return await start(name, loader, await loader.load(options, true), options, tried);
    } catch (cause) {
      // Anything else is a mistake in the call, which another backend does not mend.
      if (!(cause instanceof BackendUnavailableError)) throw cause;
      tried.push({name, reason: withoutHint(cause)});
    }
  }
  throw new BackendUnavailableError(
    `No backend runs here: ${tried.map(({name, reason: why}) => `${name}: ${why}`).join(' ')}`,
    {hint: 'Choose one by its name to see how far it comes.'},
  );
}

async function start(
  name: BackendName,
  loader: BackendLoader,
  instance: KernelBackend,
  options: BackendOptions,
  tried: readonly TriedBackend[],
): Promise<Backend> {
  addMissingChainedOps();
  const previous = activeBackend();
  const {engine, state} = await engineFor(name, instance, options);
  const {tfjsName, repairs, isNew} = await installRepairs(name, loader, instance, engine);
  const activated = await tf.setBackend(tfjsName);
  const failures =
    activated && tf.getBackend() === tfjsName
      ? await selfTest()
      : [`tfjs activated '${tf.getBackend()}' instead`];
  if (failures.length > 0) {
    if (previous !== undefined) await tf.setBackend(previous);
    if (isNew) forgetBackend(tfjsName);
    throw new BackendUnavailableError(`The backend '${name}' does not work here: ${failures.join('; ')}.`, {
      hint: "Try another backend (useBackend('cpu') runs everywhere), and report this with the machine's processor and browser.",
    });
  }
  return new RunningBackend(
    {name, tfjsName, engine: state, repairs, tried},
    engine,
    loader.threads(instance),
  );
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

/** The sentence that says what is wrong, without the one that says what to do. */
function withoutHint({message, hint}: BackendUnavailableError): string {
  return hint === undefined ? message : message.slice(0, message.length - hint.length - 1);
}

/** The name of tfjs's active backend; undefined where none has been chosen yet. */
function activeBackend(): string | undefined {
  return tf.getBackend() || undefined;
}
