/**
 * The losses of a model's outputs, as sums over counts.
 *
 * As in Keras, a loss is Σ weight·value over the number of valid elements: a mask takes an element out of the
 * count, a sample weight does not. Sum and count stay apart until the accumulation window closes.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError} from '../core';
import type {OutputPort} from '../graph';
import {getLoss} from '../losses';
import type {Loss} from '../losses';
import type {LossIdentifier, PerOutput} from './options';
import {perOutput} from './perOutput';

/** One output's loss on one batch. */
export interface TermValue {
  readonly sum: Scalar;
  /** A number where nothing is masked. */
  readonly count: number | Scalar;
  readonly mean: Scalar;
}

export interface ObjectiveTerm {
  readonly output: number;
  readonly port: OutputPort;
  readonly loss: Loss;
  readonly weight: number;
}

export class Objective {
  readonly terms: readonly ObjectiveTerm[];

  /**
   * @throws ConfigurationError for an unknown name, a loss that does not suit its output, or a weight that is no
   *   finite number of at least 0.
   */
  constructor(
    outputs: readonly OutputPort[],
    loss: PerOutput<LossIdentifier | null>,
    weights?: PerOutput<number>,
  ) {
    const losses = perOutput('loss', loss, outputs);
    const lossWeights = perOutput('lossWeights', weights ?? 1, outputs);
    checkLossWeights(lossWeights, outputs);
    this.terms = outputs.flatMap((port, output) => {
      const identifier = losses[output];
      if (identifier === undefined || identifier === null) return [];
      const resolved = getLoss(identifier);
      resolved.checkOutput(port);
      return [{output, port, loss: resolved, weight: lossWeights[output] ?? 1}];
    });
    if (this.terms.length === 0) {
      throw new ConfigurationError('No output has a loss.', {
        hint: `Name a loss for one of: ${names(outputs)}.`,
      });
    }
  }

  /** How the loss of an output is called in the logs: only models with several outputs log them one by one. */
  logNames(): string[] {
    return this.terms.length === 1 && this.terms[0]!.output === 0
      ? []
      : this.terms.map(term => `${term.port.name}_loss`);
  }

  /** The value of every term. All tensors are made here: call inside a `tf.tidy`. */
  compute(
    outputs: readonly Tensor[],
    masks: readonly (Tensor | null)[],
    targets: readonly Tensor[],
    sampleWeights: readonly (Tensor | undefined)[],
  ): TermValue[] {
    return this.terms.map(({output, port, loss}) => {
      const yPred = outputs[output]!;
      const target = targets[output];
      if (target === undefined) {
        throw new ShapeError(`Output '${port.name}' has a loss but no target.`, {
          hint: `The data must give one target for each output that has a loss.`,
        });
      }
      const values = loss.call(target, yPred, port);
      const mask = masks[output] ?? null;
      return reduceValues(values, mask, sampleWeights[output], yPred.shape[0], port.name);
    });
  }
}

function reduceValues(
  values: Tensor,
  mask: Tensor | null,
  sampleWeight: Tensor | undefined,
  batchSize: number,
  name: string,
): TermValue {
  if (values.rank === 0) {
    if (mask !== null || sampleWeight !== undefined) {
      throw new ConfigurationError(
        `The loss of '${name}' returned a scalar, which ${mask !== null ? 'a mask' : 'sample weights'} cannot act on.`,
        {hint: 'Return one value for each sample (and time step) instead of their mean.'},
      );
    }
    return {sum: tf.mul(values, batchSize), count: batchSize, mean: values as Scalar};
  }
  const {weights, count} = elementWeights(values.shape, mask, sampleWeight, name);
  const weighted = weights === undefined ? values : tf.mul(values, weights);
  const sum = tf.sum<Scalar>(weighted);
  return {sum, count, mean: divideByCount(sum, count)};
}

/**
 * Mask and sample weights merged into one tensor that broadcasts against values of `shape`, and how many elements
 * are valid.
 *
 * @throws ShapeError when they cannot fit.
 */
export function elementWeights(
  shape: readonly number[],
  mask: Tensor | null,
  sampleWeight: Tensor | undefined,
  name: string,
): {weights: Tensor | undefined; count: number | Scalar} {
  const size = shape.reduce((product, length) => product * length, 1);
  const maskWeights =
    mask === null ? undefined : expandTo(tf.cast(mask, 'float32'), shape, `The mask of '${name}'`);
  const sample =
    sampleWeight === undefined
      ? undefined
      : expandTo(tf.cast(sampleWeight, 'float32'), shape, `The sample weight of '${name}'`);
  const count = maskWeights === undefined ? size : tf.mul(tf.sum(maskWeights), size / maskWeights.size);
  const weights =
    maskWeights === undefined ? sample : sample === undefined ? maskWeights : tf.mul(maskWeights, sample);
  return {weights, count: typeof count === 'number' ? count : (count as Scalar)};
}

/** `sum / count`, and 0 where nothing counts (then the sum is 0). Not `tf.divNoNan`, which has no gradient. */
export function divideByCount<T extends Tensor>(sum: T, count: number | Scalar): T {
  if (typeof count === 'number') return tf.div(sum, count === 0 ? 1 : count);
  return tf.div(sum, tf.maximum(count, 1));
}

/**
 * `weights` as the rank of `shape`, so that both broadcast from the first axis on instead of from the last.
 *
 * @throws ShapeError when they cannot fit.
 */
export function expandTo(weights: Tensor, shape: readonly number[], what: string): Tensor {
  let lengths = weights.shape;
  while (lengths.length > 1 && lengths.at(-1) === 1) lengths = lengths.slice(0, -1);
  const fits = lengths.length <= shape.length && lengths.every((length, axis) => length === shape[axis]);
  if (!fits) {
    throw new ShapeError(
      `${what} has shape [${weights.shape}], but the loss has one value for each of [${shape}].`,
      {
        hint: 'Give one weight a sample, or one a sample and time step.',
      },
    );
  }
  return tf.reshape(weights, [...lengths, ...shape.slice(lengths.length).map(() => 1)]);
}

function checkLossWeights(weights: readonly unknown[], outputs: readonly OutputPort[]): void {
  weights.forEach((weight, i) => {
    if (weight === undefined || (typeof weight === 'number' && Number.isFinite(weight))) return;
    const found = typeof weight === 'number' ? weight : weight === null ? 'null' : `a ${typeof weight}`;
    throw new ConfigurationError(`lossWeights gives output '${outputs[i]!.name}' the weight ${found}.`, {
      hint: 'Give a finite number.',
    });
  });
}

function names(outputs: readonly OutputPort[]): string {
  return outputs.map(output => output.name).join(', ');
}
