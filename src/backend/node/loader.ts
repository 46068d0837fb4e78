/**
 * Starting tfjs-node. Its last release, 4.22.0 of 2024, calls a function that Node 23 took away, and its installation
 * downloads a binary that is not there for every system; both are told apart from its not being installed.
 */
import {availableParallelism} from 'node:os';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
import {BackendUnavailableError} from '../../core';
import {isNode} from '../automatic';
import {importAtRuntime, isMissing} from '../importAtRuntime';
import {startedInstance} from '../load';
import type {BackendLoader} from '../loaders';
import {reason} from '../reason';
import {activeBackend, makeActive} from '../tfjsInternals';

const PACKAGE = '@tensorflow/tfjs-node';

/** @param importPackage how the package is imported */
export function loaderOfNode(importPackage: (name: string) => Promise<object>): BackendLoader {
  return {
    tfjsName: 'tensorflow',
    load: () => load(importPackage),
    // libtensorflow takes as many as the machine runs at once, and cannot be asked.
    threads: () => availableParallelism(),
  };
}

/** How `useBackend('node')` starts tfjs-node; needs the optional peer @tensorflow/tfjs-node. */
export const nodeLoader: BackendLoader = loaderOfNode(importAtRuntime);

async function load(importPackage: (name: string) => Promise<object>): Promise<KernelBackend> {
  if (!isNode()) {
    throw new BackendUnavailableError("The backend 'node' runs in Node only.", {
      hint: "In a page, choose 'webgpu', 'webgl' or 'wasm'.",
    });
  }
  const takeBack = giveBackWhatNodeTook();
  const active = activeBackend();
  try {
    await importPackage(PACKAGE);
  } catch (cause) {
    takeBack();
    throw failure(cause);
  }
  // It makes itself the active backend; until it has been tested, it is not to be.
  if (activeBackend() !== active) await makeActive(active);
  const hint = `Reinstall it: npm install ${PACKAGE}@${tf.version_core}.`;
  return startedInstance('node', hint, factory => factory(), 'tensorflow');
}

/**
 * Node 23 removed `util.isNullOrUndefined`, which tfjs-node calls with every tensor. What is returned removes it again,
 * for programs that do not have the package.
 */
function giveBackWhatNodeTook(): () => void {
  const module = util as {isNullOrUndefined?: (value: unknown) => boolean};
  if (module.isNullOrUndefined !== undefined) return () => undefined;
  module.isNullOrUndefined = value => value === null || value === undefined;
  return () => delete module.isNullOrUndefined;
}

function failure(cause: unknown): BackendUnavailableError {
  const found = reason(cause);
  if (isMissing(PACKAGE, cause)) {
    return new BackendUnavailableError(`The backend 'node' needs ${PACKAGE}, which is not installed.`, {
      hint: `Install it: npm install ${PACKAGE}@${tf.version_core}.`,
      code: 'backend/not-installed',
      cause,
    });
  }
  if (found.includes('tfjs_binding.node')) {
    return new BackendUnavailableError(
      "The backend 'node' cannot start here: tfjs-node is installed without its native binding (tfjs_binding.node).",
      {
        hint: `Its installation downloads libtensorflow and compiles or downloads the binding; let it run and look at what it says: npm rebuild ${PACKAGE} --build-addon-from-source. There is no ready binding for every Node and system, nor for Windows; 'wasm' needs none.`,
        code: 'backend/no-binding',
        cause,
      },
    );
  }
  return new BackendUnavailableError(
    `The backend 'node' cannot be loaded: ${PACKAGE} failed to import (${found}).`,
    {
      hint: `Reinstall it: npm install ${PACKAGE}@${tf.version_core}; or choose 'wasm', which needs no binary.`,
      cause,
    },
  );
}
