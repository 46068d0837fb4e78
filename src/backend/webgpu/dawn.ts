/** WebGPU for Node, from the npm package `webgpu` (Dawn, the implementation in Chromium). */
import {BackendUnavailableError} from '../../core';
import {importAtRuntime, isMissing} from '../importAtRuntime';
import {reason} from '../load';
import {gpuOfGlobal, type Gpu} from './gpu';

interface Dawn {
  create(options: string[]): Gpu;
  readonly globals: object;
}

/** The way to the GPUs, also put where tfjs looks for it: `navigator.gpu`, with the classes and constants around it. */
export async function provideGpu(): Promise<Gpu> {
  const present = gpuOfGlobal();
  if (present !== undefined) return present;
  const {create, globals} = await importDawn();
  Object.assign(globalThis, globals);
  const gpu = create([]);
  // Node 20 has no navigator.
  if (globalThis.navigator === undefined)
    Object.defineProperty(globalThis, 'navigator', {value: {}, configurable: true});
  Object.defineProperty(globalThis.navigator, 'gpu', {value: gpu, configurable: true});
  return gpu;
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
