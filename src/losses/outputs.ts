/**
 * Which outputs a crossentropy can be taken of.
 */
import {ConfigurationError, ShapeError} from '../core';
import {lastOf, type LossTarget} from './loss';

/** Activations whose values are no probabilities. */
const UNBOUNDED = new Set([
  'linear',
  'relu',
  'relu6',
  'elu',
  'selu',
  'tanh',
  'softplus',
  'softsign',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
]);

/**
 * Refuses an output whose values are no probabilities, or (for one sigmoid a unit) are those of a softmax.
 *
 * @throws ConfigurationError
 */
export function checkProbabilities(
  loss: string,
  output: LossTarget,
  wanted: 'sigmoid' | 'softmax',
  takesLogits = true,
): void {
  const {activation} = output;
  if (activation !== undefined && UNBOUNDED.has(activation)) {
    throw new ConfigurationError(
      `'${loss}' takes probabilities, but output '${output.name}' ends in '${activation}'.`,
      {
        hint:
          `End it in '${wanted}'` +
          (takesLogits && activation === 'linear'
            ? `, or use the loss new losses.${loss[0]!.toUpperCase()}${loss.slice(1)}({fromLogits: true}).`
            : '.'),
        code: 'configuration/output',
      },
    );
  }
  if (wanted === 'sigmoid' && activation === 'softmax') {
    throw new ConfigurationError(
      `'${loss}' takes independent probabilities, but output '${output.name}' ends in 'softmax'.`,
      {
        hint: "Use 'categoricalCrossentropy' or 'sparseCategoricalCrossentropy', or end the output in 'sigmoid'.",
        code: 'configuration/output',
      },
    );
  }
}

/**
 * Refuses `fromLogits` on an output that has already been squashed.
 *
 * @throws ConfigurationError
 */
export function checkLogits(loss: string, output: LossTarget): void {
  if (output.activation !== 'softmax' && output.activation !== 'sigmoid') return;
  throw new ConfigurationError(
    `'${loss}' with fromLogits takes logits, but output '${output.name}' ends in '${output.activation}'.`,
    {hint: "Leave fromLogits out, or end the output in 'linear'.", code: 'configuration/output'},
  );
}

/**
 * Refuses an output of a single unit for a loss over classes.
 *
 * @throws ShapeError
 */
export function checkClasses(loss: string, output: LossTarget): void {
  const classes = lastOf(output.shape);
  if (classes === null || classes >= 2) return;
  throw new ShapeError(`'${loss}' needs one unit a class, but output '${output.name}' has ${classes}.`, {
    hint: "Use 'binaryCrossentropy' for one unit, or give the output one unit a class.",
    code: 'shape/output',
  });
}

/** @throws ConfigurationError for label smoothing outside [0, 1] */
export function checkSmoothing(loss: string, labelSmoothing: number): void {
  if (labelSmoothing >= 0 && labelSmoothing <= 1) return;
  throw new ConfigurationError(`labelSmoothing of '${loss}' is ${labelSmoothing}.`, {
    hint: 'It must be from 0 to 1.',
  });
}
