/**
 * What averages of weights share: when they stand in for the weights that training moves, and how both survive in a
 * checkpoint.
 */
import type {StateTree} from '../core';
import type {Parameter} from '../graph';
import type {Callback, TrainContext} from '../trainer';
import {checkInteger} from './options';
import {badState, readNumber, readRecord, readTensors} from './state';
import type {StateRecord} from './state';
import {WeightSnapshot} from './weightSnapshot';

export interface WeightAveragingOptions {
  /**
   * Whether validation and epoch ends see the averaged weights, so that what EarlyStopping watches and
   * ModelCheckpoint saves is the average. Default true. With BatchNorm this costs a pass over training data each
   * time: see `statisticsBatches`.
   */
  evaluateAverages?: boolean;
  /** Whether the averaged weights stay in the model when training ends. Default true. */
  keepAverages?: boolean;
  /** Batches from which BatchNorm's statistics are computed for averaged weights. Default: the trainer's own choice. */
  statisticsBatches?: number;
}

export const AVERAGING_OPTIONS = ['evaluateAverages', 'keepAverages', 'statisticsBatches'];

/**
 * Keeps an average of all trainable weights. It is swapped in when validation begins (without validation, at the
 * epoch's end), with BatchNorm's statistics recomputed for it, and the raw weights come back when training goes on.
 *
 * When training ends the averages stay, unless `keepAverages` is false. An error or an abort leaves the raw weights:
 * nothing more is computed then.
 */
export abstract class WeightAveraging implements Callback {
  abstract readonly name: string;
  abstract readonly stateKey: string;
  /** Early, so that all others see the averages. */
  readonly order = -50;
  /** How many weights the average is of. */
  protected count = 0;

  private readonly evaluateAverages: boolean;
  private readonly keepAverages: boolean;
  private readonly statisticsBatches: number | undefined;
  private average: WeightSnapshot | undefined;
  /** All weights as training left them, while the average stands in for them. */
  private raw: WeightSnapshot | undefined;
  private continued = false;

  constructor(
    owner: string,
    {evaluateAverages = true, keepAverages = true, statisticsBatches}: WeightAveragingOptions,
  ) {
    if (statisticsBatches !== undefined) checkInteger(owner, 'statisticsBatches', statisticsBatches, 1);
    this.evaluateAverages = evaluateAverages;
    this.keepAverages = keepAverages;
    this.statisticsBatches = statisticsBatches;
  }

  /** Whether the model holds the averages now. */
  get swapped(): boolean {
    return this.raw !== undefined;
  }

  getState(): StateTree {
    return {
      count: this.count,
      average: this.average?.getState(),
      swapped: this.swapped,
      raw: this.raw?.getState(),
    };
  }

  setState(state: StateTree): void {
    const record = readRecord(this.name, state);
    const count = readNumber(this.name, record, 'count');
    const average = readTensors(this.name, record, 'average');
    const raw = readTensors(this.name, record, 'raw');
    if (count > 0 !== (average !== undefined))
      throw badState(this.name, 'its average and count do not go together');
    this.setProgress(record);
    this.clear();
    this.count = count;
    this.average = average && WeightSnapshot.from(average);
    this.raw = raw && WeightSnapshot.from(raw);
    this.continued = true;
  }

  onTrainBegin(context: TrainContext): void {
    const parameters = this.parametersOf(context);
    if (!this.continued) {
      this.clear();
      this.resetProgress();
    }
    this.continued = false;
    this.average?.check(parameters);
    this.raw?.check(parameters);
  }

  onEpochBegin(context: TrainContext): void {
    this.swapOut(context);
  }

  /** A run that continues in the middle of an epoch has no epoch's begin. */
  onTrainBatchBegin(context: TrainContext): void {
    this.swapOut(context);
  }

  async onValidationBegin(context: TrainContext): Promise<void> {
    if (this.evaluateAverages) await this.swapIn(context);
  }

  async onEpochEnd(context: TrainContext): Promise<void> {
    if (this.evaluateAverages) await this.swapIn(context);
  }

  async onTrainEnd(context: TrainContext): Promise<void> {
    const broken = context.stopReason === 'error' || context.stopReason === 'aborted';
    this.continued = false;
    try {
      if (!this.keepAverages || broken) this.swapOut(context);
      else await this.swapIn(context);
    } finally {
      this.clear();
    }
  }

  /** Takes the weights as they are now into the average; `mix` makes the new average of each. The first is a copy. */
  protected include(context: TrainContext, mix: Parameters<WeightSnapshot['update']>[1]): void {
    this.average ??= WeightSnapshot.from({});
    this.average.update(this.parametersOf(context), mix);
    this.count++;
  }

  /** The weights that are averaged, with the statistics that belong to them. */
  protected parametersOf({parameters}: TrainContext): readonly Parameter[] {
    return parameters;
  }

  /** Takes up what else a subclass keeps in its state. Throws before anything changes. */
  protected setProgress(_state: StateRecord): void {}

  /** Forgets what a subclass keeps of an earlier run. */
  protected resetProgress(): void {}

  private async swapIn(context: TrainContext): Promise<void> {
    if (this.swapped || !this.average) return;
    const parameters = this.parametersOf(context);
    this.raw = WeightSnapshot.of(parameters);
    this.average.restore(parameters);
    await context.refreshStatistics(
      this.statisticsBatches === undefined ? undefined : {batches: this.statisticsBatches},
    );
  }

  private swapOut(context: TrainContext): void {
    this.raw?.restore(this.parametersOf(context));
    this.raw?.dispose();
    this.raw = undefined;
  }

  private clear(): void {
    this.average?.dispose();
    this.raw?.dispose();
    this.average = this.raw = undefined;
    this.count = 0;
  }
}
