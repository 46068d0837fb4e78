/**
 * Losses that place vectors: near what is alike, far from what is not.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError} from '../core';
import {EPSILON} from './constants';
import {ElementwiseLoss} from './elementwise';
import {Loss, type LossTarget} from './loss';
import {alignLabels, alignTargets, checkRange, show} from './targets';

/**
 * Minus the cosine of the angle between target and prediction, along the last axis: −1 where they point the same
 * way. A vector of zeros gives 0.
 *
 * @example
 * const loss = new losses.CosineSimilarity();
 * loss.call(tf.tensor2d([[0, 1], [1, 0]]), tf.tensor2d([[0, 2], [0, 1]])).dataSync(); // -1, 0
 */
export class CosineSimilarity extends Loss {
  readonly name = 'cosineSimilarity';

  call(yTrue: Tensor, yPred: Tensor): Tensor {
    return tf.tidy(() => {
      const [target, predicted] = alignTargets(yTrue, yPred, this.name);
      return tf.neg(tf.sum(tf.mul(unit(target), unit(predicted)), -1));
    });
  }
}

function unit(x: Tensor): Tensor {
  // The floor is under the root: a root at 0 has no gradient.
  return tf.div(x, tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), EPSILON * EPSILON)));
}

/** Options of `TripletLoss`. */
export interface TripletLossOptions {
  /** How much farther than the farthest of its own class the nearest other shall be. Default 1. */
  margin?: number;
  /** Squared instead of plain Euclidean distances. Default false. */
  squared?: boolean;
}

/**
 * The batch-hard triplet loss of embeddings `[batch, dim]` with class indices `[batch]` as targets: for each example
 * `max(0, margin + distance to the farthest of its class − distance to the nearest of another)`; 0 where the batch
 * has no such pair (Hermans, Beyer and Leibe 2017). Triplets form inside a batch, so accumulation over small batches
 * is not one large batch.
 *
 * @throws ConfigurationError for a negative `margin`
 * @example
 * const loss = new losses.TripletLoss({margin: 1});
 * loss.call(tf.tensor1d([0, 0, 1]), tf.tensor2d([[0], [1], [3]])).dataSync(); // 0, 0, 0
 */
export class TripletLoss extends Loss {
  readonly name = 'tripletLoss';
  readonly margin: number;
  private readonly squared: boolean;

  constructor({margin = 1, squared = false}: TripletLossOptions = {}) {
    super();
    this.margin = checkMargin(this.name, margin);
    this.squared = squared;
  }

  call(yTrue: Tensor, yPred: Tensor): Tensor {
    checkEmbedding(this.name, yPred.shape);
    return tf.tidy(() => {
      const labels = alignLabels(yTrue, yPred, this.name);
      const same = tf.equal(tf.expandDims(labels, 1), tf.expandDims(labels, 0));
      const peers = tf.cast(same, 'float32');
      const distances = pairwise(yPred as tf.Tensor2D, this.squared);
      const farthest = tf.max(tf.mul(distances, peers), 1);
      const nearest = tf.min(tf.where(same, tf.fill(same.shape, Infinity), distances), 1);
      const alike = tf.sum(peers, 1);
      const complete = tf.logicalAnd(tf.greater(alike, 1), tf.less(alike, labels.size));
      const values = tf.relu(tf.add(tf.sub(farthest, nearest), this.margin));
      return tf.where(complete, values, tf.zerosLike(values));
    });
  }

  override checkOutput(output: LossTarget): void {
    super.checkOutput(output);
    checkEmbedding(this.name, output.shape);
  }

  override targetShape(output: LossTarget): readonly (number | null)[] {
    return output.shape.slice(0, -1);
  }
}

/** Distances between all rows. */
function pairwise(x: tf.Tensor2D, squared: boolean): Tensor {
  const norms = tf.sum(tf.square(x), 1, true);
  const cross = tf.mul(tf.matMul(x, x, false, true), 2);
  const distances = tf.relu(tf.add(tf.sub(norms, cross), tf.transpose(norms)));
  return squared ? distances : tf.sqrt(tf.maximum(distances, EPSILON * EPSILON));
}

/**
 * The contrastive loss of predicted distances, `y·d² + (1 − y)·max(0, margin − d)²`, where a target of 1 means alike
 * and 0 means different (Hadsell, Chopra and LeCun 2006).
 *
 * @throws ConfigurationError for a negative `margin`
 * @example
 * const loss = new losses.ContrastiveLoss({margin: 1});
 * loss.call(tf.tensor2d([[1], [0]]), tf.tensor2d([[0.5], [0.5]])).dataSync(); // 0.25, 0.25
 */
export class ContrastiveLoss extends ElementwiseLoss {
  readonly name = 'contrastiveLoss';
  readonly margin: number;

  constructor({margin = 1}: {margin?: number} = {}) {
    super();
    this.margin = checkMargin(this.name, margin);
  }

  protected each(yTrue: Tensor, yPred: Tensor): Tensor {
    const alike = tf.mul(yTrue, tf.square(yPred));
    const different = tf.mul(tf.sub(1, yTrue), tf.square(tf.relu(tf.sub(this.margin, yPred))));
    return tf.add(alike, different);
  }

  override checkTargets(values: ArrayLike<number>, shape: readonly number[], output: LossTarget): void {
    super.checkTargets(values, shape, output);
    checkRange(values, 0, 1, output.name, `'${this.name}' takes 1 for alike and 0 for different.`);
  }
}

function checkMargin(loss: string, margin: number): number {
  if (margin >= 0) return margin;
  throw new ConfigurationError(`The margin of '${loss}' is ${margin}.`, {hint: 'It may not be negative.'});
}

function checkEmbedding(loss: string, shape: readonly (number | null)[]): void {
  if (shape.length === 2) return;
  throw new ShapeError(`'${loss}' takes embeddings [batch, dim], but got ${show(shape)}.`, {
    hint: 'End the model in one vector an example.',
    code: 'shape/output',
  });
}
