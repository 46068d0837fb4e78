import * as layers from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {CLASSES, integers} from './data';
import type {Workload} from './types';

const VOCABULARY = 5000;
const TOKENS = 64;
const SIZE = 64;
const HEADS = 4;
const HIDDEN = 128;
/** PyTorch's default; tfjs's is 1e-3. */
const EPSILON = 1e-5;

export const transformer: Workload = {
  name: 'transformer',
  batch: 32,
  build(width, attention) {
    const {dense, embedding, globalAveragePooling1d} = layers.layers;
    const size = SIZE * width;
    const input = layers.input({shape: [TOKENS], dtype: 'int32'});
    const x = embedding({inputDim: VOCABULARY, outputDim: size}).apply(input) as SymbolicTensor;
    const attended = addAndNorm(x, attention(x, HEADS));
    const hidden = dense({units: HIDDEN * width, activation: 'relu'}).apply(attended);
    const encoded = addAndNorm(attended, dense({units: size}).apply(hidden) as SymbolicTensor);
    const pooled = globalAveragePooling1d({}).apply(encoded);
    const logits = dense({units: CLASSES}).apply(pooled) as SymbolicTensor;
    return layers.model({inputs: input, outputs: logits});
  },
  input: batch => integers([batch, TOKENS], VOCABULARY),
};

function addAndNorm(x: SymbolicTensor, y: SymbolicTensor): SymbolicTensor {
  const {add, layerNormalization} = layers.layers;
  return layerNormalization({epsilon: EPSILON}).apply(add().apply([x, y])) as SymbolicTensor;
}
