import type {TextSink} from '../core';

/**
 * A log kept in memory: for pages, which have no files, and for tests.
 *
 * @example
 * const log = new MemorySink();
 * await log.append('epoch,loss\n');
 * log.text; // 'epoch,loss\n'
 */
export class MemorySink implements TextSink {
  private bytes = new Uint8Array();

  /** All that was written. */
  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  async size(): Promise<number> {
    return this.bytes.length;
  }

  async append(text: string): Promise<void> {
    const added = new TextEncoder().encode(text);
    const longer = new Uint8Array(this.bytes.length + added.length);
    longer.set(this.bytes);
    longer.set(added, this.bytes.length);
    this.bytes = longer;
  }

  async truncate(size: number): Promise<void> {
    this.bytes = this.bytes.slice(0, size);
  }
}
