/**
 * Dropout with masks that are functions of a key and of where an element lies: the same on every backend, and for
 * any number of threads.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {dropoutFactors, hasKernel} from '../core';
import type {PhiloxKey} from '../core';
import {withoutRecording} from './tfjsInternals';

const KERNEL = 'GlassboxDropout';

/**
 * As `tf.dropout` without a seed, and as there the draw derives from `Math.random`, which a call's random source
 * answers.
 *
 * @param x float32
 * @param rate between 0 and 1, both excluded
 * @param noiseShape what shape the mask has; it must broadcast to `x`'s
 */
export function drawnDropout(x: Tensor, rate: number, noiseShape: readonly number[] = x.shape): Tensor {
  const key = [randomWord(), randomWord()] as const;
  if (tf.util.arraysEqual(x.shape, [...noiseShape])) return dropBy(key, x, rate);
  return tf.mul(
    x,
    withoutRecording(() => dropBy(key, tf.ones([...noiseShape]), rate)),
  );
}

function randomWord(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

function dropBy(key: PhiloxKey, x: Tensor, rate: number): Tensor {
  if (!hasKernel(KERNEL)) return tf.mul(x, tf.tensor(dropoutFactors(x.size, rate, key), x.shape));
  // Nothing is kept for the gradient: it draws the same mask again.
  const drop = tf.customGrad(x => ({
    value: tf.engine().runKernel<Tensor>(KERNEL, {x: x as Tensor}, {rate, key: [...key]}),
    gradFunc: (dy: Tensor) => dropBy(key, dy, rate),
  }));
  return drop(x);
}
