/**
 * What one repair of tfjs is made of.
 */
import type {GradConfig, KernelBackend, KernelConfig} from '@tensorflow/tfjs-core';
import type {BackendName} from '../types';

/** What is wrong whatever computes: gradients, which tfjs has once for all backends, and layers. */
export const everyBackend: readonly BackendName[] = ['wasm', 'cpu', 'webgl', 'webgpu', 'node'];

/** Where a kernel is to be right but for libtensorflow's, which are. */
export const everyJavaScriptBackend: readonly BackendName[] = ['wasm', 'cpu', 'webgl', 'webgpu'];

/** Where tensors lie in memory that JavaScript reads. */
export type HostBackend = 'wasm' | 'cpu';

export function isOnHost(backend: BackendName): backend is HostBackend {
  return backend === 'wasm' || backend === 'cpu';
}

/** What a repair may use while it is put in place. */
export interface RepairContext {
  /** tfjs's own instance, which the repaired backend shares. */
  readonly instance: KernelBackend;
  /** The kernel of that name as it stands: tfjs's, or an earlier repair's; undefined where there is none. */
  current(kernelName: string): KernelConfig | undefined;
}

/** One defect of tfjs 4.22, and what is put in its place. */
export interface Repair {
  /** Stable and short, such as `'wasm/max-pool-gradient'`. */
  readonly id: string;
  /** One sentence for a user: what tfjs does wrong or lacks, and what happens now. */
  readonly description: string;
  /** The backends it is for. */
  readonly backends: readonly BackendName[];
  /** Awaited before `kernels` is called: compile or load here what they need. */
  prepare?(context: RepairContext): Promise<void>;
  /** Kernels to register for `backend`, in place of or in addition to tfjs's own. */
  kernels?(backend: BackendName, context: RepairContext): KernelConfig[];
  /** Gradients to register. tfjs keeps one a kernel name for all backends, so these must be right on every backend. */
  gradients?(): GradConfig[];
}
