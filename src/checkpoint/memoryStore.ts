/**
 * Checkpoints kept in this process's memory: for tests, and for best weights that need not outlive the run.
 */
import type {CheckpointStore} from '../core';

/**
 * A {@link CheckpointStore} in memory. What is written and read are copies.
 *
 * @example
 * const store = new MemoryStore();
 * await store.write('best', new Uint8Array([1, 2]));
 * await store.read('best'); // Uint8Array [1, 2]
 * await store.list(); // ['best']
 */
export class MemoryStore implements CheckpointStore {
  private readonly entries = new Map<string, Uint8Array>();

  async write(name: string, bytes: Uint8Array): Promise<void> {
    this.entries.set(name, new Uint8Array(bytes));
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.entries.get(name)?.slice();
  }

  async list(): Promise<string[]> {
    return [...this.entries.keys()].sort();
  }

  async remove(name: string): Promise<void> {
    this.entries.delete(name);
  }
}
