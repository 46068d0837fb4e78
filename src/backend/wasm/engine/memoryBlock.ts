/** Memory of the engine's own on the heap of tfjs's backend. */
import type {BackendWasm} from '@tensorflow/tfjs-backend-wasm';
import {OutOfMemoryError} from '../../../core';
import {wasmInternals} from './tfjsInternals';

/** Blocks grow to a multiple of this, so that they seldom do. */
const GRAIN = 1 << 14;

/** Bytes that 32 bits address: `malloc` would take a larger number for a small one. */
const ADDRESSABLE = 2 ** 32;

/** Throws where so many bytes cannot be asked of `malloc`. */
export function checkAddressable(bytes: number): void {
  if (!(bytes < ADDRESSABLE)) throw outOfMemory(bytes);
}

/** The error for so many bytes that are not there. */
export function outOfMemory(bytes: number): OutOfMemoryError {
  return new OutOfMemoryError(
    `The memory of the wasm backend is full: a kernel needs ${bytes} bytes more, of 4 GiB in all.`,
    {hint: 'Use a smaller batch, or dispose tensors that are no longer needed.', code: 'memory/wasm'},
  );
}

/** A block of memory that grows and is used again. */
export class MemoryBlock {
  private address = 0;
  private bytes = 0;
  private doubles = new Float64Array(0);

  constructor(private readonly backend: BackendWasm) {}

  /**
   * Its address, with room for at least `bytes`; what it held is lost when it grows.
   *
   * @throws OutOfMemoryError where there is no room; then the block may have become empty
   */
  reserve(bytes: number): number {
    if (this.bytes >= bytes && this.bytes > 0) return this.address;
    const {malloc} = wasmInternals(this.backend);
    const size = Math.ceil(Math.max(bytes, 1) / GRAIN) * GRAIN;
    checkAddressable(size);
    this.dispose();
    const address = malloc(size) >>> 0;
    if (address === 0) throw outOfMemory(size);
    this.address = address;
    this.bytes = size;
    return address;
  }

  /** Writes numbers to its start, and says where that is. */
  writeDoubles(values: readonly number[]): number {
    const address = this.reserve(8 * values.length);
    // Where the memory is not shared, growing it empties the views of it.
    if (this.doubles.length === 0) {
      const {memory} = wasmInternals(this.backend);
      this.doubles = new Float64Array(memory.buffer, address, this.bytes / 8);
    }
    for (let i = 0; i < values.length; i++) this.doubles[i] = values[i]!;
    return address;
  }

  dispose(): void {
    if (this.bytes > 0) wasmInternals(this.backend).free(this.address);
    this.bytes = 0;
    this.doubles = new Float64Array(0);
  }
}
