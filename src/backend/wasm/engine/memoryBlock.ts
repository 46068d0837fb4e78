/** Memory of the engine's own on the heap of tfjs's backend. */
import type {BackendWasm} from '@tensorflow/tfjs-backend-wasm';
import {wasmInternals} from './tfjsInternals';

/** Blocks grow to a multiple of this, so that they seldom do. */
const GRAIN = 1 << 14;

/** A block of memory that grows and is used again. */
export class MemoryBlock {
  private address = 0;
  private bytes = 0;
  private doubles = new Float64Array(0);

  constructor(private readonly backend: BackendWasm) {}

  /** Its address, with room for at least `bytes`; what it held is lost when it grows. */
  reserve(bytes: number): number {
    if (this.bytes >= bytes && this.bytes > 0) return this.address;
    const {malloc} = wasmInternals(this.backend);
    this.dispose();
    const size = Math.ceil(Math.max(bytes, 1) / GRAIN) * GRAIN;
    const address = malloc(size) >>> 0;
    if (address === 0) {
      throw new RangeError(
        `The memory of the wasm backend is full: ${size} bytes for its kernels are not there.`,
      );
    }
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
