/**
 * Adam with decoupled weight decay.
 */
import {Adam} from './adam';
import type {AdamOptions} from './adam';

export interface AdamWOptions extends AdamOptions {
  /** Default 0.004, as in Keras (PyTorch: 0.01). */
  weightDecay?: number;
}

/**
 * AdamW (Loshchilov and Hutter 2019): Adam whose weights also shrink by `learningRate · weightDecay` of
 * themselves in each update, apart from the gradient's moments. Adam with a `weightDecay` is the same.
 *
 * Biases and the scales of normalisation layers are usually left out: `excludeFromWeightDecay`.
 *
 * @throws ConfigurationError if an option is out of range
 * @example
 * const adamw = new AdamW({learningRate: 0.1, weightDecay: 0.5, excludeFromWeightDecay: ['bias', /gamma|beta/]});
 * const kernel = tf.variable(tf.tensor1d([1]));
 * const bias = tf.variable(tf.tensor1d([1]));
 * const gradient = tf.tensor1d([0]);
 * adamw.step([{key: 'kernel', variable: kernel, gradient}, {key: 'bias', variable: bias, gradient}]);
 * kernel.dataSync(); // [0.95]
 * bias.dataSync(); // [1]
 */
export class AdamW extends Adam {
  override readonly name: string = 'adamw';

  constructor(options: AdamWOptions = {}) {
    super(options, {weightDecay: 0.004});
  }
}
