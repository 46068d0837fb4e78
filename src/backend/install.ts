/**
 * Putting repairs in place: under a backend name of our own, so that tfjs's stays as it is for the rest of
 * the program, and on tfjs's instance, so that tensors pass between the two without a copy.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend, KernelConfig} from '@tensorflow/tfjs-core';
import type {BackendLoader} from './loaders';
import {refusingAfterLoss} from './loss';
import {repairsFor} from './repairs';
import type {Repair, RepairContext} from './repairs/types';
import type {AppliedRepair, BackendName} from './types';
import type {Engine} from './wasm/engine';
import {engineKernels} from './wasm/engineKernels';
import {countingCalls} from './stockCalls';
import {forgetBackend, runningInstance, setRunningInstance} from './tfjsInternals';
import {version} from './version';

export interface Installation {
  readonly tfjsName: string;
  readonly repairs: readonly AppliedRepair[];
  /** Whether this call made it; false where this or another copy of glassbox had done so before. */
  readonly isNew: boolean;
}

/**
 * Registers the repaired backend, with the engine's kernels on top where there is one, once a program and version;
 * copies of one version share it. Gradients are
 * registered again every time, since another import of tfjs-layers may have put tfjs's back.
 */
export async function installRepairs(
  name: BackendName,
  loader: BackendLoader,
  instance: KernelBackend,
  engine: Engine | undefined,
): Promise<Installation> {
  const variant = name === 'wasm' && engine === undefined ? '-without-engine' : '';
  const tfjsName = `glassbox-${name}${variant}@${version}`;
  const repairs = [...(loader.repairs ?? []), ...repairsFor(name)];
  const context: RepairContext = {instance, current: kernelName => tf.getKernel(kernelName, tfjsName)};
  if (!isInstalled(tfjsName, instance)) {
    for (const repair of repairs) await repair.prepare?.(context);
  }
  // Another call may have finished during `prepare`; from here on nothing waits.
  const isNew = !isInstalled(tfjsName, instance);
  if (isNew) {
    forgetBackend(tfjsName);
    for (const kernel of tf.getKernelsForBackend(loader.tfjsName)) {
      // Also those that ours replace: tfjs's kernels call one another's functions, as its sums do its transpose's.
      kernel.setupFunc?.(instance);
      replaceKernel(countingCalls(kernel, instance), tfjsName);
    }
    for (const repair of repairs) {
      for (const kernel of repair.kernels?.(name, context) ?? []) replaceKernel(kernel, tfjsName);
    }
    if (engine !== undefined) {
      for (const kernel of engineKernels)
        replaceKernel(kernel.config(engine, context.current(kernel.kernelName)), tfjsName);
    }
    for (const kernel of tf.getKernelsForBackend(tfjsName))
      replaceKernel(refusingAfterLoss(kernel, instance), tfjsName);
    tf.registerBackend(tfjsName, () => instance, 0);
    setRunningInstance(tfjsName, instance);
  }
  for (const gradient of repairs.flatMap(repair => repair.gradients?.() ?? [])) tf.registerGradient(gradient);
  return {tfjsName, repairs: repairs.map(describe), isNew};
}

function isInstalled(tfjsName: string, instance: KernelBackend): boolean {
  return tf.findBackendFactory(tfjsName) !== null && runningInstance(tfjsName) === instance;
}

/** tfjs warns on the console when a kernel is registered over another. */
function replaceKernel(kernel: KernelConfig, backendName: string): void {
  if (tf.getKernel(kernel.kernelName, backendName) !== undefined)
    tf.unregisterKernel(kernel.kernelName, backendName);
  tf.registerKernel({...kernel, backendName});
}

function describe({id, description}: Repair): AppliedRepair {
  return {id, description};
}
