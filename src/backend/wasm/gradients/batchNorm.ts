import * as tf from '@tensorflow/tfjs-core';
import type {GradConfig, Tensor} from '@tensorflow/tfjs-core';

/**
 * The gradient of `FusedBatchNorm` from the two sums Σ dy and Σ dy·(x − mean) that all of it is made of. tfjs
 * makes each derivative from whole tensors of its own, some fourteen passes over the input.
 */
export const batchNormGradient: GradConfig = {
  kernelName: tf.FusedBatchNorm,
  inputsToSave: ['x', 'mean', 'variance', 'scale'],
  gradFunc: (dyOrList, saved, attrs) => {
    const dy = dyOrList as Tensor;
    const [x, mean, variance, scale] = saved as [Tensor, Tensor, Tensor, Tensor | undefined];
    const inverse = tf.rsqrt(tf.add(variance, attrs.varianceEpsilon as number));
    const factor = scale ? tf.mul(inverse, scale) : inverse;
    // Made here, not where they are first used: tfjs disposes what is made inside the functions below.
    const gradientSum = sumTo(dy, mean);
    const productSum = tf.tidy(() => sumTo(tf.mul(dy, tf.sub(x, mean)), mean));
    return {
      x: () => tf.mul(dy, factor),
      mean: () => tf.neg(tf.mul(factor, gradientSum)),
      variance: () => tf.mul(tf.mul(tf.mul(tf.square(inverse), factor), -0.5), productSum),
      scale: () => tf.mul(inverse, productSum),
      offset: () => gradientSum,
    };
  },
};

/** `t` summed over the axes along which `like` was broadcast to its shape. */
function sumTo(t: Tensor, like: Tensor): Tensor {
  const axes = tf.broadcast_util.getReductionAxes(like.shape, t.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(t, axes) : t, like.shape);
}
