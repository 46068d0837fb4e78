/** Every kernel that is cut into chunks gives the same bits for any number of threads. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Engine} from '../../../src/backend/wasm/engine/engine';
import {Random} from '../../../src/core';
import {CategoricalCrossentropy} from '../../../src/losses';
import {Adam, LAMB, SGD} from '../../../src/optimizers';
import type {Optimizer} from '../../../src/optimizers';
import {sizeOf, values} from './support';

const threadCounts = [1, 2, 3, 8];

/** What is computed, and the kernels that are to be in more than one chunk on the way. */
type Case = [title: string, compute: () => Tensor[], cut: string[]];

const cases: Case[] = [
  [
    'convolution by Winograd, and its gradients',
    () => withGradients((x, w) => conv(x, w, 1), [8, 19, 17, 32], [3, 3, 32, 40]),
    ['winogradConv', 'winogradFilterGradient'],
  ],
  [
    'convolution by Winograd with many channels, and its gradients',
    () => withGradients((x, w) => conv(x, w, 1), [3, 10, 9, 128], [3, 3, 128, 144]),
    ['winogradFilter', 'winogradConv', 'winogradFilterGradientSum'],
  ],
  [
    'strided convolution, and its gradients',
    () => withGradients((x, w) => conv(x, w, 2), [6, 29, 27, 13], [5, 5, 13, 24]),
    ['convolve', 'convFilterGradient'],
  ],
  [
    'convolution of single pixels, and its gradients',
    () => withGradients((x, w) => conv(x, w, 1), [6, 25, 27, 24], [1, 1, 24, 50]),
    ['matMul'],
  ],
  [
    'the layer of a convolution with bias and relu, and its gradients',
    () =>
      layerWithGradients(
        layers.layers.conv2d({filters: 40, kernelSize: 3, padding: 'same', activation: 'relu'}),
        [8, 23, 23, 16],
      ),
    ['convBiasGradient'],
  ],
  [
    'depthwise convolution, and its gradients',
    () => withGradients((x, w) => depthwise(x, w, 1), [8, 30, 31, 14], [3, 3, 14, 4]),
    ['repeat', 'depthwise', 'depthwiseFilter', 'sumRepeated'],
  ],
  [
    'strided depthwise convolution, and its gradients',
    () => withGradients((x, w) => depthwise(x, w, 2), [8, 41, 40, 24], [5, 5, 24, 1]),
    ['depthwise', 'depthwiseFilter'],
  ],
  [
    'the maximum of overlapping windows, and its gradient',
    () => withGradients(x => tf.maxPool(x as tf.Tensor4D, 5, 2, 'same'), [8, 40, 41, 13]),
    ['pool', 'poolGradient'],
  ],
  [
    'the mean of overlapping windows, and its gradient',
    () => withGradients(x => tf.avgPool(x as tf.Tensor4D, 3, 2, 'same'), [3, 60, 61, 33]),
    ['pool', 'poolGradient'],
  ],
  [
    'the maximum and the mean of windows of two side by side, and their gradients',
    () => [
      ...withGradients(x => tf.maxPool(x as tf.Tensor4D, 2, 2, 'same'), [4, 51, 53, 40]),
      ...withGradients(x => tf.avgPool(x as tf.Tensor4D, 2, 2, 'same'), [4, 51, 53, 40]),
    ],
    ['pool', 'poolGradientTwo'],
  ],
  ...[false, true].flatMap(turnedA =>
    [false, true].map((turnedB): Case => [
      `the product of ${turnedA ? 'a transposed' : 'one'} matrix and ${turnedB ? 'a transposed' : 'another'}`,
      () => [
        tf.matMul(
          tensor(turnedA ? [259, 257] : [257, 259], 1),
          tensor(turnedB ? [275, 259] : [259, 275], 2),
          turnedA,
          turnedB,
        ),
      ],
      ['matMul'],
    ]),
  ),
  [
    'a long sum of few numbers, as in the gradient of a weight',
    () => [tf.matMul(tensor([4096, 100], 1), tensor([4096, 100], 2), true)],
    ['matMul'],
  ],
  [
    'products of a batch, and their gradients',
    () => withGradients((a, b) => tf.matMul(a, b), [23, 37, 41], [23, 41, 33]),
    ['matMul'],
  ],
  [
    'an LSTM, and its gradients',
    () =>
      layerWithGradients(
        layers.layers.lstm({units: 50, returnSequences: true, recurrentInitializer: 'glorotNormal'}),
        [70, 9, 31],
      ),
    ['lstm', 'lstmGradient'],
  ],
  [
    'a GRU, and its gradients',
    () =>
      layerWithGradients(
        layers.layers.gru({units: 50, returnSequences: true, recurrentInitializer: 'glorotNormal'}),
        [70, 9, 31],
      ),
    ['gru', 'gruGradient'],
  ],
  ['attention, and its gradients', attention, ['attention', 'attentionGradient']],
  [
    'sums, means and the largest over several axes',
    () => {
      const [matrix, cube] = [tensor([3000, 130]), tensor([31, 101, 130])];
      return [
        ...[tf.sum(matrix), tf.sum(matrix, 0), tf.sum(matrix, 1), tf.mean(matrix), tf.max(matrix, 1)],
        ...[tf.sum(cube, 1), tf.mean(cube, [0, 2]), tf.sum(cube, [0, 1]), tf.max(cube, 0), tf.mean(cube, 2)],
      ];
    },
    ['reduce'],
  ],
  [
    'batch normalization, and its gradients',
    batchNormalization,
    ['batchNormMoments', 'batchNormApply', 'batchNormSums', 'batchNormInput'],
  ],
  [
    'layer normalization, and its gradients',
    () => layerWithGradients(layers.layers.layerNormalization(), [611, 130]),
    ['layerNorm', 'layerNormGradient'],
  ],
  [
    'crossentropy from logits, and its gradient',
    () => {
      const targets = tf.softmax(tensor([1024, 100], 3));
      const loss = (z: Tensor) => new CategoricalCrossentropy({fromLogits: true}).call(targets, z);
      const logits = tensor([1024, 100]);
      return [loss(logits), tf.grad(loss)(logits)];
    },
    ['crossEntropy', 'crossEntropyGradient'],
  ],
  ['softmax, and its gradient', () => withGradients(x => tf.softmax(x), [700, 200]), ['softmaxGradient']],
  ['Adam', () => optimize(new Adam({learningRate: 0.01})), ['optimizerStep']],
  ['SGD with momentum', () => optimize(new SGD({momentum: 0.9})), ['optimizerStep']],
  ['LAMB', () => optimize(new LAMB({learningRate: 0.01})), ['optimizerStep', 'lambApply']],
  [
    'rows by their numbers, and their gradient, the sum of segments',
    () => {
      const random = new Random(5);
      const rows = tf.tensor1d(
        Array.from({length: 5000}, () => random.integer(200)),
        'int32',
      );
      return withGradients(x => tf.gather(x, rows), [200, 96]);
    },
    ['gather', 'segmentSum'],
  ],
  [
    'functions of one number, and their gradients',
    () => [tf.tanh, tf.exp, tf.erf, tf.sigmoid].flatMap(f => withGradients(x => f(x), [300, 333])),
    ['unary'],
  ],
  [
    'functions of two numbers, and their gradients',
    () => [
      ...withGradients((a, b) => tf.mul(a, b), [300, 333], [300, 333]),
      ...withGradients((a, b) => tf.sub(a, b), [300, 333], [333]),
      ...withGradients((a, b) => tf.mul(a, b), [300, 1, 33], [1, 17, 1]),
      tf.squaredDifference(tensor([300, 333]), tensor([1], 2)),
    ],
    ['binary'],
  ],
  [
    'copies and transposed copies',
    () => [
      tf.tile(tensor([301, 40]), [7, 5]),
      tf.transpose(tensor([501, 403])),
      tf.transpose(tensor([13, 30, 21, 32]), [0, 2, 1, 3]),
    ],
    ['repeat', 'transposeMatrices', 'transposeLines'],
  ],
  [
    'dropout',
    () => [run('GlassboxDropout', {x: tensor([400, 333])}, {rate: 0.3, key: [1, 2]})[0]!],
    ['dropout'],
  ],
];

/** Results by title, for each number of threads. */
const results = new Map<string, Uint8Array[]>();
const kernelsInChunks = new Map<string, Set<string>>();

beforeAll(async () => {
  const calls = vi.spyOn(Engine.prototype, 'run');
  for (const threads of threadCounts) {
    await useBackend('wasm', {threads});
    for (const [title, compute] of cases) {
      calls.mockClear();
      results.set(title, [...(results.get(title) ?? []), bytesOf(compute)]);
      const cut = calls.mock.calls.filter(([, , split]) => (split?.chunks ?? 1) > 1);
      kernelsInChunks.set(title, new Set(cut.map(([name]) => name)));
    }
  }
  calls.mockRestore();
}, 120_000);

afterAll(async () => {
  await useBackend('wasm', {threads: 1});
});

describe(`the same bits on ${threadCounts.join(', ')} threads`, () => {
  test.each(cases)('%s', (title, _, cut) => {
    expect(Array.from(kernelsInChunks.get(title)!)).toEqual(expect.arrayContaining(cut));
    const [first, ...others] = results.get(title)!;
    expect(first!.some(byte => byte !== 0)).toBe(true);
    for (const other of others) expect(Buffer.compare(other, first!)).toBe(0);
  });
});

/** All numbers of what `compute` gives, one result after the other. */
function bytesOf(compute: () => Tensor[]): Uint8Array {
  return tf.tidy(() => {
    const read = compute().map(tensor => tensor.dataSync().slice());
    return Buffer.concat(read.map(({buffer}) => new Uint8Array(buffer)));
  });
}

const drawn = new Map<string, Float32Array>();

/** Numbers between −1 and 1, the same at every call. */
function tensor<T extends Tensor>(shape: number[], seed = 1): T {
  const key = `${seed} ${sizeOf(shape)}`;
  const numbers = drawn.get(key) ?? values(new Random(seed), sizeOf(shape));
  drawn.set(key, numbers);
  return tf.tensor(numbers, shape) as T;
}

/** `f` of tensors of these shapes, and the gradients of the sum of its squares. */
function withGradients(f: (...inputs: Tensor[]) => Tensor, ...shapes: number[][]): Tensor[] {
  const inputs = shapes.map((shape, i) => tensor(shape, i + 1));
  return [f(...inputs), ...tf.grads((...given: Tensor[]) => tf.sum(tf.square(f(...given))))(inputs)];
}

/** What a layer makes of a tensor, and the gradients of it and of the weights. */
function layerWithGradients(layer: layers.layers.Layer, shape: number[]): Tensor[] {
  const x = tf.variable(tensor(shape));
  layer.apply(x);
  layer.setWeights(layer.getWeights().map((weight, i) => tensor(weight.shape, i + 2)));
  const weights = layer.trainableWeights.map(weight => weight.read() as tf.Variable);
  const {grads} = tf.variableGrads(() => tf.sum(tf.square(layer.apply(x) as Tensor)), [x, ...weights]);
  const found = [layer.apply(x) as Tensor, ...[x, ...weights].map(({name}) => grads[name]!)];
  for (const weight of layer.weights) weight.dispose();
  x.dispose();
  return found;
}

function conv(x: Tensor, filter: Tensor, stride: number): Tensor {
  return tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, 'same');
}

function depthwise(x: Tensor, filter: Tensor, stride: number): Tensor {
  return tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, 'same');
}

function run(kernel: string, inputs: Record<string, Tensor>, attrs: tf.NamedAttrMap = {}): Tensor[] {
  return [tf.engine().runKernel<Tensor | Tensor[]>(kernel, inputs, attrs)].flat();
}

function attention(): Tensor[] {
  const inputs = {
    query: tensor([5, 50, 4, 17], 1),
    key: tensor([5, 61, 4, 17], 2),
    value: tensor([5, 61, 4, 19], 3),
  };
  const [out, statistics] = run('GlassboxAttention', inputs, {causal: false}) as [Tensor, Tensor];
  const given = {...inputs, statistics, dy: tensor(out.shape, 4)};
  return [out, statistics, ...run('GlassboxAttentionGrad', given, {causal: false})];
}

function batchNormalization(): Tensor[] {
  const x = tensor([8, 23, 21, 24]);
  const [gamma, beta] = [tensor([24], 2), tensor([24], 3)];
  const forward = run('GlassboxBatchNormForward', {x, gamma, beta}, {epsilon: 1e-3});
  const [, mean, , inverse] = forward as [Tensor, Tensor, Tensor, Tensor];
  return [...forward, ...run('GlassboxBatchNormBackward', {dy: tensor(x.shape, 4), x, mean, inverse, gamma})];
}

/** Weights after three updates. */
function optimize(optimizer: Optimizer): Tensor[] {
  const weights = [[300, 333], [5], [4097]].map((shape, i) => tf.variable(tensor(shape, i + 1)));
  for (let step = 0; step < 3; step++) {
    optimizer.step(
      weights.map((weight, i) => ({
        key: `w${i}`,
        variable: weight,
        gradient: tensor(weight.shape, 10 * step + i + 4),
      })),
    );
  }
  const found = weights.map(weight => tf.clone(weight));
  optimizer.dispose();
  tf.dispose(weights);
  return found;
}
