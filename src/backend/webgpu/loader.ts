/** Starting tfjs's WebGPU backend. */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
import {BackendUnavailableError} from '../../core';
import {isNode} from '../automatic';
import {gpuRepairs} from '../gpu';
import {watchForFailures} from '../failures';
import {importBackend, liveInstance, startedInstance} from '../load';
import type {BackendLoader} from '../loaders';
import {watchForLoss} from '../loss';
import {onlyImitated} from '../softwareGpu';
import type {BackendOptions} from '../types';
import {gpuOfNode, type FoundGpu} from './dawn';
import {gpuOfGlobal, isSoftware, nameOf, type Adapter, type Described, type Gpu} from './gpu';
import {webgpuRepairs} from './repairs';
import {adapterUnder, deviceOf, finishWork, instanceOn, refuseSynchronousReads} from './tfjsInternals';

/**
 * How `useBackend('webgpu')` starts tfjs's WebGPU backend; needs the optional peer @tensorflow/tfjs-backend-webgpu, and
 * in Node also webgpu.
 */
export const webgpuLoader: BackendLoader = {
  tfjsName: 'webgpu',
  repairs: [...webgpuRepairs, ...gpuRepairs],
  load,
  threads: () => 1,
};

async function load({softwareAdapter}: BackendOptions, isAutomatic: boolean): Promise<KernelBackend> {
  const allowsSoftware = softwareAdapter ?? !(isAutomatic || isNode());
  const refuse = (adapter: Described): void => {
    if (!allowsSoftware && isSoftware(adapter)) throw onlyImitated('webgpu', nameOf(adapter));
  };
  const running = liveInstance('webgpu');
  if (running !== undefined) refuse(adapterUnder(running));
  const instance = running ?? (await newInstance(refuse));
  await watchForFailures(instance, {
    name: 'webgpu',
    finish: () => finishWork(instance),
    listen: failed =>
      deviceOf(instance).addEventListener('uncapturederror', ({error}) =>
        failed({message: error.message, isOutOfMemory: error.constructor.name === 'GPUOutOfMemoryError'}),
      ),
  });
  watchForLoss(instance, {
    name: 'webgpu',
    listen: lost => {
      void deviceOf(instance).lost.then(({message, reason}) => lost(message || reason));
    },
  });
  if (typeof OffscreenCanvas === 'undefined' || isSoftware(adapterUnder(instance)))
    refuseSynchronousReads(instance);
  return instance;
}

/** @param refuse throws where an adapter will not do, before anything is started or changed for it */
async function newInstance(refuse: (adapter: Described) => void): Promise<KernelBackend> {
  const {gpu, install} = isNode() ? await gpuOfNode() : gpuOfPage();
  const adapter = await adapterOf(gpu);
  refuse(adapter);
  // tfjs looks for the GPU when its package is imported.
  install();
  const tfjs = await importBackend('webgpu', () => import('@tensorflow/tfjs-backend-webgpu'));
  const start = (): Promise<KernelBackend> => instanceOn(tfjs, adapter);
  // tfjs registers it itself, unless its package was imported before there was a GPU.
  if (tf.findBackendFactory('webgpu') === null && tf.getKernelsForBackend('webgpu').length > 0)
    tf.registerBackend('webgpu', start, 3);
  return startedInstance('webgpu', 'Update the graphics driver, or choose another backend.', start);
}

function gpuOfPage(): FoundGpu {
  const gpu = gpuOfGlobal();
  if (gpu !== undefined) return {gpu, install: () => undefined};
  throw new BackendUnavailableError("The backend 'webgpu' cannot start here: the browser has no WebGPU.", {
    hint: "Browsers have it in secure contexts only (https or localhost), and not all of them; 'webgl' and 'wasm' run in all.",
  });
}

async function adapterOf(gpu: Gpu): Promise<Adapter> {
  const adapter = await gpu.requestAdapter({powerPreference: 'high-performance'});
  if (adapter !== null) return adapter;
  throw new BackendUnavailableError("The backend 'webgpu' cannot start here: no GPU was found.", {
    hint: isNode()
      ? 'On Linux, its driver needs libvulkan1; a software GPU for tests is named by VK_ICD_FILENAMES (docs/backends.md) and takes the option softwareAdapter: true.'
      : "chrome://gpu says why, in Chromium; 'webgl' and 'wasm' need no WebGPU.",
  });
}
