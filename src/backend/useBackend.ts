/**
 * Choosing a backend: loads it, puts right what tfjs gets wrong on it, proves that it computes, and only
 * then makes it the active one.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
// tfjs-layers registers tfjs's gradients when it is imported; it has to come before ours replace some.
import '@tensorflow/tfjs-layers';
import {BackendUnavailableError, unknownName} from '../core';
import {addMissingChainedOps} from './chainedOps';
import {loaders} from './load';
import {installRepairs} from './install';
import {selfTest} from './selfTest';
import {forgetBackend} from './tfjsInternals';
import type {Backend, BackendName, BackendOptions, EngineState} from './types';
import {startEngine, type Engine} from './wasm/engine';
import {asWasm} from './wasm/tfjsInternals';

/** What `'auto'` stands for: the fastest engine that trains right wherever JavaScript runs. */
const automatic: BackendName = 'wasm';

/**
 * Loads a backend, repairs what tfjs computes wrong or lacks there, verifies it with a few known gradients
 * and makes it the active one. Call it once before building a model; calling it again is cheap, and is how
 * to switch.
 *
 * The repaired backend has a name of its own in tfjs (`backend.tfjsName`) and shares memory and tensors with
 * tfjs's; `tf.setBackend('wasm')` still selects tfjs's unrepaired one. See docs/backends.md.
 *
 * @param name `'wasm'` (fast), `'cpu'` (plain JavaScript, slow, no files to serve), or `'auto'`, which is
 *   `'wasm'`. There is no silent fallback: a backend that cannot run is an error.
 * @param options where the `.wasm` files are, for bundlers.
 * @throws ConfigurationError for an unknown name or impossible `wasmPaths`.
 * @throws BackendUnavailableError when the engine is insisted on and cannot run; when the backend cannot load or start, or computes wrong numbers; the
 *   backend that was active before stays active.
 *
 * @example
 * const backend = await useBackend('wasm');
 * backend.name; // 'wasm'
 * backend.repairs.some(repair => repair.id === 'einsum-gradient'); // true
 */
export async function useBackend(
  name: 'auto' | BackendName = 'auto',
  options: BackendOptions = {},
): Promise<Backend> {
  const resolved = name === 'auto' ? automatic : name;
  if (!Object.hasOwn(loaders, resolved))
    throw unknownName('backend', resolved, ['auto', ...Object.keys(loaders)]);
  const loader = loaders[resolved];
  const instance = await loader.load(options);
  addMissingChainedOps();
  const previous = activeBackend();
  const {engine, state} = await engineFor(resolved, instance, options.engine);
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
  return {name: resolved, tfjsName, threads: loader.threads(instance), engine: state, repairs};
}

/** The engine as asked for, and what to say of it. */
async function engineFor(
  name: BackendName,
  instance: KernelBackend,
  wanted: boolean | undefined,
): Promise<{engine: Engine | undefined; state: EngineState}> {
  const without = (reason: string) => {
    if (wanted === true) {
      throw new BackendUnavailableError(
        `The training engine cannot run on the backend '${name}': ${reason}.`,
        {
          hint: 'Leave the option engine out to train with the kernels that there are.',
        },
      );
    }
    return {engine: undefined, state: {running: false, reason} as const};
  };
  if (wanted === false) return without('it was switched off');
  if (name !== 'wasm') return without("it works on the memory of tfjs's wasm backend only");
  const start = await startEngine(asWasm(instance));
  if (start.engine === undefined) return without(start.reason);
  return {engine: start.engine, state: {running: true, relaxedSimd: start.engine.relaxedSimd}};
}

/** The name of tfjs's active backend; undefined where none has been chosen yet. */
function activeBackend(): string | undefined {
  return tf.getBackend() || undefined;
}
