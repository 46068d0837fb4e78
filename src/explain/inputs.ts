/** What users give to be explained: checked, and turned into tensors. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, TensorLike} from '@tensorflow/tfjs-core';
import {ConfigurationError, DataError, ShapeError, asGiven} from '../core';
import type {ScoredModel} from './model';

/** Examples to explain, `[batch, …]`: a tensor, one tensor for each input of the model, or nested arrays for one input. */
export type ExplainInput = Tensor | readonly Tensor[] | TensorLike;

/**
 * The inputs as tensors that belong to the caller of this function (clones of what was given).
 *
 * @param owner what they are, as errors call it, where they are not what is explained
 * @throws ShapeError for what is no tensor, DataError for a wrong number of inputs, different batch sizes, no examples,
 * or numbers that are not finite.
 */
export async function takeInputs(
  given: ExplainInput,
  {inputCount, graph}: Pick<ScoredModel, 'inputCount' | 'graph'>,
  owner?: string,
): Promise<Tensor[]> {
  const inputs: Tensor[] = [];
  const nameOf = (i: number): string => `Input ${i}${owner === undefined ? '' : ` of the ${owner}`}`;
  try {
    const each = isTensors(given) ? given : [given];
    each.forEach((one, i) => inputs.push(toTensor(one, nameOf(i))));
    if (inputCount !== undefined && inputs.length !== inputCount) {
      const names = graph?.inputs.map(({name}) => `'${name}'`).join(', ');
      throw new DataError(
        `The model has ${inputCount} inputs${names ? ` (${names})` : ''}, but was given ${inputs.length}${owner === undefined ? '' : ` as ${owner}`}.`,
        {hint: 'Give an array with one tensor for each input.', code: 'data/inputs'},
      );
    }
    const batch = inputs[0]?.shape[0];
    if (batch === undefined || batch === 0) {
      throw new DataError(
        owner === undefined ? 'There is no example to explain.' : `The ${owner} is empty.`,
        {
          hint: 'Give [batch, …], with a batch of at least one.',
          code: 'data/empty',
        },
      );
    }
    for (const [i, input] of inputs.entries()) {
      if (input.shape[0] !== batch) {
        throw new ShapeError(`${nameOf(i)} has ${input.shape[0]} examples, the first has ${batch}.`, {
          hint: 'The first size of every input is the batch.',
        });
      }
      await checkFinite(input, nameOf(i));
    }
    return inputs;
  } catch (error) {
    tf.dispose(inputs);
    throw error;
  }
}

/**
 * What was given for a tensor as one of its own, which the caller disposes.
 *
 * @throws ShapeError for what is no tensor: arrays of different lengths, of something else than numbers, …
 */
export function toTensor(given: unknown, name: string): Tensor {
  if (given instanceof tf.Tensor && !given.isDisposed) return tf.clone(given as Tensor);
  const shape: number[] = [];
  for (let at = given; isList(at); at = at[0]) shape.push(at.length);
  if (fills(given, shape)) return tf.tensor(given as TensorLike);
  const found = given instanceof tf.Tensor ? 'a tensor that was disposed' : asGiven(given);
  throw new ShapeError(
    `${name} is ${found}${isList(given) ? ' of other things than numbers, or of rows that differ in length' : ''}.`,
    {
      hint: 'Give a tensor, or arrays of numbers as long as each other; for several inputs an array of tensors.',
      code: 'shape/tensor',
    },
  );
}

/** Whether nested arrays hold numbers only, and are as long as each other: tf.tensor does not look. */
function fills(given: unknown, [length, ...rest]: readonly number[]): boolean {
  if (length === undefined) return typeof given === 'number' || typeof given === 'boolean';
  if (!isList(given) || given.length !== length) return false;
  return ArrayBuffer.isView(given) || Array.prototype.every.call(given, entry => fills(entry, rest));
}

function isList(given: unknown): given is ArrayLike<unknown> {
  return Array.isArray(given) || (ArrayBuffer.isView(given) && 'length' in given);
}

/** @throws DataError if a number is NaN or infinite. */
export async function checkFinite(tensor: Tensor, name: string): Promise<void> {
  checkNumbers(await tensor.data(), name);
}

/** @throws DataError if a number is NaN or infinite. */
export function checkNumbers(values: ArrayLike<number>, name: string): void {
  const at = Array.prototype.findIndex.call(values, value => !Number.isFinite(value));
  if (at < 0) return;
  throw new DataError(`${name} holds ${String(values[at])} at place ${at}.`, {
    hint: 'Only finite numbers can be explained: fill in what is missing first.',
    code: 'data/not-finite',
  });
}

/** @throws ConfigurationError for fractions that would be cut off where an input holds integers. */
export function checkWhole(values: ArrayLike<number>, input: Tensor, name: string): void {
  if (input.dtype === 'float32') return;
  const fraction = Array.prototype.find.call(values, value => !Number.isInteger(value)) as number | undefined;
  if (fraction === undefined) return;
  throw new ConfigurationError(`${name} holds ${fraction}, and the input integers (${input.dtype}).`, {
    hint: 'Cast the input to float32.',
    code: 'configuration/integers',
  });
}

/** Whether it is an array of tensors: one for each input, also where there is a single one. */
export function isTensors(given: unknown): given is readonly Tensor[] {
  return Array.isArray(given) && given.length > 0 && given.every(entry => entry instanceof tf.Tensor);
}

/** Which of the model's scores is explained: one for all examples, one for each, every one, or by default the highest. */
export type Target = number | readonly number[] | 'all';

/**
 * The score to explain for each example, one list for each class explained.
 *
 * @param scores of the examples, `[batch, outputs]`, row by row
 * @throws ConfigurationError for a target that the model does not have.
 */
export function resolveTargets(
  target: Target | undefined,
  scores: Float32Array,
  outputs: number,
): number[][] {
  const batch = scores.length / outputs;
  const examples = Array.from({length: batch}, (_, i) => i);
  if (target === 'all') return Array.from({length: outputs}, (_, output) => examples.map(() => output));
  if (target === undefined)
    return [examples.map(i => argMax(scores.subarray(i * outputs, (i + 1) * outputs)))];
  if (typeof target !== 'number' && !isList(target)) {
    throw new ConfigurationError(`target is ${asGiven(target)}.`, {
      hint: "Give the number of a score, one for each example, or 'all'.",
      code: 'configuration/target',
    });
  }
  const chosen = typeof target === 'number' ? examples.map(() => target) : [...target];
  if (chosen.length !== batch) {
    throw new ConfigurationError(`There are ${chosen.length} targets for ${batch} examples.`, {
      hint: 'Give one number, or one for each example.',
      code: 'configuration/target',
    });
  }
  for (const value of chosen) {
    if (Number.isInteger(value) && value >= 0 && value < outputs) continue;
    throw new ConfigurationError(
      `The target ${asGiven(value)} is not one of the model's ${outputs} outputs.`,
      {
        hint: `Give an integer from 0 to ${outputs - 1}, or leave it out for the highest score.`,
        code: 'configuration/target',
      },
    );
  }
  return [chosen];
}

function argMax(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}
