import * as tf from '@tensorflow/tfjs-core';
import type {GradConfig} from '@tensorflow/tfjs-core';
import {hasKernel} from '../../../core';
import {gradientConfig, runKernel} from '../../tfjsInternals';
import {SOFTMAX_GRADIENT} from '../engineSoftmax';
import {gradientDepth} from '../tfjsInternals';

/**
 * The gradient of `Softmax`: one kernel on the engine, tfjs's own operations elsewhere and where gradients of
 * gradients are recorded.
 */
export const softmaxGradient: GradConfig = gradientConfig<{dim: number}>({
  kernelName: tf.Softmax,
  outputsToSave: [true],
  gradient: (dy, [y], {dim}) => ({
    logits: () => {
      // A kernel of our own has no gradient.
      const isOnEngine = gradientDepth() === 0 && y!.size > 0 && hasKernel(SOFTMAX_GRADIENT);
      if (isOnEngine) return runKernel(SOFTMAX_GRADIENT, {y: y!, dy}, {});
      const product = tf.mul(dy, y!);
      return tf.sub(product, tf.mul(tf.sum(product, [dim], true), y!));
    },
  }),
});
