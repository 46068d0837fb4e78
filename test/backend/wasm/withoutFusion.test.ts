import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {MultiHeadAttention, losses, useBackend, withoutFusion} from '../../../src';
import type {Backend} from '../../../src';
import {ModelGraph} from '../../../src/graph';
import {expectNear} from './support';

let backend: Backend;

beforeAll(async () => {
  backend = await useBackend('wasm', {engine: true});
});

const x = (...shape: number[]): Tensor => tf.randomNormal(shape, 0, 1, 'float32', 3);

/** The gradient of a layer in training for its input, and the loss. */
function trained(layer: layers.layers.Layer, ...shape: number[]): () => Tensor[] {
  const graph = ModelGraph.of(layers.sequential({layers: [layer]}));
  // Not a sum of squares, which a normalization makes a constant.
  const loss = (input: Tensor) => {
    const y = graph.run([input], {training: true}).outputs[0]!;
    return tf.sum<Scalar>(tf.mul(y, tf.randomNormal(y.shape, 0, 1, 'float32', 5)));
  };
  return () => {
    const {value, grad} = tf.valueAndGrad(loss)(x(...shape));
    return [value, grad];
  };
}

const inputShape = [5, 8];
const subjects: [name: string, kernels: string[], make: () => () => Tensor[]][] = [
  [
    'a convolution layer',
    ['GlassboxConv2D'],
    () =>
      trained(
        layers.layers.conv2d({filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 3]}),
        ...[2, 8, 8, 3],
      ),
  ],
  [
    'a convolution layer without activation',
    ['GlassboxBiasedConv2D'],
    () => trained(layers.layers.conv1d({filters: 4, kernelSize: 3, inputShape}), ...[2, 5, 8]),
  ],
  [
    'attention',
    ['GlassboxAttention', 'GlassboxAttentionGrad'],
    () => trained(new MultiHeadAttention({numHeads: 2, keyDim: 4, inputShape}), ...[2, 5, 8]),
  ],
  [
    'batch normalization in training',
    ['GlassboxBatchNormForward', 'GlassboxBatchNormBackward'],
    () => trained(layers.layers.batchNormalization({inputShape}), ...[2, 5, 8]),
  ],
  [
    'layer normalization',
    ['GlassboxLayerNorm'],
    () => trained(layers.layers.layerNormalization({inputShape}), ...[2, 5, 8]),
  ],
  [
    'an LSTM',
    ['GlassboxLSTM'],
    () =>
      trained(
        layers.layers.lstm({units: 3, recurrentInitializer: 'glorotUniform', inputShape}),
        ...[2, 5, 8],
      ),
  ],
  [
    'crossentropy from logits',
    ['GlassboxCrossEntropy', 'GlassboxCrossEntropyGrad'],
    () => () => {
      const loss = new losses.SparseCategoricalCrossentropy({fromLogits: true});
      const labels = tf.tensor1d([0, 2, 1], 'int32');
      const {value, grad} = tf.valueAndGrad((logits: Tensor) => tf.sum<Scalar>(loss.call(labels, logits)))(
        x(3, 4),
      );
      return [value, grad];
    },
  ],
];

/** The numbers, and the engine's own kernels among those that computed them. */
async function watch(run: () => Tensor[]): Promise<{numbers: number[][]; kernels: string[]}> {
  const {result, kernels} = await backend.profile(() => tf.tidy(run));
  const numbers = result.map(tensor => [...tensor.dataSync()]);
  tf.dispose(result);
  return {numbers, kernels: kernels.map(({name}) => name).sort()};
}

describe('withoutFusion', () => {
  it.each(subjects)('computes %s by single operations, with the same numbers', async (_, own, make) => {
    const run = make();
    const fused = await watch(run);
    expect(fused.kernels).toEqual(expect.arrayContaining(own));
    const unfused = await withoutFusion(() => watch(run));
    expect(unfused.kernels.filter(name => own.includes(name))).toEqual([]);
    unfused.numbers.forEach((numbers, i) => expectNear(numbers, fused.numbers[i]!));
    expect((await watch(run)).kernels).toEqual(fused.kernels);
  });
});
