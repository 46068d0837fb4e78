/** A background: examples that stand for the data, which an explanation compares with. */
import type {Tensor} from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError} from '../core';
import type {Request} from './explainer';
import {takeInputs} from './inputs';
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
 * @throws ShapeError if its examples are not shaped as those explained.
 */
export async function backgroundFor(
  background: ExplainInput,
  {model, inputs}: Pick<Request, 'model' | 'inputs'>,
): Promise<Tensor[]> {
  const taken = await takeInputs(background, model);
  const at = taken.findIndex((tensor, i) => !hasShapeOf(tensor, inputs[i]));
  if (at < 0) return taken;
  const [found, expected] = [taken[at]!.shape, inputs[at]?.shape];
  tf.dispose(taken);
  throw new ShapeError(`Input ${at} of the background has shape [${found}], the examples [${expected}].`, {
    hint: 'All but the first size, the number of rows, must be the same.',
    code: 'shape/background',
  });
}

function hasShapeOf(tensor: Tensor, input: Tensor | undefined): boolean {
  return input !== undefined && tf.util.arraysEqual(tensor.shape.slice(1), input.shape.slice(1));
}
