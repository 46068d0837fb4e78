/**
 * Where checkpoints are kept.
 */

/** A place that keeps named byte strings. Writing is all or nothing: a crash while writing loses no earlier entry. */
export interface CheckpointStore {
  /** Keeps `bytes` under `name`, in place of what was there. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** What was last written under `name`, or undefined. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** The names kept, sorted. */
  list(): Promise<string[]>;
  /** Forgets `name`; nothing happens if it is not there. */
  remove(name: string): Promise<void>;
}
