/**
 * The border with tfjs's internals: every reach into what tfjs does not export, and every cast that this
 * takes, is here.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
import type {MathBackendCPU} from '@tensorflow/tfjs-backend-cpu';
import type {BackendWasm} from '@tensorflow/tfjs-backend-wasm';

/** tfjs's WASM backend, as kernels use it. */
export type HeapBackend = BackendWasm;

/** tfjs's CPU backend, as kernels use it. */
export type CpuScratch = MathBackendCPU;

/** The package of tfjs's CPU backend. */
export type CpuModule = typeof import('@tensorflow/tfjs-backend-cpu');

/** The instance that tfjs holds under a name; undefined as long as it has not been started. */
export function runningInstance(name: string): KernelBackend | undefined {
  return tf.engine().registry[name];
}

/** Puts a started instance under a name that tfjs already has a factory for. */
export function setRunningInstance(name: string, instance: KernelBackend): void {
  tf.engine().registry[name] = instance;
}

/** Takes a name out of tfjs without disposing the instance behind it, which others share. */
export function forgetBackend(name: string): void {
  const engine = tf.engine();
  for (const {kernelName} of tf.getKernelsForBackend(name)) tf.unregisterKernel(kernelName, name);
  delete engine.registry[name];
  delete engine.registryFactory[name];
}

/** The threads of tfjs's WASM instance. */
export function wasmThreads(instance: KernelBackend): number {
  const {wasm} = instance as unknown as {wasm: {tfjs: {getThreadsCount(): number}}};
  return Math.max(1, wasm.tfjs.getThreadsCount());
}

/** Keeps tfjs's CPU backend from advertising tfjs-node on the console at its first write. */
export function silenceFirstUse(instance: KernelBackend): void {
  (instance as unknown as {firstUse: boolean}).firstUse = false;
}

/** The methods of all tensors, open for those that a program has not registered. */
export function tensorPrototype(): Record<string, unknown> {
  return tf.Tensor.prototype as unknown as Record<string, unknown>;
}
