import {ConfigurationError} from '../core';
import type {Optimizer} from '../optimizers';
import type {Callback, TrainContext} from '../trainer';
import {badOption, checkNames} from './options';
import {chosenOptimizers, logLearningRates} from './optimizers';

export interface LearningRateSchedulerOptions {
  /** Acts on the optimizer of this name alone; on all without it. */
  optimizer?: string;
}

/**
 * Sets the learning rate at the start of each epoch, as Keras's callback of this name does. The rate of each epoch
 * enters the history as `learning_rate`.
 *
 * A schedule (`learningRate: cosine(…)`) sets the rate at every update and would overrule this, so an optimizer
 * that has one is refused. ReduceLROnPlateau multiplies what is set here; a StochasticWeightAveraging with a rate of
 * its own takes its place from that callback's `startEpoch` on.
 *
 * @param schedule Gets the epoch (from 0) and the present rate (before any ReduceLROnPlateau), returns the new rate.
 * @throws {@link ConfigurationError} when training begins with an optimizer whose rate is a schedule; when
 * `schedule` returns something else than a number of at least 0
 *
 * @example
 * new LearningRateScheduler((epoch, rate) => (epoch < 10 ? rate : rate * Math.exp(-0.1)));
 */
export class LearningRateScheduler implements Callback {
  readonly name = 'LearningRateScheduler';
  private readonly optimizer: string | undefined;

  constructor(
    private readonly schedule: (epoch: number, learningRate: number) => number,
    options: LearningRateSchedulerOptions = {},
  ) {
    checkNames(this.name, options, ['optimizer']);
    if (typeof schedule !== 'function') throw badOption(this.name, 'schedule', schedule, 'a function');
    this.optimizer = options.optimizer;
  }

  onTrainBegin(context: TrainContext): void {
    for (const [name, optimizer] of chosenOptimizers(context, this.optimizer)) rateOf(name, optimizer);
  }

  onEpochBegin(context: TrainContext): void {
    for (const [name, optimizer] of chosenOptimizers(context, this.optimizer)) {
      const rate = this.schedule(context.epoch, rateOf(name, optimizer));
      if (typeof rate !== 'number' || !Number.isFinite(rate) || rate < 0) {
        throw badOption(this.name, `the rate of epoch ${context.epoch}`, rate, 'a number of at least 0');
      }
      optimizer.learningRate = rate;
    }
  }

  onEpochEnd(context: TrainContext): void {
    logLearningRates(context);
  }
}

function rateOf(name: string, {learningRate}: Optimizer): number {
  if (typeof learningRate === 'number') return learningRate;
  throw new ConfigurationError(
    `LearningRateScheduler and the schedule of optimizer '${name}' would both set its learning rate.`,
    {
      hint: 'Give the optimizer a number as learningRate, or leave out LearningRateScheduler.',
      code: 'configuration/two-schedules',
    },
  );
}
