/**
 * The shape that most losses share.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {Loss} from './loss';
import {alignTargets} from './targets';

/** A loss that is the mean over the last axis of a function of each target and its prediction. */
export abstract class ElementwiseLoss extends Loss {
  protected abstract each(yTrue: Tensor, yPred: Tensor): Tensor;

  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.tidy(() => {
      const [target, predicted] = alignTargets(yTrue, yPred, this.name);
      return tf.mean(this.each(target, predicted), -1);
    });
  }
}
