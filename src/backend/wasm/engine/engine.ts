/**
 * The engine: runs kernels of our own on the memory of tfjs's WASM backend, in chunks that are the same for any
 * number of threads.
 */
import {util} from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import type {BackendWasm} from '@tensorflow/tfjs-backend-wasm';
import {MemoryBlock, outOfMemory} from './memoryBlock';

/** Runs the chunks of a kernel call: on this thread, or on several. */
export interface Executor {
  readonly threads: number;
  /** Whether all its threads are alive. */
  readonly works: boolean;
  /**
   * Does chunks 0 to `chunks − 1`, in any order, and returns when all are done.
   *
   * @param args address of the arguments
   * @param scratch address of each thread's scratch memory
   */
  run(kernel: string, args: number, chunks: number, scratch: readonly number[]): void;
  dispose(): void;
}

/** How a kernel call is cut up. */
export interface Split {
  /** Into how many chunks. It must follow from the shapes alone, so that results do not depend on threads. */
  chunks?: number;
  /** Bytes of scratch memory that a chunk needs. */
  scratch?: number;
}

/** Work below this many multiplications is not worth another thread's attention. */
const SMALLEST_CHUNK = 200_000;
/** More chunks than this would be for more threads than anybody trains with. */
const MOST_CHUNKS = 32;

/** How many chunks `items` independent pieces of work of `cost` multiplications each make. */
export function chunksFor(items: number, cost: number): number {
  const worthwhile = Math.floor((items * cost) / SMALLEST_CHUNK);
  return Math.max(1, Math.min(items, worthwhile, MOST_CHUNKS));
}

const whole: Split = {};

/** Our kernels on one instance of tfjs's WASM backend. */
export class Engine {
  private readonly args: MemoryBlock;
  private readonly shared: MemoryBlock;
  private readonly scratch: MemoryBlock[] = [];
  /** Where each thread's scratch memory is, and how much of it there is. */
  private scratchAddresses: number[] = [];
  private scratchBytes = -1;
  private executor: Executor;
  private relaxed: boolean;
  private calls = 0;

  constructor(
    readonly backend: BackendWasm,
    executor: Executor,
    relaxedSimd: boolean,
  ) {
    this.executor = executor;
    this.relaxed = relaxedSimd;
    this.args = new MemoryBlock(backend);
    this.shared = new MemoryBlock(backend);
  }

  get threads(): number {
    return this.executor.threads;
  }

  /** Whether products and sums are fused. */
  get relaxedSimd(): boolean {
    return this.relaxed;
  }

  /** How many kernel calls there have been: who looks before and after knows whether the engine was used. */
  get callCount(): number {
    return this.calls;
  }

  /** Where a tensor's numbers lie: bytes from the start of the memory. Stays valid when the memory grows. */
  address({dataId, shape}: TensorInfo): number {
    // Beyond 2 GB tfjs holds it as a negative number.
    const address = this.backend.dataIdMap.get(dataId).memoryOffset >>> 0;
    // tfjs does not look at what `malloc` answers.
    if (address === 0) throw outOfMemory(4 * util.sizeFromShape(shape));
    return address;
  }

  /**
   * `bytes` of memory that all threads see, until the next call of `workspace`: for packed operands and partial
   * sums that one kernel leaves to the next.
   */
  workspace(bytes: number): number {
    return this.shared.reserve(bytes);
  }

  /** Runs kernel `name` of ../kernels with `args`, as its docstring lists them. */
  run(name: string, args: readonly number[], {chunks = 1, scratch = 0}: Split = whole): void {
    if (scratch > this.scratchBytes) this.reserveScratch(scratch);
    const address = this.args.writeDoubles(args);
    this.calls++;
    this.executor.run(name, address, chunks, this.scratchAddresses);
  }

  /** Goes on with other threads, or other kernels, and ends those there were. */
  use(executor: Executor, relaxedSimd: boolean): void {
    this.executor.dispose();
    this.executor = executor;
    this.relaxed = relaxedSimd;
    this.scratchBytes = -1;
  }

  /** Whether all threads are alive. */
  get works(): boolean {
    return this.executor.works;
  }

  /** Stops the threads. The engine's own memory goes with the backend's. */
  dispose(): void {
    this.executor.dispose();
  }

  private reserveScratch(bytes: number): void {
    // Should there be no room, the next call starts anew: the addresses may be of memory that is free by then.
    this.scratchBytes = -1;
    while (this.scratch.length < this.threads) this.scratch.push(new MemoryBlock(this.backend));
    for (const unused of this.scratch.splice(this.threads)) unused.dispose();
    this.scratchAddresses = this.scratch.map(block => block.reserve(bytes));
    this.scratchBytes = bytes;
  }
}
