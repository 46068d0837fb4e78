/** The training engine, as far as a backend has it and the call wants it. */
import type {KernelBackend} from '@tensorflow/tfjs-core';
import {BackendUnavailableError} from '../core';
import type {BackendName, BackendOptions, EngineState} from './types';
import {startEngine, type Engine} from './wasm/engine';
import {asWasm} from './wasm/tfjsInternals';

/** The engine as asked for, and what to say of it. */
export async function engineFor(
  name: BackendName,
  instance: KernelBackend,
  options: BackendOptions,
): Promise<{engine: Engine | undefined; state: EngineState}> {
  const {threads = 'auto', relaxedSimd = false} = options;
  const reason = reasonBefore(name, options);
  if (reason !== undefined) return {engine: undefined, state: {running: false, reason}};
  const start = await startEngine(asWasm(instance), {threads, relaxedSimd});
  if (start.engine !== undefined) return {engine: start.engine, state: {running: true, relaxedSimd}};
  refuse(name, options, start.reason);
  return {engine: undefined, state: {running: false, reason: start.reason}};
}

/**
 * Refuses what only the engine has where there will be none. It needs no instance: a GPU that is not taken is not to
 * be started either.
 *
 * @throws BackendUnavailableError
 */
export function refuseWithoutEngine(name: BackendName, options: BackendOptions): void {
  const reason = reasonBefore(name, options);
  if (reason !== undefined) refuse(name, options, reason);
}

/** Why there will be no engine, as far as that is known before anything starts. */
function reasonBefore(name: BackendName, {engine}: BackendOptions): string | undefined {
  if (engine === false) return 'the engine was switched off';
  if (name !== 'wasm') return "the engine works on the memory of tfjs's wasm backend only";
  return undefined;
}

function refuse(
  name: BackendName,
  {engine, threads = 'auto', relaxedSimd}: BackendOptions,
  reason: string,
): void {
  if (engine === true) throw without('The training engine', name, reason, 'engine');
  if (threads !== 'auto' && threads > 1) throw without('Threads', name, reason, 'threads');
  if (relaxedSimd === true) throw without('Relaxed SIMD', name, reason, 'relaxedSimd');
}

function without(what: string, name: BackendName, reason: string, option: string): Error {
  return new BackendUnavailableError(`${what} cannot be had on the backend '${name}': ${reason}.`, {
    hint: `Leave the option ${option} out to train with the kernels that there are.`,
  });
}
