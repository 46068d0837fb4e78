/**
 * Choosing a backend: loads it, puts right what tfjs gets wrong on it, proves that it computes, and only
 * then makes it the active one.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
// tfjs-layers registers tfjs's gradients when it is imported; it has to come before ours replace some.
import '@tensorflow/tfjs-layers';
import {BackendUnavailableError, DeviceLostError, OutOfMemoryError} from '../core';
import {automaticOrder} from './automatic';
import {addMissingChainedOps} from './chainedOps';
import {checkName, checkOptions} from './checkOptions';
import {engineFor, refuseWithoutEngine} from './engineFor';
import {importOf, loaderOf, type BackendLoader} from './loaders';
import {installRepairs} from './install';
import {withoutHint} from './reason';
import {selfTest} from './selfTest';
import {RunningBackend} from './runningBackend';
import {activeBackend, forgetBackend, makeActive} from './tfjsInternals';
import type {Backend, BackendName, BackendOptions, TriedBackend} from './types';

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
 *   active; where there was none, none is.
 * @throws DeviceLostError when the GPU is lost while it is tried, and so is the one that is started in its place.
 * @throws OutOfMemoryError when the GPU has no memory left for the trial.
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
  return start({name, loader, options, isAutomatic: false, tried: []});
}

/** Of the backends that were imported, the first one that runs. */
async function startFirst(options: BackendOptions): Promise<Backend> {
  const tried: TriedBackend[] = [];
  for (const name of automaticOrder()) {
    const loader = loaderOf(name);
    if (loader === undefined) continue;
    try {
      return await start({name, loader, options, isAutomatic: true, tried});
    } catch (cause) {
      // Anything else is a mistake in the call, which another backend does not mend.
      const isOfBackend =
        cause instanceof BackendUnavailableError ||
        cause instanceof DeviceLostError ||
        cause instanceof OutOfMemoryError;
      if (!isOfBackend) throw cause;
      tried.push({name, reason: withoutHint(cause), ...(cause.hint !== undefined && {hint: cause.hint})});
    }
  }
  throw new BackendUnavailableError(
    `No backend runs here: ${tried.map(({name, reason: why}) => `${name}: ${why}`).join(' ')}`,
    {hint: 'Choose one by its name to see how far it comes.'},
  );
}

interface Start {
  readonly name: BackendName;
  readonly loader: BackendLoader;
  readonly options: BackendOptions;
  readonly isAutomatic: boolean;
  readonly tried: readonly TriedBackend[];
}

async function start(asked: Start): Promise<Backend> {
  const {name, loader, options, isAutomatic} = asked;
  refuseWithoutEngine(name, options);
  try {
    return await startOn(asked, await loader.load(options, isAutomatic));
  } catch (error) {
    if (!(error instanceof DeviceLostError)) throw error;
    // A device may be lost by chance; the loader starts a new one in the place of one that is.
    return startOn(asked, await loader.load(options, isAutomatic));
  }
}

/** Makes the backend of an instance the active one, if it computes what it should. */
async function startOn({name, loader, options, tried}: Start, instance: KernelBackend): Promise<Backend> {
  addMissingChainedOps();
  const previous = activeBackend();
  const {engine, state} = await engineFor(name, instance, options);
  const {tfjsName, repairs, isNew} = await installRepairs(name, loader, instance, engine);
  try {
    await prove(name, tfjsName);
  } catch (error) {
    // What this call took the place of, under the same name, is gone.
    await makeActive(isNew && previous === tfjsName ? undefined : previous);
    if (isNew) forgetBackend(tfjsName);
    throw error;
  }
  return new RunningBackend(
    {name, tfjsName, engine: state, repairs, tried},
    engine,
    loader.threads(instance),
  );
}

/** Makes a backend active, and computes with it what is known. */
async function prove(name: BackendName, tfjsName: string): Promise<void> {
  const activated = await tf.setBackend(tfjsName);
  const failures =
    activated && tf.getBackend() === tfjsName
      ? await selfTest()
      : [`tfjs activated '${tf.getBackend()}' instead`];
  if (failures.length === 0) return;
  throw new BackendUnavailableError(`The backend '${name}' does not work here: ${failures.join('; ')}.`, {
    hint: "Try another backend (useBackend('cpu') runs everywhere), and report this with the machine's processor and browser.",
  });
}
