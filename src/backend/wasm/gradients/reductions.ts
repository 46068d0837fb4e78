import * as tf from '@tensorflow/tfjs-core';
import type {GradConfig, NamedAttrMap, Tensor} from '@tensorflow/tfjs-core';

/** The gradient of `Sum`: `dy`, repeated. tfjs multiplies with a tensor of ones that it uploads each time. */
export const sumGradient: GradConfig = {
  kernelName: tf.Sum,
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs) => ({x: () => spread(dy as Tensor, saved[0]!, attrs)}),
};

/** The gradient of `Mean`: `dy` divided by the count, repeated. */
export const meanGradient: GradConfig = {
  kernelName: tf.Mean,
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs) => ({
    x: () => {
      const x = saved[0]!;
      const count = tf.util
        .parseAxisParam(attrs.axis as number[], x.shape)
        .reduce((n, axis) => n * x.shape[axis]!, 1);
      return spread(tf.div(dy as Tensor, count), x, attrs);
    },
  }),
};

function spread(dy: Tensor, x: Tensor, attrs: NamedAttrMap): Tensor {
  const axes = tf.util.parseAxisParam(attrs.axis as number[], x.shape);
  const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const reps = x.shape.map((length, axis) => (axes.includes(axis) ? length : 1));
  return tf.tile(tf.reshape(dy, kept), reps);
}
