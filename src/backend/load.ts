/**
 * Loading tfjs's own backends: the packages are imported when asked for, and the instance is the one that
 * the rest of the program sees under tfjs's own name. The two that come along are here; each other one has a folder.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
import {BackendUnavailableError, ConfigurationError} from '../core';
import type {BackendLoader} from './loaders';
import {lossOf} from './loss';
import {reason} from './reason';
import {restoringListeners, withoutNewListeners} from './repairs/processListeners';
import {startOnSharedMemory} from './sharedStart';
import {runningInstance, setRunningInstance, silenceFirstUse, wasmThreads} from './tfjsInternals';
import type {BackendName, BackendOptions} from './types';

/** How tfjs makes an instance of a backend. */
export type BackendFactory = () => KernelBackend | Promise<KernelBackend>;

export const wasmLoader: BackendLoader = {tfjsName: 'wasm', load: loadWasm, threads: wasmThreads};

export const cpuLoader: BackendLoader = {tfjsName: 'cpu', load: loadCpu, threads: () => 1};

async function loadWasm({wasmPaths, engine}: BackendOptions): Promise<KernelBackend> {
  const tfjs = await importBackend('wasm', () => import('@tensorflow/tfjs-backend-wasm'));
  if (wasmPaths !== undefined && runningInstance('wasm') === undefined) {
    try {
      tfjs.setWasmPaths(typeof wasmPaths === 'string' ? folder(wasmPaths) : wasmPaths);
    } catch (cause) {
      // So tfjs says after a start that failed.
      if (reason(cause).includes('already initialized')) {
        throw new BackendUnavailableError(
          "The backend 'wasm' failed to start before, and these wasmPaths were not tried.",
          {hint: AGAIN, cause},
        );
      }
      throw new ConfigurationError(`The option wasmPaths was refused: ${reason(cause)}.`, {
        hint: 'Give a folder, or a URL for each of the three .wasm files of @tensorflow/tfjs-backend-wasm.',
        cause,
      });
    }
  }
  return startedInstance(
    'wasm',
    `Serve the .wasm files of @tensorflow/tfjs-backend-wasm/dist and name their folder in the option wasmPaths. ${AGAIN}`,
    // The engine has threads of its own, which work on shared memory.
    factory => (engine === false ? factory() : startOnSharedMemory(factory, tfjs.setThreadsCount)),
  );
}

const AGAIN =
  'Reload the page or restart the program before another try: after a failure tfjs takes no new paths.';

/** tfjs puts the file's name right behind the folder's. */
function folder(path: string): string {
  return path === '' || path.endsWith('/') ? path : `${path}/`;
}

async function loadCpu(): Promise<KernelBackend> {
  await importBackend('cpu', () => import('@tensorflow/tfjs-backend-cpu'));
  const instance = await startedInstance('cpu', 'Reinstall @tensorflow/tfjs-backend-cpu.');
  silenceFirstUse(instance);
  return instance;
}

/** @throws BackendUnavailableError, with the command that installs the package, where it cannot be imported */
export async function importBackend<M>(name: BackendName, load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (cause) {
    throw new BackendUnavailableError(
      `The backend '${name}' cannot be loaded: @tensorflow/tfjs-backend-${name} failed to import (${reason(cause)}).`,
      {hint: `Install it: npm install @tensorflow/tfjs-backend-${name}@${tf.version_core}.`, cause},
    );
  }
}

/** The instance under tfjs's own name, if there is one and its device is not lost. */
export function liveInstance(tfjsName: string): KernelBackend | undefined {
  const running = runningInstance(tfjsName);
  return running === undefined || lossOf(running) !== undefined ? undefined : running;
}

/**
 * The instance under tfjs's own name, started if need be. Its factory is called here rather than by
 * `tf.setBackend`, which swallows the reason of a failure and leaves another backend active.
 */
export async function startedInstance(
  name: BackendName,
  hint: string,
  start: (factory: BackendFactory) => KernelBackend | Promise<KernelBackend> = factory => factory(),
  tfjsName: string = name,
): Promise<KernelBackend> {
  const live = liveInstance(tfjsName);
  if (live !== undefined) return live;
  const lost = runningInstance(tfjsName);
  const factory = tf.findBackendFactory(tfjsName);
  if (factory === null) {
    throw new BackendUnavailableError(
      `The backend '${name}' is not registered with the copy of @tensorflow/tfjs-core that glassbox uses.`,
      {
        hint: 'Keep one copy (npm ls @tensorflow/tfjs-core shows who asks for which), and do not call tf.removeBackend before.',
      },
    );
  }
  let started: KernelBackend;
  try {
    started = await withoutNewListeners(() => start(factory));
  } catch (cause) {
    throw new BackendUnavailableError(`The backend '${name}' cannot start here: ${reason(cause)}.`, {
      hint,
      cause,
    });
  }
  // Somebody else may have started it in the meantime; the first one holds the tensors.
  const meanwhile = runningInstance(tfjsName);
  if (meanwhile !== undefined && meanwhile !== lost) {
    restoringListeners(() => started.dispose());
    return meanwhile;
  }
  setRunningInstance(tfjsName, started);
  return started;
}
