/** Memory of the engine's own on the heap of tfjs's backend: a few blocks that grow and are used again. */
import type {BackendWasm} from '@tensorflow/tfjs-backend-wasm';
import {wasmInternals} from './tfjsInternals';

/** Blocks grow to a multiple of this, so that they seldom do. */
const GRAIN = 1 << 14;

/** Named blocks of memory. */
export class WasmHeap {
  private readonly blocks = new Map<string, {address: number; bytes: number}>();
  private doubles: Float64Array;

  constructor(private readonly backend: BackendWasm) {
    this.doubles = new Float64Array(wasmInternals(backend).memory.buffer);
  }

  /** The address of a block of at least `bytes`; what it held is lost when it grows. */
  block(name: string, bytes: number): number {
    const block = this.blocks.get(name);
    if (block !== undefined && block.bytes >= bytes) return block.address;
    const {malloc, free} = wasmInternals(this.backend);
    if (block !== undefined) free(block.address);
    const size = Math.ceil(Math.max(bytes, 1) / GRAIN) * GRAIN;
    const address = malloc(size) >>> 0;
    if (address === 0) {
      this.blocks.delete(name);
      throw new RangeError(
        `The memory of the wasm backend is full: ${size} bytes for its kernels are not there.`,
      );
    }
    this.blocks.set(name, {address, bytes: size});
    return address;
  }

  /** Writes numbers to `address`, a multiple of 8. */
  writeDoubles(address: number, values: readonly number[]): void {
    const {buffer} = wasmInternals(this.backend).memory;
    if (this.doubles.buffer !== buffer) this.doubles = new Float64Array(buffer);
    const start = address / 8;
    for (let i = 0; i < values.length; i++) this.doubles[start + i] = values[i]!;
  }

  dispose(): void {
    const {free} = wasmInternals(this.backend);
    for (const {address} of this.blocks.values()) free(address);
    this.blocks.clear();
  }
}
