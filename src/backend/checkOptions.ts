/** Checks what `useBackend` is told, as far as it can be judged before anything is loaded. */
import {asGiven, checkNames, ConfigurationError, unknownName} from '../core';
import {backendNames} from './loaders';
import type {BackendName, BackendOptions} from './types';

/** More threads than this are a mistake: each takes memory, and work is cut into some 32 pieces. */
const MOST_THREADS = 256;

/** @throws ConfigurationError for a name that is no backend's */
export function checkName(name: unknown): asserts name is 'auto' | BackendName {
  const known = ['auto', ...backendNames];
  if (typeof name !== 'string') {
    throw new ConfigurationError(`The name of the backend is ${asGiven(name)}.`, {
      hint: `Give one of ${known.map(asGiven).join(', ')}, or nothing.`,
    });
  }
  if (!known.includes(name)) throw unknownName('backend', name, known);
}

/** @throws ConfigurationError for an option that there is not, or a value that cannot mean anything */
export function checkOptions(options: BackendOptions): void {
  checkNames('useBackend', options, ['wasmPaths', 'threads', 'engine', 'relaxedSimd', 'softwareAdapter']);
  const {wasmPaths, threads = 'auto', engine, relaxedSimd, softwareAdapter} = options;
  const isCount = Number.isInteger(threads) && Number(threads) > 0 && Number(threads) <= MOST_THREADS;
  if (threads !== 'auto' && !isCount) {
    throw new ConfigurationError(`The option threads is ${asGiven(threads)}.`, {
      hint: `Give a whole number from 1 to ${MOST_THREADS}, or 'auto' for as many as the machine runs at once.`,
    });
  }
  for (const [name, value] of Object.entries({engine, relaxedSimd, softwareAdapter})) {
    if (value === undefined || typeof value === 'boolean') continue;
    throw new ConfigurationError(`The option ${name} is ${asGiven(value)}.`, {
      hint: 'Give true or false, or leave it out.',
    });
  }
  const isPaths = typeof wasmPaths === 'string' || (typeof wasmPaths === 'object' && wasmPaths !== null);
  if (wasmPaths !== undefined && !isPaths) {
    throw new ConfigurationError(`The option wasmPaths is ${asGiven(wasmPaths)}.`, {
      hint: 'Give a folder, or a URL for each of the three .wasm files of @tensorflow/tfjs-backend-wasm.',
    });
  }
}
