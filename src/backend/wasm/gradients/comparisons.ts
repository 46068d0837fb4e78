import * as tf from '@tensorflow/tfjs-core';
import type {GradConfig, Tensor} from '@tensorflow/tfjs-core';
import {gradientConfig} from '../../tfjsInternals';

const ofTwo = [tf.Greater, tf.Less, tf.LessEqual, tf.Equal, tf.NotEqual, tf.LogicalAnd, tf.LogicalOr];
const ofOne = [tf.LogicalNot, tf.Any, tf.All];

/**
 * The gradients of comparisons and truth values: zero, as for `GreaterEqual`, the only one that tfjs has. Without
 * them a layer that masks or thresholds cannot stand behind one that is trained.
 */
export const comparisonGradients: GradConfig[] = [
  ...ofTwo.map(kernelName => zeroGradient(kernelName, ['a', 'b'])),
  ...ofOne.map(kernelName => zeroGradient(kernelName, ['x'])),
];

function zeroGradient(kernelName: string, inputs: string[]): GradConfig {
  return gradientConfig({
    kernelName,
    inputsToSave: inputs,
    gradient: (_, saved) =>
      Object.fromEntries(
        inputs.map((name, i): [string, () => Tensor] => [name, () => tf.zeros(saved[i]!.shape)]),
      ),
  });
}
