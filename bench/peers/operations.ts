/**
 * Single operations of tfjs on whatever backend is active.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {ConvJob, MatMulJob, Ready} from './job';

export function matMul({size, transposeA, transposeB}: MatMulJob): Ready {
  const [a, b] = [1, 2].map(seed => tf.randomUniform<tf.Rank.R2>([size, size], -1, 1, 'float32', seed));
  return timed([a!, b!], () => tf.matMul(a!, b!, transposeA, transposeB));
}

export function conv({pass, input, kernelSize, filters, strides, padding}: ConvJob): Ready {
  const filterShape: [number, number, number, number] = [kernelSize, kernelSize, input[3], filters];
  const x = tf.randomUniform<tf.Rank.R4>([...input], -1, 1, 'float32', 1);
  const filter = tf.randomUniform<tf.Rank.R4>(filterShape, -1, 1, 'float32', 2);
  const y = tf.conv2d(x, filter, strides, padding);
  const dy = tf.randomUniform(y.shape, -1, 1, 'float32', 3);
  y.dispose();
  const attrs = {strides, pad: padding, dataFormat: 'NHWC'};
  const kernel = (name: string, inputs: tf.NamedTensorMap, more: object): tf.Tensor =>
    tf.engine().runKernel(name, inputs, {...attrs, ...more});
  return timed([x, filter, dy], () => {
    switch (pass) {
      case 'forward':
        return tf.conv2d(x, filter, strides, padding);
      case 'filterGradient':
        return kernel(tf.Conv2DBackpropFilter, {x, dy}, {filterShape});
      case 'inputGradient':
        return kernel(tf.Conv2DBackpropInput, {dy, filter}, {inputShape: x.shape});
    }
  });
}

/** Times `compute`, which may keep `inputs`. */
function timed(inputs: tf.Tensor[], compute: () => tf.Tensor): Ready {
  return {
    run: async times =>
      Array.from({length: times}, () => {
        const begun = performance.now();
        const output = compute();
        const elapsed = performance.now() - begun;
        output.dispose();
        return elapsed;
      }),
    close: () => tf.dispose(inputs),
  };
}
