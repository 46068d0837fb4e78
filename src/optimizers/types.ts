/**
 * What goes into one optimizer update.
 */
import type {Tensor, Variable} from '@tensorflow/tfjs-core';

/** One weight to be updated, with its gradient and what its parameter group says. */
export interface WeightUpdate {
  /** What the optimizer's slots of this weight are kept under: stable between runs. */
  readonly key: string;
  /** What exclusion patterns of weight decay are matched against, such as `'dense_1/bias'`. Defaults to `key`. */
  readonly name?: string;
  readonly variable: Variable;
  /** The caller's; the optimizer does not dispose it. */
  readonly gradient: Tensor;
  /** A rate of its own, in place of the optimizer's. */
  readonly learningRate?: number;
  /** Multiplies the rate. Default 1. */
  readonly learningRateMultiplier?: number;
  /** Weight decay of its own, in place of the optimizer's; 0 for none. */
  readonly weightDecay?: number;
}
