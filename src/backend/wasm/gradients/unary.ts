/**
 * The gradients of functions of one tensor: one kernel on the engine, tfjs's own operations elsewhere and where
 * gradients of gradients are recorded.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {GradConfig, Tensor} from '@tensorflow/tfjs-core';
import {hasKernel} from '../../../core';
import {gradientConfig, runKernel} from '../../tfjsInternals';
import type {TypedGradient} from '../../tfjsInternals';
import {UNARY_GRADIENT} from '../engineBinary';
import {gradientDepth} from '../tfjsInternals';

interface Attrs {
  readonly alpha?: number;
}

/** The gradient as operations of tfjs's, of `dy` and what was saved. */
type Composition = (dy: Tensor, value: Tensor, alpha: number) => Tensor;

const {SELU_SCALE, SELU_SCALEALPHA} = tf.backend_util;

// What is saved is what tfjs saves: only of inputs are there gradients of gradients.
export const unaryGradients: GradConfig[] = [
  ofInput(tf.Relu, (dy, x) => tf.mul(dy, tf.step(tf.cast(x, 'float32')))),
  ofResult(tf.Elu, (dy, y) => tf.where(tf.greaterEqual(y, 0), dy, tf.mul(dy, tf.add(y, 1)))),
  ofResult(tf.Sigmoid, (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
  ofResult(tf.Tanh, (dy, y) => tf.mul(tf.sub(1, tf.square(y)), dy)),
  ofInput(tf.Relu6, (dy, x) => tf.mul(dy, tf.mul(tf.cast(tf.lessEqual(x, 6), 'float32'), tf.step(x)))),
  ofInput(tf.Selu, (dy, x) =>
    tf.where(
      tf.greater(x, 0),
      tf.mul(dy, SELU_SCALE),
      tf.mul(tf.mul(dy, SELU_SCALEALPHA), tf.exp(tf.cast(x, 'float32'))),
    ),
  ),
  ofInput(tf.LeakyRelu, (dy, x, alpha) => tf.where(tf.greater(x, 0), dy, tf.mul(dy, alpha))),
  ofInput(tf.Abs, (dy, x) => tf.mul(dy, tf.step(tf.cast(x, 'float32'), -1))),
  ofInput(tf.Square, (dy, x) => tf.mul(dy, tf.mul(tf.cast(x, 'float32'), 2))),
  ofInput(tf.Sqrt, (dy, x) => tf.div(dy, tf.mul(tf.sqrt(tf.cast(x, 'float32')), 2))),
  ofInput(tf.Rsqrt, (dy, x) => tf.neg(tf.div(dy, tf.mul(tf.pow(x, 1.5), 2)))),
  ofInput(tf.Softplus, (dy, x) => tf.mul(dy, tf.sigmoid(x))),
  ofInput(tf.Erf, (dy, x) => tf.mul(dy, tf.mul(tf.exp(tf.neg(tf.square(x))), 2 / Math.sqrt(Math.PI)))),
];

function ofResult(kernelName: string, compose: Composition): GradConfig {
  return unaryGradient(kernelName, {outputsToSave: [true]}, compose);
}

function ofInput(kernelName: string, compose: Composition): GradConfig {
  return unaryGradient(kernelName, {inputsToSave: ['x']}, compose);
}

function unaryGradient(
  kernelName: string,
  saved: Pick<TypedGradient<Attrs>, 'inputsToSave' | 'outputsToSave'>,
  compose: Composition,
): GradConfig {
  return gradientConfig<Attrs | undefined>({
    kernelName,
    ...saved,
    gradient: (dy, [value], attrs) => ({
      x: () => {
        const alpha = attrs?.alpha ?? 0;
        // A kernel of our own has no gradient.
        const isOnEngine = gradientDepth() === 0 && value!.dtype === 'float32' && hasKernel(UNARY_GRADIENT);
        if (!isOnEngine) return compose(dy, value!, alpha);
        return runKernel(UNARY_GRADIENT, {dy, value: value!}, {of: kernelName, alpha});
      },
    }),
  });
}
