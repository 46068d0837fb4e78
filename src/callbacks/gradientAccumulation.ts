import type {Callback, MicroBatchContext, TrainContext} from '../trainer';
import {badOption, checkInteger, checkNames} from './options';

/** A number of batches; or that number by epoch, as a function or as a record of the epochs from which it holds. */
export type AccumulationSteps = number | ((epoch: number) => number) | Readonly<Record<number, number>>;

export interface GradientAccumulationOptions {
  /** Batches whose gradients are averaged into one update. */
  steps: AccumulationSteps;
}

/**
 * Averages the gradients of several batches into one optimizer update: training as if with a larger batch, in the
 * memory of the small one. The average is over the samples of all batches in the window, so batches of 4, 4 and 2
 * give the update of one batch of 10 (BatchNorm and dropout apart, which see each small batch). A window ends with
 * its epoch.
 *
 * @throws {@link ConfigurationError} when a number of steps is not an integer of at least 1
 *
 * @example
 * new GradientAccumulation({steps: 4});
 * new GradientAccumulation({steps: {0: 1, 5: 4}}); // 1 in epochs 0 to 4, then 4
 * new GradientAccumulation({steps: epoch => Math.min(8, epoch + 1)});
 */
export class GradientAccumulation implements Callback {
  readonly name = 'GradientAccumulation';
  private readonly stepsAt: (epoch: number) => number;

  constructor(options: GradientAccumulationOptions) {
    checkNames(this.name, options, ['steps']);
    this.stepsAt = byEpoch(this.name, options.steps);
  }

  onTrainBegin(context: TrainContext): void {
    this.checkedSteps(context.epoch);
  }

  onEpochBegin(context: TrainContext): void {
    this.checkedSteps(context.epoch);
  }

  onMicroBatchEnd({epoch, window}: MicroBatchContext): void {
    if (window.size < this.checkedSteps(epoch)) window.keepOpen();
  }

  private checkedSteps(epoch: number): number {
    const steps = this.stepsAt(epoch);
    checkInteger(this.name, `steps in epoch ${epoch}`, steps, 1);
    return steps;
  }
}

function byEpoch(owner: string, steps: AccumulationSteps): (epoch: number) => number {
  if (typeof steps === 'function') return steps;
  if (typeof steps === 'number') {
    checkInteger(owner, 'steps', steps, 1);
    return () => steps;
  }
  if (typeof steps !== 'object' || steps === null) {
    throw badOption(
      owner,
      'steps',
      steps,
      'a number, a function of the epoch, or a record such as {0: 1, 5: 4}',
    );
  }
  const stages = Object.entries(steps).map(([epoch, value]) => [Number(epoch), value] as const);
  if (stages.length === 0)
    throw badOption(owner, 'steps', 'an empty record', 'a record such as {0: 1, 5: 4}');
  for (const [epoch, value] of stages) {
    checkInteger(owner, 'an epoch in steps', epoch, 0);
    checkInteger(owner, `steps from epoch ${epoch}`, value, 1);
  }
  stages.sort(([a], [b]) => a - b);
  // Epochs before the first that is named are not accumulated.
  return epoch => stages.findLast(([from]) => from <= epoch)?.[1] ?? 1;
}
