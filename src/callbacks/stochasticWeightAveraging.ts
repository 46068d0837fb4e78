import * as tf from '@tensorflow/tfjs-core';
import type {StateTree} from '../core';
import type {Optimizer} from '../optimizers';
import type {TrainContext} from '../trainer';
import {checkInteger, checkNames, checkNumber} from './options';
import {readNumber, readRecord} from './state';
import type {StateRecord} from './state';
import {AVERAGING_OPTIONS, WeightAveraging} from './weightAveraging';
import type {WeightAveragingOptions} from './weightAveraging';

export interface StochasticWeightAveragingOptions extends WeightAveragingOptions {
  /** The first epoch (from 0) whose final weights count. */
  startEpoch: number;
  /** Counts every so many epochs. Default 1. */
  everyEpochs?: number;
  /**
   * The rate from `startEpoch` on, in place of the optimizer's own: its number, its schedule, or what
   * LearningRateScheduler sets, which goes on underneath. The own rate comes back at the end.
   */
  learningRate?: number;
}

/**
 * Averages the weights at the ends of epochs, with equal shares (stochastic weight averaging, Izmailov et al. 2018).
 * The paper trains with a constant, rather high rate meanwhile: `learningRate`.
 *
 * From `startEpoch` on, validation, EarlyStopping and ModelCheckpoint see the averages (with BatchNorm's statistics
 * recomputed for them); training goes on with the raw weights. The averages stay in the model when training ends
 * (not after an error or an abort). A checkpoint has both.
 *
 * @throws {@link ConfigurationError} for bad options
 *
 * @example
 * new StochasticWeightAveraging({startEpoch: 15, learningRate: 0.01});
 */
export class StochasticWeightAveraging extends WeightAveraging {
  readonly name = 'StochasticWeightAveraging';
  readonly stateKey = 'StochasticWeightAveraging';
  private readonly startEpoch: number;
  private readonly everyEpochs: number;
  private readonly learningRate: number | undefined;
  /** The last epoch whose weights are in the average. */
  private includedEpoch = -1;
  /** What sets the rate of each optimizer, while `learningRate` stands in for it; undefined while it does not. */
  private ownRates: Map<string, Optimizer['learningRate']> | undefined;

  constructor(options: StochasticWeightAveragingOptions) {
    const owner = 'StochasticWeightAveraging';
    checkNames(owner, options, ['startEpoch', 'everyEpochs', 'learningRate', ...AVERAGING_OPTIONS]);
    super(owner, options);
    const {startEpoch, everyEpochs = 1, learningRate} = options;
    checkInteger(owner, 'startEpoch', startEpoch, 0);
    checkInteger(owner, 'everyEpochs', everyEpochs, 1);
    if (learningRate !== undefined)
      checkNumber(owner, 'learningRate', learningRate, 'a number above 0', n => n > 0);
    this.startEpoch = startEpoch;
    this.everyEpochs = everyEpochs;
    this.learningRate = learningRate;
  }

  override getState(): StateTree {
    // A schedule is no state: an optimizer that has one brings it along.
    const numbers = this.ownRates && [...this.ownRates].filter(([, rate]) => typeof rate === 'number');
    return {
      ...(super.getState() as StateRecord),
      includedEpoch: this.includedEpoch,
      ownRates: numbers && (Object.fromEntries(numbers) as Record<string, number>),
    };
  }

  override onTrainBegin(context: TrainContext): void {
    super.onTrainBegin(context);
    // In the middle of an epoch `learningRate` stands in already; it may end without another batch.
    if (this.ownRates !== undefined && context.batch > 0) this.replaceRates(context);
  }

  override onEpochBegin(context: TrainContext): void {
    super.onEpochBegin(context);
    // So that a LearningRateScheduler, which comes later, finds the rate that is its own and sets the next one.
    this.restoreRates(context);
  }

  override onTrainBatchBegin(context: TrainContext): void {
    super.onTrainBatchBegin(context);
    if (this.ownRates === undefined) this.replaceRates(context);
  }

  override async onValidationBegin(context: TrainContext): Promise<void> {
    // A validation before any training is none of an epoch's end.
    if (context.batch > 0) this.includeEpoch(context);
    await super.onValidationBegin(context);
  }

  override async onEpochEnd(context: TrainContext): Promise<void> {
    this.includeEpoch(context);
    await super.onEpochEnd(context);
  }

  override async onTrainEnd(context: TrainContext): Promise<void> {
    this.restoreRates(context);
    await super.onTrainEnd(context);
  }

  protected override setProgress(state: StateRecord): void {
    const includedEpoch = readNumber(this.name, state, 'includedEpoch');
    const ownRates = readRates(this.name, state.ownRates);
    this.includedEpoch = includedEpoch;
    this.ownRates = ownRates;
  }

  protected override resetProgress(): void {
    this.includedEpoch = -1;
    this.ownRates = undefined;
  }

  private includeEpoch(context: TrainContext): void {
    const {epoch} = context;
    if (epoch < this.startEpoch || epoch <= this.includedEpoch) return;
    if ((epoch - this.startEpoch) % this.everyEpochs !== 0) return;
    const share = 1 / (this.count + 1);
    this.include(context, (average, weight) => tf.add(average, tf.mul(tf.sub(weight, average), share)));
    this.includedEpoch = epoch;
  }

  private replaceRates({epoch, optimizers}: TrainContext): void {
    if (this.learningRate === undefined || epoch < this.startEpoch) return;
    this.ownRates ??= new Map();
    for (const [name, optimizer] of Object.entries(optimizers)) {
      // After a resume a number is what stood in, and the own rate is known; a schedule is always the optimizer's own.
      const {learningRate} = optimizer;
      if (typeof learningRate !== 'number' || !this.ownRates.has(name)) this.ownRates.set(name, learningRate);
      optimizer.learningRate = this.learningRate;
    }
  }

  private restoreRates({optimizers}: TrainContext): void {
    for (const [name, rate] of this.ownRates ?? []) {
      const optimizer = optimizers[name];
      if (typeof optimizer?.learningRate === 'number') optimizer.learningRate = rate;
    }
    this.ownRates = undefined;
  }
}

function readRates(owner: string, state: StateTree): Map<string, number> | undefined {
  if (state === undefined || state === null) return undefined;
  const rates = readRecord(owner, state);
  return new Map(Object.keys(rates).map(name => [name, readNumber(owner, rates, name)]));
}
