/**
 * The shared memory by which the calling thread and the workers share out the chunks of a kernel call.
 *
 * A call is open while its chunks may be taken. A worker first says that it is inside and then looks whether a call
 * is open; the caller first closes the call and then waits until nobody is inside. So no worker ever takes a chunk
 * of one call for a chunk of the next, and the caller waits for those workers only that came in time.
 *
 * This file becomes part of the workers' program: it imports nothing but types.
 */
import type {Kernel} from '../instantiate';

/** Places in the block; what different threads write is a cache line apart. */
const place = {
  /** Counts the calls; workers sleep on it. */
  call: 0,
  /** 1 while chunks may be taken. */
  open: 1,
  kernel: 2,
  args: 3,
  chunks: 4,
  /** The next chunk that nobody has taken. */
  next: 16,
  /** How many workers are inside; the caller sleeps on it. */
  inside: 32,
  /** 1 while the caller sleeps, or is about to. */
  callerSleeps: 33,
  /** How many workers sleep, or are about to. */
  sleeping: 48,
  /** 1 once a worker has failed in the call. */
  failed: 64,
  /** The length of what it failed with, in characters; 0 if all went well. */
  failure: 65,
  failureText: 66,
  /** Each thread's scratch memory. */
  scratch: 576,
} as const;

const LONGEST_FAILURE = place.scratch - place.failureText;
/** Turns of a loop between two looks at the clock. */
const TURNS = 50;

export type ControlBlock = Int32Array<SharedArrayBuffer>;

/** What a worker is started with. */
export interface WorkerStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  block: ControlBlock;
  /** Which thread it is; the calling one is 0. */
  thread: number;
}

/** What a worker says of its start: that it is up, or that what it was sent does not open there. */
export type Report = 'ready' | 'unreadable';

export function createControlBlock(threads: number): ControlBlock {
  return new Int32Array(new SharedArrayBuffer(4 * (place.scratch + threads)));
}

/** Opens a call: from now on workers take its chunks. */
export function openCall(
  block: ControlBlock,
  kernel: number,
  args: number,
  chunks: number,
  scratch: readonly number[],
): void {
  block[place.kernel] = kernel;
  block[place.args] = args;
  block[place.chunks] = chunks;
  for (let i = 0; i < scratch.length; i++) block[place.scratch + i] = scratch[i]!;
  Atomics.store(block, place.failed, 0);
  Atomics.store(block, place.failure, 0);
  Atomics.store(block, place.next, 0);
  Atomics.store(block, place.open, 1);
  Atomics.add(block, place.call, 1);
  if (Atomics.load(block, place.sleeping) > 0) Atomics.notify(block, place.call, chunks - 1);
}

/** Computes chunks of the open call until all are taken. */
export function takeChunks(block: ControlBlock, kernels: readonly Kernel[], thread: number): void {
  const kernel = kernels[block[place.kernel]!]!;
  const args = block[place.args]!;
  const chunks = block[place.chunks]!;
  const scratch = block[place.scratch + thread]!;
  try {
    for (;;) {
      const chunk = Atomics.add(block, place.next, 1);
      if (chunk >= chunks) return;
      kernel(args, chunk, scratch);
    }
  } catch (error) {
    Atomics.store(block, place.next, chunks);
    throw error;
  }
}

/**
 * Closes the call and waits for the workers that are inside: on the clock at first, then asleep where this thread
 * may sleep.
 *
 * @param patience milliseconds after which a worker that is still inside is taken for dead
 * @returns whether all are out
 */
export function closeCall(block: ControlBlock, maySleep: boolean, patience: number): boolean {
  Atomics.store(block, place.open, 0);
  const nobodyInside = () => Atomics.load(block, place.inside) === 0;
  if (spin(nobodyInside, 0.1)) return true;
  // In slices: a machine that was suspended meanwhile loses one of them.
  for (let waited = 0; waited < patience; waited += 1000) {
    if (!maySleep) {
      if (spin(nobodyInside, 1000)) return true;
      continue;
    }
    Atomics.store(block, place.callerSleeps, 1);
    const deadline = performance.now() + 1000;
    for (;;) {
      const inside = Atomics.load(block, place.inside);
      if (inside === 0 || performance.now() > deadline) break;
      Atomics.wait(block, place.inside, inside, 1000);
    }
    Atomics.store(block, place.callerSleeps, 0);
    if (nobodyInside()) return true;
  }
  return false;
}

/** What a worker failed with in the call that was closed last. */
export function failureOf(block: ControlBlock): string | undefined {
  const length = Atomics.load(block, place.failure);
  if (length === 0) return undefined;
  return String.fromCharCode(...block.subarray(place.failureText, place.failureText + length));
}

/** A worker's life: wait for a call, compute some of its chunks, and again. It ends with the worker. */
export function serveCalls(block: ControlBlock, kernels: readonly Kernel[], thread: number): never {
  let seen = 0;
  for (;;) {
    seen = nextCall(block, seen);
    Atomics.add(block, place.inside, 1);
    if (Atomics.load(block, place.open) === 1) {
      try {
        takeChunks(block, kernels, thread);
      } catch (error) {
        putFailure(block, String(error));
      }
    }
    const last = Atomics.sub(block, place.inside, 1) === 1;
    if (last && Atomics.load(block, place.callerSleeps) === 1) Atomics.notify(block, place.inside);
  }
}

/** Waits for another call than `seen`: calls follow each other closely in a training step, so not asleep at once. */
function nextCall(block: ControlBlock, seen: number): number {
  const isNew = () => Atomics.load(block, place.call) !== seen;
  if (!spin(isNew, 0.1)) {
    Atomics.add(block, place.sleeping, 1);
    while (!isNew()) Atomics.wait(block, place.call, seen);
    Atomics.sub(block, place.sleeping, 1);
  }
  return Atomics.load(block, place.call);
}

function putFailure(block: ControlBlock, text: string): void {
  if (Atomics.exchange(block, place.failed, 1) === 1) return;
  const message = text.slice(0, LONGEST_FAILURE) || 'an unknown error';
  for (let i = 0; i < message.length; i++) block[place.failureText + i] = message.charCodeAt(i);
  Atomics.store(block, place.failure, message.length);
}

/** Looks again and again for `milliseconds`. */
function spin(done: () => boolean, milliseconds: number): boolean {
  for (let deadline = 0; ;) {
    for (let turn = 0; turn < TURNS; turn++) if (done()) return true;
    const now = performance.now();
    if (deadline === 0) deadline = now + milliseconds;
    else if (now >= deadline) return false;
  }
}
