/** Runs the chunks of a kernel call on several threads: workers on the same memory, and the calling thread. */
import {BackendUnavailableError} from '../../../../core';
import type {Executor} from '../engine';
import {instantiateKernels, type Kernel} from '../instantiate';
import {workerProgram} from '../kernels.generated';
import {closeCall, createControlBlock, openCall, takeChunks, failureOf} from './controlBlock';
import type {ControlBlock} from './controlBlock';
import {spawn, type Thread} from './spawn';

/** No chunk takes so many milliseconds. */
const PATIENCE = 60_000;

export class ThreadPool implements Executor {
  private readonly indices: ReadonlyMap<string, number>;
  private readonly maySleep: boolean;
  private workers: Thread[] = [];
  private death: string | undefined;

  private constructor(
    private readonly block: ControlBlock,
    private readonly kernels: readonly Kernel[],
    names: readonly string[],
    readonly threads: number,
    private readonly patience: number,
  ) {
    this.indices = new Map(names.map((name, i) => [name, i]));
    this.maySleep = mayThisThreadSleep(block);
  }

  /**
   * Starts `threads − 1` workers and waits until they are up.
   *
   * @param patience milliseconds after which a worker that is not done is taken for dead
   * @throws whatever keeps one from starting; none is left then
   */
  static async start(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    threads: number,
    patience = PATIENCE,
  ): Promise<ThreadPool> {
    const kernels = instantiateKernels(module, memory);
    const block = createControlBlock(threads);
    const pool = new ThreadPool(block, [...kernels.values()], [...kernels.keys()], threads, patience);
    const starts = Array.from({length: threads - 1}, (_, i) =>
      spawn(workerProgram, {module, memory, block, thread: i + 1}, reason => pool.end(reason)),
    );
    const outcomes = await Promise.allSettled(starts);
    pool.workers = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const failed = outcomes.find(outcome => outcome.status === 'rejected');
    if (failed !== undefined || pool.death !== undefined) {
      const cause: unknown = failed?.reason ?? new Error(pool.death);
      pool.dispose();
      throw cause;
    }
    return pool;
  }

  /** Whether all its threads are alive, as far as it has been told. */
  get works(): boolean {
    return this.death === undefined;
  }

  run(name: string, args: number, chunks: number, scratch: readonly number[]): void {
    const index = this.indices.get(name);
    if (index === undefined) throw new Error(`There is no kernel '${name}' in the module.`);
    if (this.death !== undefined) throw deathOfThread(this.death);
    if (chunks === 1) {
      this.kernels[index]!(args, 0, scratch[0]!);
      return;
    }
    openCall(this.block, index, args, chunks, scratch);
    try {
      takeChunks(this.block, this.kernels, 0);
    } finally {
      if (!closeCall(this.block, this.maySleep, this.patience)) this.end('it does not answer any more');
    }
    if (!this.works) throw deathOfThread(this.death!);
    const failure = failureOf(this.block);
    if (failure !== undefined) throw new Error(`The kernel '${name}' failed in a thread: ${failure}.`);
  }

  dispose(): void {
    this.end('the engine was disposed');
  }

  /** Ends all workers: one that is taken for dead may only be slow, and would write into memory used anew. */
  private end(reason: string): void {
    this.death ??= reason;
    for (const worker of this.workers) worker.terminate();
    this.workers = [];
  }
}

/** A page's main thread may not. */
function mayThisThreadSleep(block: ControlBlock): boolean {
  try {
    // Another value than the one there: does not sleep, but tells.
    Atomics.wait(block, 0, block[0]! + 1, 0);
    return true;
  } catch {
    return false;
  }
}

function deathOfThread(reason: string): BackendUnavailableError {
  return new BackendUnavailableError(`A thread of the training engine has ended: ${reason}.`, {
    hint: 'Call useBackend again to start new ones, and resume from the last checkpoint.',
  });
}
