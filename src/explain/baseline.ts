/** Baselines: the input that says nothing, which an explanation compares with. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, TensorLike} from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError} from '../core';
import {checkNumbers, checkWhole, isTensors, toTensor} from './inputs';

/**
 * One number for all (the default is 0), or for each input a tensor or nested array: one example's shape, a batch of
 * one, or a baseline for each example.
 */
export type Baseline = number | Tensor | readonly (number | Tensor)[] | TensorLike;

/**
 * A baseline for each example, in the shapes of the inputs; the caller disposes them.
 *
 * @throws ShapeError for a baseline that fits no input, DataError for one that is not finite, ConfigurationError for a wrong number of them, or for fractions
 * where the input holds integers.
 */
export async function baselinesFor(baseline: Baseline, inputs: readonly Tensor[]): Promise<Tensor[]> {
  const each =
    Array.isArray(baseline) && (inputs.length > 1 || isTensors(baseline))
      ? (baseline as readonly (number | Tensor | TensorLike)[])
      : inputs.map(() => baseline);
  if (each.length !== inputs.length || (inputs.length > 1 && baseline instanceof tf.Tensor)) {
    throw new ConfigurationError(`There are ${inputs.length} inputs, and ${each.length} baselines.`, {
      hint: 'Give a number, or an array with one baseline for each input.',
      code: 'configuration/baseline',
    });
  }
  const fitted = tf.tidy(() => inputs.map((input, i) => baselineFor(each[i]!, input, nameOf(i))));
  try {
    for (const [i, input] of inputs.entries()) {
      const numbers = await fitted[i]!.data();
      checkNumbers(numbers, nameOf(i));
      checkWhole(numbers, input, nameOf(i));
    }
    return tf.tidy(() =>
      fitted.map((tensor, i) => tf.cast(tf.broadcastTo(tensor, inputs[i]!.shape), inputs[i]!.dtype)),
    );
  } finally {
    tf.dispose(fitted);
  }
}

const nameOf = (place: number): string => `The baseline of input ${place}`;

/** One that can be spread over the input's examples. */
function baselineFor(given: Baseline | TensorLike, input: Tensor, name: string): Tensor {
  if (typeof given === 'number') {
    checkWhole([given], input, name);
    return tf.scalar(given);
  }
  let tensor = toTensor(given, name);
  if (tensor.rank === input.rank - 1) tensor = tf.expandDims(tensor, 0);
  const [rows] = tensor.shape;
  const fits =
    tensor.rank === input.rank &&
    (rows === 1 || rows === input.shape[0]) &&
    tf.util.arraysEqual(tensor.shape.slice(1), input.shape.slice(1));
  if (fits) return tensor;
  throw new ShapeError(`${name} has shape [${tensor.shape}], the input [${input.shape}].`, {
    hint: 'Give one of an example’s shape, or one for each example.',
    code: 'shape/baseline',
  });
}
