/**
 * What an optimizer's rule takes and gives: one update of one weight, as a pure function.
 */
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import type {SlotTensors} from './slots';
import type {WeightUpdate} from './types';

/** What a rule sees of one weight. */
export interface RuleInput<S extends SlotTensors> {
  /** The weight, after weight decay. */
  readonly value: Tensor;
  readonly gradient: Tensor;
  readonly slots: S;
  /** The rate for this weight, everything included. */
  readonly learningRate: number;
  /** Updates done before this one. */
  readonly count: number;
  /** A number as a tensor: one a value and step, shared by all weights. */
  readonly scalar: (value: number) => Scalar;
}

/** What a rule makes of one weight: new tensors, none of them the input's. */
export interface RuleOutput<S extends SlotTensors> {
  readonly value: Tensor;
  readonly slots: S;
}

/** A checked update with everything that it needs, ready to be computed. */
export interface PreparedUpdate<S extends SlotTensors> {
  readonly update: WeightUpdate;
  readonly slots: S;
  readonly learningRate: number;
  /** The part of the weight that decays in this update: learningRate · weightDecay, or 0. */
  readonly decay: number;
}
