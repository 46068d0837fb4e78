/**
 * What a loss is: per-element values on the device, and what it refuses before training starts.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../core';
import {alignRank, checkTargetShape} from './targets';

/**
 * A loss as a function: per-element values (`yPred`'s shape without its last axis), or one scalar that is the
 * batch's mean. With a scalar there can be no masks and no sample weights.
 *
 * Targets come with the predictions' rank where the two differ by a last axis of 1 alone, and else as they are.
 */
export type LossFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

/** The model output that a loss is applied to. */
export interface LossTarget {
  readonly name: string;
  /** With `null` for sizes that are free; the first is the batch. */
  readonly shape: readonly (number | null)[];
  /** The name of the output's last activation where one is known. */
  readonly activation: string | undefined;
}

/**
 * The base of all losses. A loss gives one value an element and does not reduce: how weights, masks and the
 * batch enter is the trainer's part.
 *
 * @example
 * class MeanQuarticError extends losses.Loss {
 *   readonly name = 'meanQuarticError';
 *   call(yTrue: tf.Tensor, yPred: tf.Tensor) { return tf.mean(tf.pow(tf.sub(yPred, yTrue), 4), -1); }
 * }
 * new MeanQuarticError().call(tf.tensor2d([[0], [0]]), tf.tensor2d([[1], [2]])).dataSync(); // 1, 16
 */
export abstract class Loss {
  /** camelCase, as `getLoss` knows it. */
  abstract readonly name: string;

  /**
   * The loss of every element.
   *
   * @param yTrue targets, of the shape that `targetShape` describes, of any dtype
   * @param yPred the model's output `[batch, …, units]`
   * @param output what is known of that output. With a softmax or sigmoid as its last activation, crossentropies
   *   use the gradient of the logits, which does not vanish where a probability has been clipped.
   * @returns float32 values in `yPred`'s shape without its last axis; the caller disposes them
   */
  abstract call(yTrue: Tensor, yPred: Tensor, output?: LossTarget): Tensor;

  /**
   * Refuses an output on which this loss cannot mean anything.
   *
   * @throws ConfigurationError or ShapeError, naming the output and what to change
   */
  checkOutput(output: LossTarget): void {
    if (output.activation === 'softmax' && lastOf(output.shape) === 1) {
      throw new ConfigurationError(
        `Output '${output.name}' is a softmax over one unit, which is always 1: '${this.name}' cannot train it.`,
        {hint: "Use a 'sigmoid' for one unit, or one softmax unit a class.", code: 'configuration/output'},
      );
    }
  }

  /**
   * Refuses targets on which this loss cannot mean anything, before they reach the device.
   *
   * @param _values the targets in row-major order
   * @param shape their shape, batch first
   * @throws ShapeError where the shape does not fit the output; DataError for values out of range
   */
  checkTargets(_values: ArrayLike<number>, shape: readonly number[], output: LossTarget): void {
    checkTargetShape(this.name, shape, this.targetShape(output), output.name);
  }

  /** The shape targets must have for this output, `null` where any size will do. A last axis of 1 may be left out. */
  targetShape(output: LossTarget): readonly (number | null)[] {
    return output.shape;
  }
}

/** A loss made from a function. */
export class FunctionLoss extends Loss {
  readonly name: string;

  constructor(private readonly compute: LossFunction) {
    super();
    this.name = compute.name === '' ? 'loss' : compute.name;
  }

  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.tidy(() => this.compute(alignRank(yTrue, yPred), yPred));
  }

  /** A function's targets are its own affair. */
  override checkOutput(): void {}
  override checkTargets(): void {}
}

/** The number of units of an output: its last axis. */
export function lastOf(shape: readonly (number | null)[]): number | null {
  return shape[shape.length - 1] ?? null;
}
