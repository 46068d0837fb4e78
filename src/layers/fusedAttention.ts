/**
 * Scaled dot-product attention as one kernel, on backends that have one.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import {hasKernel, mayFuse} from '../core';
import {isRecordingNested, withoutRecording} from '../graph';
import {asFloat, asPairs} from './attentionMasks';
import type {AttentionMasks} from './attentionMasks';

const FORWARD = 'GlassboxAttention';
const BACKWARD = 'GlassboxAttentionGrad';

/**
 * What `scaledDotProduct` gives as its output, without the matrix of probabilities; undefined where the active backend
 * has no such kernel, within `withoutFusion`, or where the gradient is to be differentiated in turn. The caller disposes, of masks too.
 */
export function fusedAttention(
  query: Tensor4D,
  key: Tensor4D,
  value: Tensor4D,
  masks: AttentionMasks,
): Tensor4D | undefined {
  const isEmpty = query.size * key.size * value.size === 0;
  if (isEmpty || !mayFuse() || isRecordingNested() || !hasKernel(FORWARD)) return undefined;
  const given = withoutRecording(() => maskInputs(masks));
  const attrs = {causal: masks.causal};
  const attend = tf.customGrad((...args) => {
    const [query, key, value] = args as Tensor[];
    const save = args[3] as tf.GradSaveFunc;
    const inputs = {query: query!, key: key!, value: value!, ...given};
    const [output, statistics] = tf.engine().runKernel<[Tensor4D, Tensor]>(FORWARD, inputs, attrs);
    const names = [...Object.keys(inputs), 'statistics'];
    // What the gradient reads has to be saved: nothing else of this call lives that long.
    save([...Object.values(inputs), statistics]);
    const gradFunc = (dy: Tensor4D, saved: Tensor[]): Tensor[] => {
      const kept = Object.fromEntries(saved.map((tensor, i) => [names[i]!, tensor]));
      return tf.engine().runKernel(BACKWARD, {...kept, dy}, attrs);
    };
    return {value: output, gradFunc};
  });
  return attend(query, key, value);
}

function maskInputs({query, key, pairs}: AttentionMasks): Record<string, Tensor> {
  return {
    ...(query === null ? {} : {queryMask: asFloat(query)}),
    ...(key === null ? {} : {keyMask: asFloat(key)}),
    ...(pairs === null ? {} : {pairs: asPairs(pairs)}),
  };
}
