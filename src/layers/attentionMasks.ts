/**
 * Who may look at whom in attention.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';

/** Which query may look at which key. What is null or false forbids nothing. */
export interface AttentionMasks {
  /** `[batch, T]`: a query that is masked looks nowhere. */
  readonly query: Tensor | null;
  /** `[batch, S]`: nobody looks at a masked key. */
  readonly key: Tensor | null;
  /** `[batch, T, S]` or `[batch, heads, T, S]`, sizes of 1 for all. */
  readonly pairs: Tensor | null;
  /** No query looks at a later key. */
  readonly causal: boolean;
}

/** 1 for what is not 0. */
export function asFloat(mask: Tensor): Tensor {
  return tf.cast(mask.dtype === 'bool' ? mask : tf.notEqual(mask, 0), 'float32');
}

/** A mask of pairs as `[batch, heads, T, S]` of 0 and 1. */
export function asPairs(mask: Tensor): Tensor {
  return asFloat(mask.rank === 3 ? tf.expandDims(mask, 1) : mask);
}
