import type {StateTree} from '../core';
import type {Callback, EpochEndContext, TrainContext} from '../trainer';
import {Monitor} from './monitor';
import type {MonitorOptions} from './monitor';
import {checkInteger, checkNames, checkNumber} from './options';
import {chosenOptimizers, logLearningRates} from './optimizers';
import {readNumber, readOptionalNumber, readRecord, stateKeyOf} from './state';
import type {StateKeyOption} from './state';

export interface ReduceLROnPlateauOptions extends MonitorOptions, StateKeyOption {
  /** What the rate is multiplied by: above 0 and below 1. Default 0.1. */
  factor?: number;
  /** Epochs without improvement after which the rate is reduced. Default 10. */
  patience?: number;
  /** Epochs after a reduction in which patience rests. Default 0. */
  cooldown?: number;
  /** Changes of no more than this count as none. Default 1e-4. */
  minDelta?: number;
  /** The rate is not reduced below this. Default 0. */
  minLearningRate?: number;
  /** Acts on the optimizer of this name alone; on all without it. */
  optimizer?: string;
}

/**
 * Reduces the learning rate when a number of the logs no longer improves, as Keras's callback of this name does:
 * in a cooldown the counter goes down first, and the epoch in which it reaches 0 counts already; the best value
 * outlives reductions. The rate of each epoch enters the history as `learning_rate`.
 *
 * It multiplies what sets the rate (`optimizer.learningRateFactor`), so a schedule or a LearningRateScheduler goes
 * on underneath and is scaled.
 *
 * @throws {@link ConfigurationError} for bad options; when the logs have no number of that name
 *
 * @example
 * new ReduceLROnPlateau({monitor: 'val_loss', factor: 0.5, patience: 3, minLearningRate: 1e-5});
 */
export class ReduceLROnPlateau implements Callback {
  readonly name = 'ReduceLROnPlateau';
  readonly stateKey: string;
  private readonly monitor: Monitor;
  private readonly factor: number;
  private readonly patience: number;
  private readonly cooldown: number;
  private readonly minLearningRate: number;
  private readonly optimizer: string | undefined;
  private best: number | undefined;
  private wait = 0;
  private cooldownLeft = 0;
  private continued = false;

  constructor(options: ReduceLROnPlateauOptions = {}) {
    checkNames(this.name, options, [
      'monitor',
      'mode',
      'minDelta',
      'factor',
      'patience',
      'cooldown',
      'minLearningRate',
      'optimizer',
      'stateKey',
    ]);
    const {factor = 0.1, patience = 10, cooldown = 0, minDelta = 1e-4, minLearningRate = 0} = options;
    this.monitor = new Monitor(this.name, {...options, minDelta});
    checkNumber(this.name, 'factor', factor, 'above 0 and below 1', n => n > 0 && n < 1);
    checkInteger(this.name, 'patience', patience, 0);
    checkInteger(this.name, 'cooldown', cooldown, 0);
    checkNumber(this.name, 'minLearningRate', minLearningRate, 'a number of at least 0', n => n >= 0);
    this.factor = factor;
    this.patience = patience;
    this.cooldown = cooldown;
    this.minLearningRate = minLearningRate;
    this.optimizer = options.optimizer;
    const usual = [this.name, this.monitor.name, ...(this.optimizer === undefined ? [] : [this.optimizer])];
    this.stateKey = stateKeyOf(this.name, options, usual.join(':'));
  }

  getState(): StateTree {
    return {best: this.best, wait: this.wait, cooldownLeft: this.cooldownLeft};
  }

  setState(state: StateTree): void {
    const record = readRecord(this.name, state);
    const best = readOptionalNumber(this.name, record, 'best');
    const wait = readNumber(this.name, record, 'wait');
    const cooldownLeft = readNumber(this.name, record, 'cooldownLeft');
    this.best = best;
    this.wait = wait;
    this.cooldownLeft = cooldownLeft;
    this.continued = true;
  }

  onTrainBegin(context: TrainContext): void {
    if (!this.continued) {
      this.best = undefined;
      this.wait = this.cooldownLeft = 0;
    }
    this.continued = false;
    this.monitor.checkRun(context);
    chosenOptimizers(context, this.optimizer);
  }

  onEpochEnd(context: EpochEndContext): void {
    logLearningRates(context);
    const current = this.monitor.read(context);
    if (current === undefined) return;
    if (this.cooldownLeft > 0) {
      this.cooldownLeft--;
      this.wait = 0;
    }
    if (this.monitor.isImprovement(current, this.best)) {
      this.best = current;
      this.wait = 0;
    } else if (this.cooldownLeft === 0) {
      this.wait++;
      if (this.wait >= this.patience) this.reduce(context);
    }
  }

  /** Also after a run that had its state put back and never began. */
  onTrainEnd(): void {
    this.continued = false;
  }

  private reduce(context: TrainContext): void {
    for (const [, optimizer] of chosenOptimizers(context, this.optimizer)) {
      const rate = optimizer.currentLearningRate();
      if (rate <= this.minLearningRate) continue;
      optimizer.learningRateFactor *= Math.max(this.factor, this.minLearningRate / rate);
      this.cooldownLeft = this.cooldown;
      this.wait = 0;
    }
  }
}
