import * as tf from '@tensorflow/tfjs-core';
import type {Parameter} from '../graph';
import type {OptimizerStepContext, TrainContext} from '../trainer';
import {chosenOptimizers} from './optimizers';
import {checkInteger, checkNames, checkNumber} from './options';
import {AVERAGING_OPTIONS, WeightAveraging} from './weightAveraging';
import type {WeightAveragingOptions} from './weightAveraging';

export interface ExponentialMovingAverageOptions extends WeightAveragingOptions {
  /** The share of the old average in the new one: from 0 up to, not including, 1. Default 0.99, as Keras's `ema_momentum`. */
  decay?: number;
  /** Updates of the optimizer before the first that counts. Default 0. */
  startStep?: number;
  /**
   * Only updates of the optimizer of this name count (a GAN's generator, say), and in a trainer of several models
   * only the weights of the model of that name are averaged. Without it all updates and all weights.
   */
  optimizer?: string;
}

/**
 * Keeps an exponential moving average of the trainable weights (Polyak and Juditsky 1992), updated after every
 * optimizer update: `average = decay · average + (1 − decay) · weight`, beginning with a copy of the weights after
 * the first update that counts, as Keras's `use_ema` does.
 *
 * Validation, EarlyStopping and ModelCheckpoint see the averages (with BatchNorm's statistics recomputed for them);
 * training goes on with the raw weights. The averages stay in the model when training ends (not after an error or
 * an abort). A checkpoint has both.
 *
 * @throws {@link ConfigurationError} for bad options, and when training begins without an optimizer of that name
 *
 * @example
 * new ExponentialMovingAverage({decay: 0.999, startStep: 100});
 */
export class ExponentialMovingAverage extends WeightAveraging {
  readonly name = 'ExponentialMovingAverage';
  readonly stateKey: string;
  private readonly decay: number;
  private readonly startStep: number;
  private readonly optimizer: string | undefined;

  constructor(options: ExponentialMovingAverageOptions = {}) {
    const owner = 'ExponentialMovingAverage';
    checkNames(owner, options, ['decay', 'startStep', 'optimizer', ...AVERAGING_OPTIONS]);
    super(owner, options);
    const {decay = 0.99, startStep = 0} = options;
    checkNumber(owner, 'decay', decay, 'at least 0 and below 1', n => n >= 0 && n < 1);
    checkInteger(owner, 'startStep', startStep, 0);
    this.decay = decay;
    this.startStep = startStep;
    this.optimizer = options.optimizer;
    this.stateKey = options.optimizer === undefined ? owner : `${owner}:${options.optimizer}`;
  }

  override onTrainBegin(context: TrainContext): void {
    chosenOptimizers(context, this.optimizer);
    super.onTrainBegin(context);
  }

  onOptimizerStep(context: OptimizerStepContext): void {
    if (this.optimizer !== undefined && context.optimizerName !== this.optimizer) return;
    // The step that this hook follows is counted already.
    if (context.steps <= this.startStep) return;
    // Not decay · average + (1 − decay) · weight: in float32 the two shares do not add up to 1, and a decay of 0.9999
    // would shrink the average by 2e-4.
    this.include(context, (average, weight) =>
      tf.add(average, tf.mul(tf.sub(weight, average), 1 - this.decay)),
    );
  }

  protected override parametersOf({models, parameters}: TrainContext): readonly Parameter[] {
    const {optimizer} = this;
    // One optimizer that moves several models has the name of none.
    if (optimizer === undefined || Object.keys(models).length < 2 || !Object.hasOwn(models, optimizer)) {
      return parameters;
    }
    return parameters.filter(({key}) => key.startsWith(`${optimizer}:`));
  }
}
