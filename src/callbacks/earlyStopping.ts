import type {StateTree} from '../core';
import type {Callback, EpochEndContext, TrainContext} from '../trainer';
import {Monitor} from './monitor';
import type {MonitorOptions} from './monitor';
import {checkInteger, checkNames, checkNumber} from './options';
import {badState, readNumber, readOptionalNumber, readRecord, readTensors, stateKeyOf} from './state';
import type {StateKeyOption} from './state';
import {WeightSnapshot} from './weightSnapshot';

export interface EarlyStoppingOptions extends MonitorOptions, StateKeyOption {
  /** Epochs without improvement after which training stops. Default 0: the first such epoch. */
  patience?: number;
  /** Improvements that stay short of this do not reset patience. */
  baseline?: number;
  /** Epochs (from 0) before this one are not looked at. Default 0. */
  startFromEpoch?: number;
  /** Whether the weights of the best epoch are put back when training ends. Default false. */
  restoreBest?: boolean;
}

/**
 * Stops training when a number of the logs no longer improves, as Keras's callback of this name does: the first
 * epoch looked at is the best so far, and the epoch with index 0 never stops.
 *
 * With `restoreBest` the weights of the best epoch (BatchNorm's statistics included, and averaged weights if they
 * were evaluated) are put back however training ended. Best weights, best value and patience used up are part of a
 * checkpoint. An epoch without validation is passed over; NaN is never an improvement.
 *
 * `ctx.stopReason` is `'earlyStopping'`.
 *
 * @throws {@link ConfigurationError} for bad options; when the logs have no number of that name
 *
 * @example
 * const stopping = new EarlyStopping({monitor: 'val_accuracy', patience: 5, restoreBest: true});
 * stopping.best; // undefined until the first epoch
 */
export class EarlyStopping implements Callback {
  readonly name = 'EarlyStopping';
  readonly stateKey: string;
  /** The best value so far. */
  best: number | undefined;
  /** The epoch (from 0) of the best value. */
  bestEpoch: number | undefined;
  /** The epoch (from 0) after which training was stopped; undefined if it was not. */
  stoppedEpoch: number | undefined;
  /** Epochs since the last improvement. */
  wait = 0;

  private readonly monitor: Monitor;
  private readonly patience: number;
  private readonly baseline: number | undefined;
  private readonly startFromEpoch: number;
  private readonly restoreBest: boolean;
  private bestWeights: WeightSnapshot | undefined;
  private continued = false;

  constructor(options: EarlyStoppingOptions = {}) {
    checkNames(this.name, options, [
      'monitor',
      'mode',
      'minDelta',
      'patience',
      'baseline',
      'startFromEpoch',
      'restoreBest',
      'stateKey',
    ]);
    const {patience = 0, baseline, startFromEpoch = 0, restoreBest = false} = options;
    this.monitor = new Monitor(this.name, options);
    checkInteger(this.name, 'patience', patience, 0);
    checkInteger(this.name, 'startFromEpoch', startFromEpoch, 0);
    if (baseline !== undefined) checkNumber(this.name, 'baseline', baseline);
    this.patience = patience;
    this.baseline = baseline;
    this.startFromEpoch = startFromEpoch;
    this.restoreBest = restoreBest;
    this.stateKey = stateKeyOf(this.name, options, `${this.name}:${this.monitor.name}`);
  }

  getState(): StateTree {
    const {best, bestEpoch, stoppedEpoch, wait} = this;
    return {best, bestEpoch, stoppedEpoch, wait, bestWeights: this.bestWeights?.getState()};
  }

  setState(state: StateTree): void {
    const record = readRecord(this.name, state);
    const best = readOptionalNumber(this.name, record, 'best');
    const bestEpoch = readOptionalNumber(this.name, record, 'bestEpoch');
    const stoppedEpoch = readOptionalNumber(this.name, record, 'stoppedEpoch');
    const wait = readNumber(this.name, record, 'wait');
    const bestWeights = readTensors(this.name, record, 'bestWeights');
    if (this.restoreBest && best !== undefined && bestWeights === undefined) {
      throw badState(
        this.name,
        'it was written without restoreBest, so the best weights so far are not in it',
      );
    }
    this.reset();
    this.best = best;
    this.bestEpoch = bestEpoch;
    this.stoppedEpoch = stoppedEpoch;
    this.wait = wait;
    this.bestWeights = this.restoreBest && bestWeights ? WeightSnapshot.from(bestWeights) : undefined;
    this.continued = true;
  }

  onTrainBegin(context: TrainContext): void {
    if (!this.continued) this.reset();
    this.continued = false;
    this.monitor.checkRun(context);
    this.bestWeights?.check(context.parameters);
  }

  onEpochEnd(context: EpochEndContext): void {
    const {epoch} = context;
    const current = this.monitor.read(context);
    if (current === undefined || epoch < this.startFromEpoch) return;
    // Also where the first value is NaN: those weights are the best there are.
    if (this.restoreBest && this.bestWeights === undefined) this.keepWeights(context);
    this.wait++;
    if (this.monitor.isImprovement(current, this.best)) {
      this.best = current;
      this.bestEpoch = epoch;
      if (this.restoreBest) this.keepWeights(context);
      if (this.baseline === undefined || this.monitor.isImprovement(current, this.baseline)) this.wait = 0;
      return;
    }
    if (this.wait >= this.patience && epoch > 0) {
      this.stoppedEpoch = epoch;
      context.stop('earlyStopping');
    }
  }

  onTrainEnd({parameters}: TrainContext): void {
    this.continued = false;
    try {
      this.bestWeights?.restore(parameters);
    } finally {
      this.bestWeights?.dispose();
      this.bestWeights = undefined;
    }
  }

  private keepWeights({parameters}: TrainContext): void {
    this.bestWeights?.dispose();
    this.bestWeights = WeightSnapshot.of(parameters);
  }

  private reset(): void {
    this.best = this.bestEpoch = this.stoppedEpoch = undefined;
    this.wait = 0;
    this.bestWeights?.dispose();
    this.bestWeights = undefined;
  }
}
