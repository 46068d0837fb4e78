import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {expectNear} from './support';

type Activation = 'linear' | 'relu' | 'relu6' | 'tanh' | 'softmax';

let engine: string;
let composed: string;

beforeAll(async () => {
  await useBackend('wasm', {engine: false});
  composed = tf.getBackend();
  await useBackend('wasm');
  engine = tf.getBackend();
});

interface Config {
  rank?: 1 | 2;
  activation?: Activation;
  useBias?: boolean;
  strides?: number;
  dilationRate?: number;
  padding?: 'same' | 'valid';
  dataFormat?: 'channelsFirst' | 'channelsLast';
}

/** Loss and gradients of a layer's kernel, bias and input. */
function train({rank = 2, ...config}: Config): Float32Array[] {
  const args = {filters: 5, kernelSize: 3, biasInitializer: 'ones', ...config} as const;
  const layer = rank === 2 ? layers.layers.conv2d(args) : layers.layers.conv1d(args);
  const shape = rank === 2 ? [2, 9, 8, 3] : [2, 9, 3];
  if (config.dataFormat === 'channelsFirst') shape.splice(1, 0, shape.pop()!);
  return tf.tidy(() => {
    const random = (size: number[], seed: number): tf.Tensor =>
      tf.randomUniform(size, -1, 1, 'float32', seed);
    const x = random(shape, 1);
    layer.apply(x);
    const weights = layer.getWeights();
    layer.setWeights(weights.map((weight, i) => random(weight.shape, 2 + i)));
    const slope = random((layer.apply(x) as tf.Tensor).shape, 9);
    const before = tf.memory().numTensors;
    const variables = layer.trainableWeights.map(weight => weight.read() as tf.Variable);
    const {value, grads} = tf.variableGrads(
      () => tf.sum(tf.mul(layer.apply(x) as tf.Tensor, slope)),
      variables,
    );
    const dx = tf.grad((input: tf.Tensor) => tf.sum(tf.mul(layer.apply(input) as tf.Tensor, slope)))(x);
    const made = [value, ...Object.values(grads), dx];
    expect(tf.memory().numTensors).toBe(before + made.length);
    const numbers = made.map(tensor => tensor.dataSync() as Float32Array);
    layer.dispose();
    return numbers;
  });
}

const configs: Record<string, Config> = {
  'bias and relu': {activation: 'relu'},
  'relu without bias': {activation: 'relu', useBias: false},
  relu6: {activation: 'relu6'},
  'a bias alone': {activation: 'linear'},
  nothing: {useBias: false},
  'an activation that no kernel has': {activation: 'tanh'},
  'an activation along the last axis, channels first': {
    activation: 'softmax',
    useBias: false,
    dataFormat: 'channelsFirst',
  },
  'channels first': {activation: 'relu', dataFormat: 'channelsFirst'},
  'a stride': {activation: 'relu', strides: 2, padding: 'same'},
  'a dilation': {activation: 'relu', dilationRate: 2},
  'sequences with relu': {rank: 1, activation: 'relu', padding: 'same'},
  'sequences with a bias alone': {rank: 1, dilationRate: 2},
  'sequences with a stride': {rank: 1, activation: 'relu', strides: 2},
};

describe('a convolution layer in training', () => {
  for (const [name, config] of Object.entries(configs)) {
    it(`has the gradients of its parts with ${name}`, async () => {
      await tf.setBackend(composed);
      const expected = train(config);
      await tf.setBackend(engine);
      train(config).forEach((values, i) => expectNear(values, expected[i]!, 2e-5));
    });
  }

  it('keeps one tensor for the way back, not three', async () => {
    const layer = layers.layers.conv2d({filters: 4, kernelSize: 3, activation: 'relu'});
    const x = tf.ones([1, 8, 8, 1]);
    tf.dispose(layer.apply(x) as tf.Tensor);
    const variables = layer.trainableWeights.map(weight => weight.read() as tf.Variable);
    const keptBy = async (backend: string): Promise<number> => {
      await tf.setBackend(backend);
      let kept = 0;
      const result = tf.variableGrads(() => {
        const before = tf.backend().numDataIds();
        const y = layer.apply(x) as tf.Tensor;
        kept = tf.backend().numDataIds() - before;
        return tf.sum(y);
      }, variables);
      tf.dispose([result.value, result.grads]);
      return kept;
    };
    expect(await keptBy(composed)).toBe(3);
    expect(await keptBy(engine)).toBe(1);
    x.dispose();
    layer.dispose();
  });

  it('never computes an input gradient that nobody asks for', () => {
    const layer = layers.layers.conv2d({filters: 4, kernelSize: 3, activation: 'relu'});
    const x = tf.ones([1, 8, 8, 1]);
    tf.dispose(layer.apply(x) as tf.Tensor);
    const variables = layer.trainableWeights.map(weight => weight.read() as tf.Variable);
    const names: string[] = [];
    const kernel = tf.getKernel('GlassboxConv2DInputGradient', engine);
    const {kernelFunc} = kernel;
    kernel.kernelFunc = call => {
      names.push('input');
      return kernelFunc(call);
    };
    try {
      const result = tf.variableGrads(() => tf.sum(layer.apply(x) as tf.Tensor), variables);
      tf.dispose([result.value, result.grads]);
    } finally {
      kernel.kernelFunc = kernelFunc;
    }
    expect(names).toEqual([]);
    x.dispose();
    layer.dispose();
  });

  it('has the gradients of gradients of its parts', async () => {
    const layer = layers.layers.conv2d({
      filters: 2,
      kernelSize: 2,
      activation: 'relu',
      inputShape: [4, 4, 1],
    });
    layer.build([null, 4, 4, 1]);
    layer.setWeights([tf.tensor4d([3, -1, 2, 1, -2, 2, 1, 3], [2, 2, 1, 2]), tf.tensor1d([0.5, -0.5])]);
    const second = async (backend: string): Promise<Float32Array> => {
      await tf.setBackend(backend);
      return tf.tidy(() => {
        const x = tf.randomUniform([1, 4, 4, 1], 0, 1, 'float32', 3);
        const square = (input: tf.Tensor): tf.Tensor => tf.sum(tf.square(layer.apply(input) as tf.Tensor));
        const inner = tf.grad(square);
        return tf
          .grad((input: tf.Tensor) => tf.sum(tf.square(inner(input))))(x)
          .dataSync<'float32'>();
      });
    };
    const expected = await second(composed);
    expect(Math.max(...expected)).toBeGreaterThan(1);
    expectNear(await second(engine), expected);
    for (const weight of layer.weights) weight.dispose();
  });
});
