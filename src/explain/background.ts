/** A background: examples that stand for the data, which an explanation compares with. */
import type {Tensor} from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError} from '../core';
import type {Request} from './explainer';
import {checkWhole, takeInputs} from './inputs';
import type {ExplainInput} from './inputs';

/** @throws ConfigurationError if there is no background. */
export function requireBackground(method: string, {background}: {background?: ExplainInput}): void {
  if (background !== undefined && background !== null) return;
  throw new ConfigurationError(`${method} needs a background.`, {
    hint: 'Give examples of the training set: {background: x}; a hundred are enough.',
    code: 'configuration/background',
  });
}

/**
 * The background as tensors in the form of the inputs, `[rows, …]`, which the caller disposes.
 *
 * @throws ShapeError if its examples are not shaped as those explained, ConfigurationError for fractions where the
 * examples hold integers.
 */
export async function backgroundFor(
  background: ExplainInput,
  {model, inputs}: Pick<Request, 'model' | 'inputs'>,
): Promise<Tensor[]> {
  const {graph} = model;
  const taken = await takeInputs(background, {graph, inputCount: inputs.length}, 'background');
  try {
    for (const [i, tensor] of taken.entries()) {
      const input = inputs[i]!;
      const name = `Input ${i} of the background`;
      if (!tf.util.arraysEqual(tensor.shape.slice(1), input.shape.slice(1))) {
        throw new ShapeError(`${name} has shape [${tensor.shape}], the examples [${input.shape}].`, {
          hint: 'All but the first size, the number of rows, must be the same.',
          code: 'shape/background',
        });
      }
      if (input.dtype !== 'float32') checkWhole(await tensor.data(), input, name);
    }
    return taken;
  } catch (error) {
    tf.dispose(taken);
    throw error;
  }
}
