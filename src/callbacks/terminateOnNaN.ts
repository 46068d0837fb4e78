import type {BatchEndContext, Callback, EpochEndContext, Logs, TrainContext} from '../trainer';
import {checkInteger, checkNames} from './options';

export interface TerminateOnNaNOptions {
  /**
   * Looks at the loss after every so many batches. Default 10: looking waits for the device, and a loss that is not
   * finite leaves the epoch's mean so for good, so nothing is missed between looks.
   */
  every?: number;
}

/**
 * Stops training when the loss becomes NaN or infinite, as Keras's callback of this name does. Other callbacks and
 * `fit` end as usual, with `stopReason` `'terminateOnNaN'`.
 *
 * @throws {@link ConfigurationError} when `every` is not an integer of at least 1
 *
 * @example
 * new TerminateOnNaN({every: 50});
 */
export class TerminateOnNaN implements Callback {
  readonly name = 'TerminateOnNaN';
  private readonly every: number;

  constructor(options: TerminateOnNaNOptions = {}) {
    checkNames(this.name, options, ['every']);
    const {every = 10} = options;
    checkInteger(this.name, 'every', every, 1);
    this.every = every;
  }

  async onTrainBatchEnd(context: BatchEndContext): Promise<void> {
    if (context.batches % this.every === 0) look(context, await context.logs.read());
  }

  onEpochEnd(context: EpochEndContext): void {
    look(context, context.logs);
  }
}

function look(context: TrainContext, {loss}: Readonly<Logs>): void {
  if (loss !== undefined && !Number.isFinite(loss)) context.stop('terminateOnNaN');
}
