/**
 * Scaled dot-product attention (Vaswani et al. 2017): softmax(Q·Kᵀ/√d)·V for each head, with masks.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import {isRecordingNested, withoutRecording} from '../graph';
import {asFloat, asPairs} from './attentionMasks';
import type {AttentionMasks} from './attentionMasks';

export interface AttentionResult {
  /** `[batch, T, heads, valueDim]`. */
  readonly output: Tensor4D;
  /** The probabilities `[batch, heads, T, S]`, before dropout. */
  readonly scores: Tensor4D;
}

/** So far below every real logit that its exponential is 0 in float32. */
const FORBIDDEN = 1e9;

/**
 * Attention of `query` `[batch, T, heads, keyDim]` over `key` `[batch, S, heads, keyDim]` and `value`
 * `[batch, S, heads, valueDim]`. A query that may look nowhere gets zeros, as in Keras 3. The caller disposes.
 *
 * @param dropout What becomes of the probabilities before the values are weighted by them.
 */
export function scaledDotProduct(
  query: Tensor4D,
  key: Tensor4D,
  value: Tensor4D,
  masks: AttentionMasks,
  dropout: (probabilities: Tensor4D) => Tensor4D = probabilities => probabilities,
): AttentionResult {
  const [, targets, , keyDim] = query.shape;
  const [q, k, v] = [query, key, value].map(byHead) as [Tensor4D, Tensor4D, Tensor4D];
  const logits = tf.matMul<Tensor4D>(tf.mul(q, 1 / Math.sqrt(keyDim)), k, false, true);
  const allowed = withoutRecording(() => allowedPairs(masks, targets, key.shape[1]));
  const scores = allowed === null ? softmax(logits) : maskedSoftmax(logits, allowed);
  const output = tf.transpose(tf.matMul<Tensor4D>(dropout(scores), v), [0, 2, 1, 3]);
  return {output, scores};
}

function byHead(x: Tensor4D): Tensor4D {
  return tf.transpose(x, [0, 2, 1, 3]);
}

/** A row without any key is uniform after the softmax, and zero after the product. */
function maskedSoftmax(logits: Tensor4D, allowed: Tensor): Tensor4D {
  const offset = withoutRecording(() => tf.mul(tf.sub(allowed, 1), FORBIDDEN));
  return tf.mul(softmax(tf.add(logits, offset)), allowed);
}

/**
 * tfjs's softmax, unless its gradient is differentiated in turn: tfjs does not follow what a gradient says by the
 * output that it kept, so this one keeps the input.
 */
function softmax(logits: Tensor4D): Tensor4D {
  if (!isRecordingNested()) return tf.softmax(logits);
  const differentiable = tf.customGrad((x, save) => {
    (save as tf.GradSaveFunc)([x as Tensor4D]);
    const gradFunc = (dy: Tensor4D, [kept]: Tensor[]) => {
      const y = softmax(kept as Tensor4D);
      const weighted = tf.mul(dy, y);
      return tf.sub(weighted, tf.mul(tf.sum(weighted, -1, true), y));
    };
    return {value: tf.softmax(x as Tensor4D), gradFunc};
  });
  return differentiable(logits);
}

/** 1 where a query may look at a key and 0 where not, as `[batch, heads, T, S]` with 1 for all; null if all may. */
function allowedPairs(
  {query, key, pairs, causal}: AttentionMasks,
  targets: number,
  sources: number,
): Tensor | null {
  const parts: Tensor[] = [];
  if (query !== null) parts.push(tf.reshape(asFloat(query), [query.shape[0], 1, targets, 1]));
  if (key !== null) parts.push(tf.reshape(asFloat(key), [key.shape[0], 1, 1, sources]));
  if (pairs !== null) parts.push(asPairs(pairs));
  if (causal) parts.push(pastOnly(targets, sources));
  return parts.length === 0 ? null : parts.reduce((a, b) => tf.mul(a, b));
}

function pastOnly(targets: number, sources: number): Tensor {
  const values = Float32Array.from({length: targets * sources}, (_, i) =>
    i % sources <= Math.floor(i / sources) ? 1 : 0,
  );
  return tf.tensor4d(values, [1, 1, targets, sources]);
}
