import type {CheckpointStore, StateTree} from '../core';
import type {BatchEndContext, Callback, EpochEndContext, Logs, TrainContext} from '../trainer';
import {storeOf} from './checkpointTarget';
import type {CheckpointTarget} from './checkpointTarget';
import {Monitor} from './monitor';
import type {MonitorOptions} from './monitor';
import {NameTemplate} from './nameTemplate';
import {badOption, checkInteger, checkNames} from './options';
import {badState, readNumber, readRecord, stateKeyOf} from './state';
import type {StateKeyOption} from './state';

export interface ModelCheckpointOptions
  extends CheckpointTarget, Omit<MonitorOptions, 'minDelta'>, StateKeyOption {
  /** Keeps the best so many checkpoints by `monitor`, and saves only what is among them. Without it all are kept. */
  keepBest?: number;
  /** Saves after every so many epochs. Default 1, unless `everyBatches` is given. */
  everyEpochs?: number;
  /** Saves after every so many batches in place of epochs. `monitor` is then read from the running means. */
  everyBatches?: number;
  /**
   * What a checkpoint is called: text with numbers in it, as `{epoch:03d}` (from 1), `{batch}`, `{batches}`,
   * `{steps}` or `{val_loss:.4f}`. A name that stays the same is written over. Default `'epoch-{epoch:03d}'`, or
   * `'batch-{batches:06d}'` with `everyBatches`.
   */
  name?: string;
}

/** A checkpoint that is kept. */
export interface KeptCheckpoint {
  readonly name: string;
  /** The monitored value; undefined without `keepBest`. */
  readonly value: number | undefined;
}

/**
 * Saves checkpoints during training: every so many epochs or batches, all of them or the best ones. What is saved
 * is what was evaluated (averaged weights, say), and `resumeFrom` continues from it.
 *
 * A new checkpoint is written before a worse one is removed, so the best so far always exists.
 *
 * @throws {@link ConfigurationError} for bad options; when the logs lack what `monitor` or `name` need
 *
 * @example
 * const checkpoints = new ModelCheckpoint({store: new MemoryStore(), monitor: 'val_accuracy', keepBest: 3});
 * checkpoints.best; // undefined until something is saved; then {name: 'epoch-007', value: 0.91}
 */
export class ModelCheckpoint implements Callback {
  readonly name = 'ModelCheckpoint';
  readonly stateKey: string;
  /** Late, when all others have acted. */
  readonly order = 80;

  private readonly store: CheckpointStore;
  private readonly monitor: Monitor | undefined;
  private readonly keepBest: number;
  private readonly everyEpochs: number;
  private readonly everyBatches: number | undefined;
  private readonly template: NameTemplate;
  /** With `keepBest`, the best first. */
  private entries: KeptCheckpoint[] = [];
  /** What `entries` will be once the checkpoint that is being made is written. */
  private next: KeptCheckpoint[] | undefined;
  private continued = false;

  constructor(options: ModelCheckpointOptions) {
    checkNames(this.name, options, [
      'store',
      'path',
      'monitor',
      'mode',
      'keepBest',
      'everyEpochs',
      'everyBatches',
      'name',
      'stateKey',
    ]);
    const {keepBest, everyEpochs = 1, everyBatches} = options;
    const {name = everyBatches === undefined ? 'epoch-{epoch:03d}' : 'batch-{batches:06d}'} = options;
    checkInteger(this.name, 'everyEpochs', everyEpochs, 1);
    if (everyBatches !== undefined) {
      checkInteger(this.name, 'everyBatches', everyBatches, 1);
      if (options.everyEpochs !== undefined)
        throw badOption(this.name, 'everyBatches', everyBatches, 'left out, or everyEpochs');
    }
    if (keepBest !== undefined) {
      checkInteger(this.name, 'keepBest', keepBest, 1);
      this.monitor = new Monitor(this.name, {monitor: options.monitor, mode: options.mode});
    } else if (options.monitor !== undefined || options.mode !== undefined) {
      throw badOption(this.name, 'keepBest', keepBest, 'how many to keep, since monitor or mode is given');
    }
    this.keepBest = keepBest ?? Infinity;
    this.everyEpochs = everyEpochs;
    this.everyBatches = everyBatches;
    this.template = new NameTemplate(this.name, name);
    if (this.monitor && this.keepBest > 1 && this.template.fields.length === 0) {
      throw badOption(
        this.name,
        'name',
        name,
        `text with a field such as {epoch}, to tell ${keepBest} apart`,
      );
    }
    const usual = `${this.name}:${name}${this.monitor ? `:${this.monitor.name}` : ''}`;
    this.stateKey = stateKeyOf(this.name, options, usual);
    this.store = storeOf(this.name, options);
  }

  /** What is kept, the best first (without `keepBest`, the oldest first). */
  get kept(): readonly KeptCheckpoint[] {
    return this.entries;
  }

  /** The best that is kept. Undefined without `keepBest`. */
  get best(): KeptCheckpoint | undefined {
    return this.monitor && this.entries[0];
  }

  getState(): StateTree {
    const entries = this.next ?? this.entries;
    return {kept: entries.map(({name, value}) => ({name, value: value ?? null}))};
  }

  setState(state: StateTree): void {
    const {kept} = readRecord(this.name, state);
    if (!Array.isArray(kept)) throw badState(this.name, "'kept' is no list");
    this.entries = (kept as readonly StateTree[]).map(entry => {
      const record = readRecord(this.name, entry);
      if (typeof record.name !== 'string') throw badState(this.name, 'an entry has no name');
      return {
        name: record.name,
        value: record.value === null ? undefined : readNumber(this.name, record, 'value'),
      };
    });
    this.continued = true;
  }

  onTrainBegin(context: TrainContext): void {
    if (!this.continued) this.entries = [];
    this.continued = false;
    this.monitor?.checkRun(context);
  }

  async onEpochEnd(context: EpochEndContext): Promise<void> {
    if (this.everyBatches !== undefined || (context.epoch + 1) % this.everyEpochs !== 0) return;
    const value = this.monitor?.read(context);
    if (this.monitor && value === undefined) return;
    await this.save(context, value, context.logs);
  }

  async onTrainBatchEnd(context: BatchEndContext): Promise<void> {
    if (this.everyBatches === undefined || context.batches % this.everyBatches !== 0) return;
    const positions = Object.keys(positionOf(context));
    const needsLogs =
      this.monitor !== undefined || this.template.fields.some(field => !positions.includes(field));
    const logs = needsLogs ? await context.logs.read() : {};
    await this.save(context, this.monitor?.find(logs), logs);
  }

  /** Also after a run that had its state put back and never began. */
  onTrainEnd(): void {
    this.continued = false;
  }

  private async save(context: TrainContext, value: number | undefined, logs: Readonly<Logs>): Promise<void> {
    const name = this.template.fill({...logs, ...positionOf(context)});
    const entries = this.place({name, value});
    if (!entries) return;
    const removed = entries.splice(this.keepBest);
    await this.store.write(name, await this.bytesKnowing(entries, context));
    this.entries = entries;
    for (const entry of removed) await this.store.remove(entry.name);
  }

  /** A checkpoint knows of itself, so that a run that continues it goes on alike. */
  private async bytesKnowing(entries: KeptCheckpoint[], context: TrainContext): Promise<Uint8Array> {
    this.next = entries;
    try {
      return await context.checkpoint();
    } finally {
      this.next = undefined;
    }
  }

  /** The list with a new entry in its place; undefined if it is not to be saved. */
  private place(entry: KeptCheckpoint): KeptCheckpoint[] | undefined {
    const others = this.entries.filter(({name}) => name !== entry.name);
    const {monitor} = this;
    const {value} = entry;
    if (!monitor || value === undefined) return [...others, entry];
    // Neither NaN, nor what is no better than all that are kept, nor what would be written over a better one.
    const beats = (other: KeptCheckpoint | undefined): boolean => monitor.isImprovement(value, other?.value);
    const overwritten = this.entries.find(({name}) => name === entry.name);
    if (!beats(overwritten) || (this.entries.length >= this.keepBest && !beats(this.entries.at(-1))))
      return undefined;
    const place = others.findIndex(beats);
    return place < 0 ? [...others, entry] : others.toSpliced(place, 0, entry);
  }
}

function positionOf({epoch, batch, batches, steps}: TrainContext): Record<string, number> {
  return {epoch: epoch + 1, batch, batches, steps};
}
