/**
 * Everything that is put right, in the order in which it is registered.
 */
import {trainingKernels} from '../wasm';
import {einsumGradient} from './einsumGradient';
import {missingKernels} from './missingKernels';
import type {Repair, RepairedBackend} from './types';

const all: readonly Repair[] = [missingKernels, einsumGradient, ...trainingKernels];

/** The repairs that concern one backend. */
export function repairsFor(backend: RepairedBackend): Repair[] {
  return all.filter(repair => repair.backends.includes(backend));
}
