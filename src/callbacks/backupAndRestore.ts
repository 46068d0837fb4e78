import type {CheckpointStore} from '../core';
import type {Callback, TrainContext} from '../trainer';
import {storeOf} from './checkpointTarget';
import type {CheckpointTarget} from './checkpointTarget';
import {badOption, checkInteger, checkNames} from './options';

export interface BackupAndRestoreOptions extends CheckpointTarget {
  /** Backs up after every so many batches too, and not at the ends of epochs alone. */
  everyBatches?: number;
  /** What the backup is called in the store. Default `'backup'`. */
  name?: string;
}

/** Ends by which an epoch is closed with batches left. */
const CUT = ['timeLimit', 'stopped'];
/** Ends after which a run may still go on. */
const UNFINISHED = ['aborted', 'error', ...CUT];

/**
 * Continues a killed run where it stopped: backs up at the end of every epoch (and every so many batches), and when
 * `fit` finds a backup, it goes on from there, bit for bit, as if nothing had happened. Run the same program again.
 *
 * The backup is removed when training is over. It stays after an error, an abort, `trainer.stop()`, or Timer's time
 * limit; the last two are backed up after their last batch (with Timer's `perRun` the next run gets the same time
 * again). `fit` with `resumeFrom` does not look for it.
 *
 * @throws {@link ConfigurationError} for bad options
 *
 * @example
 * new BackupAndRestore({store: new MemoryStore(), everyBatches: 100});
 */
export class BackupAndRestore implements Callback {
  readonly name = 'BackupAndRestore';
  /** Last, so that the backup has what all others did. */
  readonly order = 100;
  private readonly store: CheckpointStore;
  private readonly everyBatches: number;
  private readonly entry: string;

  constructor(options: BackupAndRestoreOptions) {
    checkNames(this.name, options, ['store', 'path', 'everyBatches', 'name']);
    const {everyBatches, name = 'backup'} = options;
    if (everyBatches !== undefined) checkInteger(this.name, 'everyBatches', everyBatches, 1);
    if (typeof name !== 'string' || name === '') throw badOption(this.name, 'name', name, 'a name');
    this.everyBatches = everyBatches ?? Infinity;
    this.entry = name;
    this.store = storeOf(this.name, options);
  }

  restore(): Promise<Uint8Array | undefined> {
    return this.store.read(this.entry);
  }

  async onTrainBatchEnd(context: TrainContext): Promise<void> {
    const due = context.batches % this.everyBatches === 0;
    if (due || isCut(context)) await this.backUp(context);
  }

  async onEpochEnd(context: TrainContext): Promise<void> {
    // A cut may come in the middle of an epoch. This end of it would have the rest of the epoch left out.
    if (!isCut(context)) await this.backUp(context);
  }

  async onTrainEnd({stopReason = 'completed'}: TrainContext): Promise<void> {
    if (!UNFINISHED.includes(stopReason)) await this.store.remove(this.entry);
  }

  private async backUp(context: TrainContext): Promise<void> {
    await this.store.write(this.entry, await context.checkpoint());
  }
}

function isCut({stopReason = ''}: TrainContext): boolean {
  return CUT.includes(stopReason);
}
