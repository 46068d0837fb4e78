/** The backend that `useBackend` answers with, and what a checkpoint notes of it. */
import * as tf from '@tensorflow/tfjs-core';
import {profileKernels, type Profile} from './profile';
import type {AppliedRepair, Backend, BackendName, EngineState, TriedBackend} from './types';
import type {Engine} from './wasm/engine';

/** What was started, by tfjs's names. */
const started = new Map<string, {name: BackendName; engine: Engine | undefined}>();

export class RunningBackend implements Backend {
  readonly name: BackendName;
  readonly tfjsName: string;
  readonly engine: EngineState;
  readonly repairs: readonly AppliedRepair[];
  readonly tried: readonly TriedBackend[];
  readonly #engine: Engine | undefined;
  readonly #stockThreads: number;

  /** @param stockThreads threads of tfjs's own kernels, which count where the engine does not run */
  constructor(
    {
      name,
      tfjsName,
      engine: state,
      repairs,
      tried,
    }: Pick<Backend, 'name' | 'tfjsName' | 'engine' | 'repairs' | 'tried'>,
    engine: Engine | undefined,
    stockThreads: number,
  ) {
    this.name = name;
    this.tfjsName = tfjsName;
    this.engine = state;
    this.repairs = repairs;
    this.tried = tried;
    this.#engine = engine;
    this.#stockThreads = stockThreads;
    started.set(tfjsName, {name, engine});
  }

  get threads(): number {
    return this.#engine?.threads ?? this.#stockThreads;
  }

  profile<T>(run: () => T | Promise<T>): Promise<Profile<Awaited<T>>> {
    return profileKernels(this.tfjsName, this.#engine, run);
  }
}

/** On what numbers were computed: sums round alike where this is equal. */
export interface BackendState {
  /** Such as `'wasm'`; for a backend that `useBackend` did not start, its name in tfjs. */
  readonly name: string;
  /** Whether products and sums were fused. */
  readonly relaxedSimd: boolean;
}

/**
 * The state of the active backend, for the record of a training.
 *
 * @example
 * await useBackend('wasm');
 * backendState(); // {name: 'wasm', relaxedSimd: false}
 */
export function backendState(): BackendState {
  const tfjsName = tf.getBackend();
  const backend = started.get(tfjsName);
  return {name: backend?.name ?? tfjsName, relaxedSimd: backend?.engine?.relaxedSimd ?? false};
}
