/**
 * What `useBackend` takes and gives.
 */

import type {Profile} from './profile';

/**
 * The backends that can be asked for. `'wasm'` and `'cpu'` come with glassbox; each other one is there once
 * `glassbox/backend/webgl`, `glassbox/backend/webgpu` or `glassbox/backend/node` has been imported.
 */
export type BackendName = 'wasm' | 'cpu' | 'webgl' | 'webgpu' | 'node';

/** A backend that `useBackend('auto')` did not take. */
export interface TriedBackend {
  readonly name: BackendName;
  /** Why it went on to the next, in one sentence. */
  readonly reason: string;
  /** What to do to have it, where something can be done. */
  readonly hint?: string;
}

/** How to load a backend. */
export interface BackendOptions {
  /**
   * Where the `.wasm` files of tfjs are, for bundlers and pages: a folder or a URL for each of the three
   * files. Read by `wasm` only, the first time that it is loaded in a program.
   */
  wasmPaths?: string | Record<string, string>;
  /**
   * Whether training runs on glassbox's own kernels, on `wasm`. Left out, it does wherever they run, and
   * `backend.engine` says so; `true` makes it an error if they do not; `false` leaves everything to tfjs's kernels.
   */
  engine?: boolean;
  /**
   * How many threads glassbox's own kernels run on, on `wasm`; results are the same, bit for bit, for any number.
   * `'auto'` (the default) is as many as the machine runs at once, at most 32, or one where the memory cannot be
   * shared: in a page without cross-origin isolation, or when the program had started tfjs's own `wasm` backend
   * before. A number that cannot be had, or beyond 256, is an error. Another number in a later call takes the place
   * of this one.
   */
  threads?: 'auto' | number;
  /**
   * Whether glassbox's own kernels fuse products and sums (relaxed SIMD), which is faster where the runtime has it,
   * and an error where it has not. Sums then round otherwise, and not alike on all processors; so it is off unless
   * asked for.
   */
  relaxedSimd?: boolean;
  /**
   * Whether a GPU that the processor only imitates (SwiftShader, lavapipe) will do, for `webgpu` and `webgl`. It is
   * slower than `wasm` and good for tests. `true` takes it, `false` refuses it. Left out, `'auto'` goes on to the next
   * backend on such a machine and `webgpu` in Node is an error; in a page, an explicit choice takes what the browser
   * has.
   */
  softwareAdapter?: boolean;
}

/** What `backend.engine` says. */
export type EngineState =
  | {
      readonly running: true;
      /** Whether products and sums are fused (relaxed SIMD); then sums round otherwise than without. */
      readonly relaxedSimd: boolean;
    }
  | {
      readonly running: false;
      /** Why not, in a few words. */
      readonly reason: string;
    };

/** One thing that tfjs computes wrong or lacks on this backend, and that was put right. */
export interface AppliedRepair {
  /** Stable and short, such as `'wasm/max-pool-3d'`. */
  readonly id: string;
  /** One sentence: what tfjs does, and what happens now. */
  readonly description: string;
}

/** The backend that runs. */
export interface Backend {
  /** What was asked for, with `'auto'` resolved. */
  readonly name: BackendName;
  /** The name under which tfjs knows it: what `tf.getBackend()` answers while it is active. */
  readonly tfjsName: string;
  /**
   * How many threads its kernels run on, now: a later call of `useBackend` may change it. A GPU is fed by one. For
   * `node` it is how many the machine runs at once, as libtensorflow takes them unless told otherwise; it does not say.
   */
  readonly threads: number;
  /** Whether glassbox's own kernels run. */
  readonly engine: EngineState;
  /** What was put right, in the order in which it was done. */
  readonly repairs: readonly AppliedRepair[];
  /** What `'auto'` tried before this one, and why it went on; empty for an explicit choice. */
  readonly tried: readonly TriedBackend[];
  /**
   * Runs a function and measures, kernel by kernel, where its time goes. Measuring itself takes about a
   * microsecond a kernel. On GPUs it is the time to hand the work over, not that of the work itself. Nothing else
   * should run on the backend until the promise is settled: it would be counted.
   *
   * @param run what to measure, such as some steps of training; it may be async, and then waiting counts as time
   *   between kernels
   * @throws ConfigurationError while another profile is being taken, or where another backend is active; whatever
   *   `run` throws
   *
   * @example
   * const backend = await useBackend('wasm');
   * const x = tf.ones([64, 64]);
   * const profile = await backend.profile(() => tf.tidy(() => tf.matMul(x, x).dataSync()[0]));
   * profile.result; // 64
   * profile.kernels.some(({name, place}) => name === 'BatchMatMul' && place === 'engine'); // true
   * console.log(String(profile));
   */
  profile<T>(run: () => T | Promise<T>): Promise<Profile<Awaited<T>>>;
}
