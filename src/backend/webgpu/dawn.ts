/** WebGPU for Node, from the npm package `webgpu` (Dawn, the implementation in Chromium). */
import {BackendUnavailableError} from '../../core';
import {importAtRuntime, isMissing} from '../importAtRuntime';
import {reason} from '../reason';
import {gpuOfGlobal, type Gpu} from './gpu';

interface Dawn {
  create(options: string[]): Gpu;
  readonly globals: object;
}

/** The way to the GPUs. */
export interface FoundGpu {
  readonly gpu: Gpu;
  /** Puts it where tfjs looks for it: `navigator.gpu`, with the classes and constants around it. */
  install(): void;
}

/** Made once, for all calls that find no GPU that will do. */
let made: Gpu | undefined;

/** Finds the GPUs and changes nothing yet: a program that does not get one is to see nothing of it. */
export async function gpuOfNode(): Promise<FoundGpu> {
  const present = gpuOfGlobal();
  if (present !== undefined) return {gpu: present, install: () => undefined};
  const {create, globals} = await importDawn();
  const gpu = (made ??= create([]));
  const install = (): void => {
    Object.assign(globalThis, globals);
    // Node 20 has no navigator; Node 21 calls itself so, and code that finds one reads this of it.
    if (globalThis.navigator === undefined) {
      const userAgent = `Node.js/${process.versions.node.split('.')[0]}`;
      Object.defineProperty(globalThis, 'navigator', {value: {userAgent}, configurable: true});
    }
    Object.defineProperty(globalThis.navigator, 'gpu', {value: gpu, configurable: true});
  };
  return {gpu, install};
}

async function importDawn(): Promise<Dawn> {
  try {
    return (await importAtRuntime('webgpu')) as Dawn;
  } catch (cause) {
    const isAbsent = isMissing('webgpu', cause);
    throw new BackendUnavailableError(
      isAbsent
        ? "The backend 'webgpu' needs the package webgpu in Node, which is not installed."
        : `The backend 'webgpu' cannot start here: the package webgpu failed to import (${reason(cause)}).`,
      {
        hint: isAbsent
          ? 'Install it: npm install webgpu.'
          : 'It has binaries for Linux (x64, arm64), macOS and Windows (x64, arm64); on Linux, graphics drivers need libvulkan1.',
        cause,
      },
    );
  }
}
