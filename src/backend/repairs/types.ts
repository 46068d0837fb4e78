/**
 * What one repair of tfjs is made of.
 */
import type {GradConfig, KernelConfig} from '@tensorflow/tfjs-core';

/** The backends that repairs exist for. */
export type RepairedBackend = 'wasm' | 'cpu';

/** One defect of tfjs 4.22, and what is put in its place. */
export interface Repair {
  /** Stable and short, such as `'wasm/max-pool-gradient'`. */
  readonly id: string;
  /** One sentence for a user: what tfjs does wrong or lacks, and what happens now. */
  readonly description: string;
  /** The backends it is for. */
  readonly backends: readonly RepairedBackend[];
  /** Kernels to register for `backend`, in place of or in addition to tfjs's own. */
  kernels?(backend: RepairedBackend): KernelConfig[];
  /** Gradients to register. tfjs keeps one a kernel name for all backends, so these must be right on every backend. */
  gradients?(): GradConfig[];
}
