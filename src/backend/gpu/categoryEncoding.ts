/** CategoryEncoding where tensors lie on a GPU, from which nothing is to be read back in the middle of a step. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import {patchLayer} from '../wasm/tfjsInternals';
import type {Repair} from '../repairs/types';

interface Encoder {
  readonly numTokens: number;
  readonly outputMode: 'multiHot' | 'oneHot' | 'count' | 'int' | 'tfIdf';
}

type Call = (this: Encoder, inputs: Tensor | Tensor[], options: {countWeights?: Tensor | Tensor[]}) => Tensor;

export const categoryEncoding: Repair = {
  id: 'category-encoding',
  description:
    'The layer CategoryEncoding waits for the GPU to see whether its numbers are in range; it does not now, and encodes those out of range as zeros.',
  backends: ['webgl', 'webgpu'],
  prepare: async () => {
    const layer = layers.categoryEncoding({numTokens: 1, name: 'glassbox'});
    patchLayer<Encoder, Call>(layer, 'call', original => {
      return function (inputs, options) {
        const ids = only(inputs);
        const {countWeights} = options;
        const isPlain = ids.rank === 2 && (this.outputMode !== 'oneHot' || ids.shape[1] === 1);
        const isKnown = isPlain && this.outputMode !== 'int' && this.outputMode !== 'tfIdf';
        if (!isKnown || !tf.getBackend().includes('webg')) return original.call(this, inputs, options);
        return tf.tidy(() => {
          // [batch, numbers, tokens]
          const encoded = tf.oneHot(tf.cast(ids, 'int32'), this.numTokens, 1, 0, 'float32');
          if (this.outputMode !== 'count') return tf.max(encoded, 1);
          const weights = countWeights === undefined ? 1 : tf.expandDims(only(countWeights), 2);
          return tf.sum(tf.mul(encoded, weights), 1);
        });
      };
    });
  },
};

function only(given: Tensor | Tensor[]): Tensor {
  return Array.isArray(given) ? given[0]! : given;
}
