/**
 * What callbacks see of a run: a view with exactly what may be read and changed.
 */
import type {LayersModel} from '@tensorflow/tfjs-layers';
import type {Parameter} from '../graph';
import type {Optimizer} from '../optimizers';
import type {StopReason, TrainContext} from './callback';
import type {Progress} from './record';

/** The run behind a context. */
export interface RunBehind {
  readonly models: Readonly<Record<string, LayersModel>>;
  readonly optimizers: Readonly<Record<string, Optimizer>>;
  readonly parameters: readonly Parameter[];
  readonly seed: number;
  readonly progress: Progress;
  readonly epochs: number;
  readonly batchesPerEpoch: number | undefined;
  readonly validationFrequency: number | undefined;
  readonly resumed: boolean;
  readonly signal: AbortSignal | undefined;
  stop(reason: StopReason): void;
  log(name: string, value: number): void;
  checkpoint(): Promise<Uint8Array>;
  refreshStatistics(options?: {batches?: number}): Promise<void>;
}

export class RunContext implements TrainContext {
  constructor(private readonly run: RunBehind) {}

  get model(): LayersModel {
    return Object.values(this.run.models)[0]!;
  }
  get models(): Readonly<Record<string, LayersModel>> {
    return this.run.models;
  }
  get optimizer(): Optimizer {
    return Object.values(this.run.optimizers)[0]!;
  }
  get optimizers(): Readonly<Record<string, Optimizer>> {
    return this.run.optimizers;
  }
  get parameters(): readonly Parameter[] {
    return this.run.parameters;
  }
  get seed(): number {
    return this.run.seed;
  }
  get epoch(): number {
    return this.run.progress.epoch;
  }
  get epochs(): number {
    return this.run.epochs;
  }
  get batch(): number {
    return this.run.progress.batch;
  }
  get batchesPerEpoch(): number | undefined {
    return this.run.batchesPerEpoch;
  }
  get validationFrequency(): number | undefined {
    return this.run.validationFrequency;
  }
  get batches(): number {
    return this.run.progress.batches;
  }
  get steps(): number {
    return this.run.progress.steps;
  }
  get history(): Readonly<Record<string, readonly number[]>> {
    return this.run.progress.history;
  }
  get resumed(): boolean {
    return this.run.resumed;
  }
  get stopReason(): StopReason | undefined {
    return this.run.progress.stopReason;
  }
  get signal(): AbortSignal | undefined {
    return this.run.signal;
  }
  // Arrow functions, since hooks take contexts apart: ({stop}) => ….
  readonly stop = (reason: StopReason): void => this.run.stop(reason);
  readonly log = (name: string, value: number): void => this.run.log(name, value);
  readonly checkpoint = (): Promise<Uint8Array> => this.run.checkpoint();
  readonly refreshStatistics = (options?: {batches?: number}): Promise<void> =>
    this.run.refreshStatistics(options);
}

/** The context with what one hook sees beyond it. Getters in `extra` stay getters. */
export function extend<Extra extends object>(context: TrainContext, extra: Extra): TrainContext & Extra {
  return Object.create(context, Object.getOwnPropertyDescriptors(extra)) as TrainContext & Extra;
}
