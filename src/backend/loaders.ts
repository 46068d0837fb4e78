/** The backends that this program can choose: those that come along, and those whose subpath it has imported. */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
import {isNode} from './automatic';
import {cpuLoader, wasmLoader} from './load';
import type {Repair} from './repairs/types';
import type {BackendName, BackendOptions} from './types';

/** A way to get tfjs's instance of a backend: what `glassbox/backend/webgl` and its like register. */
export interface BackendLoader {
  /** What tfjs itself calls the backend. */
  readonly tfjsName: string;
  /** What is put right on this backend alone, on top of what is wrong on several. */
  readonly repairs?: readonly Repair[];
  /**
   * Imports tfjs's package and starts its instance, or takes the one that runs.
   *
   * @param isAutomatic whether `'auto'` asks, which leaves out what would run but not well
   * @throws BackendUnavailableError with the reason
   */
  load(options: BackendOptions, isAutomatic: boolean): Promise<KernelBackend>;
  threads(instance: KernelBackend): number;
}

const registered = new Map<BackendName, BackendLoader>([
  ['wasm', wasmLoader],
  ['cpu', cpuLoader],
]);

/** Every name, with what it takes to import and to install it. */
const packages: Readonly<Record<BackendName, string | undefined>> = {
  wasm: undefined,
  cpu: undefined,
  webgl: `@tensorflow/tfjs-backend-webgl@${tf.version_core}`,
  webgpu: `@tensorflow/tfjs-backend-webgpu@${tf.version_core} (in Node also webgpu)`,
  node: `@tensorflow/tfjs-node@${tf.version_core}`,
};

export const backendNames = Object.keys(packages) as readonly BackendName[];

/** Makes a backend one that `useBackend` can choose; the last loader of a name counts. */
export function registerLoader(name: BackendName, loader: BackendLoader): void {
  registered.set(name, loader);
}

/** The loader of a backend; undefined where its subpath has not been imported. */
export function loaderOf(name: BackendName): BackendLoader | undefined {
  return registered.get(name);
}

/** How to make a backend one that can be chosen here, or what else to choose, as a hint. */
export function importOf(name: BackendName): string {
  if (name === 'node' && !isNode())
    return "It runs in Node only: in a page, choose 'webgpu', 'webgl' or 'wasm'.";
  if (name === 'webgl' && isNode())
    return "It runs in pages only: in Node, choose 'wasm', 'webgpu' or 'node'.";
  const line = `Add the line: import 'glassbox/backend/${name}', and install ${packages[name]}`;
  return isNode() ? `${line}.` : `${line}; beside the ready bundle, load './glassbox.${name}.js' instead.`;
}
