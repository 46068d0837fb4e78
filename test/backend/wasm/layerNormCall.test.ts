/** Layer normalization as tfjs-layers' layer: on the engine against PyTorch, and against tfjs's operations. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeEach, describe, expect, it} from 'vitest';
import {useBackend, withoutFusion} from '../../../src/backend';
import {Random} from '../../../src/core';
import oracle from '../../oracle/layer_norm.json';
import {expectNear, values} from './support';

/** A built layer with these weights. */
function layerOf(shape: readonly number[], config: object, weights: readonly tf.Tensor[] = []) {
  const layer = layers.layers.layerNormalization(config);
  layer.build([...shape]);
  if (weights.length > 0) layer.setWeights([...weights]);
  return layer;
}

/** Output and gradients of x and the weights, for `Σ y · upstream`; what the layer has made is freed. */
async function differentiate(layer: layers.layers.Layer, x: tf.Tensor, upstream: tf.Tensor) {
  const weights = layer.trainableWeights.map(weight => weight.read() as tf.Variable);
  const variable = tf.variable(x);
  const before = {tensors: tf.memory().numTensors, data: tf.backend().numDataIds()};
  const y = tf.tidy(() => Float32Array.from((layer.call(variable, {}) as tf.Tensor).dataSync()));
  let gradients: Float32Array[] = [];
  const {kernelNames} = await tf.profile(() => {
    const {value, grads} = tf.variableGrads(
      () => tf.sum<tf.Scalar>(tf.mul(layer.call(variable, {}) as tf.Tensor, upstream)),
      [variable, ...weights],
    );
    gradients = [variable, ...weights].map(({name}) => Float32Array.from(grads[name]!.dataSync()));
    tf.dispose([value, grads]);
  });
  expect({tensors: tf.memory().numTensors, data: tf.backend().numDataIds()}).toEqual(before);
  variable.dispose();
  return {y, gradients, kernelNames};
}

beforeEach(async () => {
  await useBackend('wasm');
});

describe('a layer normalization', () => {
  it.each(oracle)('computes what PyTorch does: $name', async test => {
    const {axis, epsilon, affine, x, upstream, weights, y, dx, weightGradients} = test;
    const tensorOf = (packed: {values: number[]; shape: number[]}) => tf.tensor(packed.values, packed.shape);
    const layer = layerOf(
      x.shape,
      {axis, epsilon, center: affine, scale: affine},
      weights.map(weight => tensorOf(weight)),
    );
    const actual = await differentiate(layer, tensorOf(x), tensorOf(upstream));
    expect(actual.kernelNames).toContain('GlassboxLayerNorm');
    expectNear(actual.y, y.values, 1e-6);
    [dx, ...weightGradients].forEach(({values: numbers}, i) =>
      expectNear(actual.gradients[i]!, numbers, 2e-6),
    );
  });

  it.each<[string, number[], object]>([
    ['of the last axis', [4, 5, 6], {}],
    ['of all axes', [4, 5], {axis: [0, 1]}],
    ['of the last axes of images', [3, 4, 5, 2], {axis: [1, 2, 3]}],
    ['without scale', [5, 7], {scale: false}],
    ['without centre', [5, 7], {center: false}],
    ['of an axis in the middle', [4, 5, 6], {axis: 1}],
    ['of axes in another order', [4, 3, 3], {axis: [2, 1]}],
  ])('%s is the same on the engine, without it, unfused, and on the CPU', async (_, shape, config) => {
    const random = new Random(11);
    const size = tf.util.sizeFromShape(shape);
    const [numbers, upstream] = [values(random, size), values(random, size)];
    const make = () => {
      const layer = layerOf(shape, config);
      const weightRandom = new Random(12);
      layer.setWeights(
        layer.weights.map(({shape: of}) =>
          tf.tensor(values(weightRandom, tf.util.sizeFromShape(of as number[])), of as number[]),
        ),
      );
      return differentiate(layer, tf.tensor(numbers, shape), tf.tensor(upstream, shape));
    };
    const fused = await make();
    const unfused = await withoutFusion(make);
    expect(unfused.kernelNames).not.toContain('GlassboxLayerNorm');
    await useBackend('wasm', {engine: false});
    const composed = await make();
    expect(composed.kernelNames).not.toContain('GlassboxLayerNorm');
    await useBackend('cpu');
    const onCpu = await make();
    for (const other of [unfused, composed, onCpu]) {
      expectNear(fused.y, other.y, 1e-6);
      fused.gradients.forEach((gradient, i) => expectNear(gradient, other.gradients[i]!, 3e-6));
    }
  });

  it('is left to tfjs where an axis in the middle is normalized, and on the CPU', async () => {
    const x = tf.ones([2, 3, 4]);
    const kernelsOf = async (config: object) => {
      const layer = layerOf(x.shape, config);
      return (await tf.profile(() => tf.tidy(() => void layer.call(x, {})))).kernelNames;
    };
    expect(await kernelsOf({})).toContain('GlassboxLayerNorm');
    expect(await kernelsOf({axis: 1})).not.toContain('GlassboxLayerNorm');
    await useBackend('cpu');
    expect(await kernelsOf({})).not.toContain('GlassboxLayerNorm');
  });

  it('has gradients of gradients', async () => {
    const layer = layerOf([2, 5], {epsilon: 0.1});
    const x = tf.tensor(
      [1, 4, 2, 8, 5, 7, 1, 3, 9, 2].map(value => value / 4),
      [2, 5],
    );
    const coefficients = tf.tensor([1, -2, 3, 0.5, 1, 2, 1, -1, 4, 2], [2, 5]);
    const slope = tf.grad(at => tf.sum(tf.mul(layer.call(at, {}) as tf.Tensor, coefficients)));
    const curve = tf.grad(at => tf.sum(tf.square(slope(at))));
    const {kernelNames} = await tf.profile(() => void slope(x).dispose());
    expect(kernelNames).toContain('GlassboxLayerNormGrad');
    const onEngine = curve(x).dataSync();
    await useBackend('cpu');
    expectNear(onEngine, curve(x).dataSync(), 1e-5);
  });

  it('of nothing, or of integers, is what tfjs makes of it', () => {
    const empty = layerOf([0, 5], {}).call(tf.zeros([0, 5]), {}) as tf.Tensor;
    expect(empty.shape).toEqual([0, 5]);
    const x = tf.tensor([1, 2, 3, 5, 4, 4], [2, 3], 'int32');
    const layer = layerOf([2, 3], {});
    const call = () => layer.call(x, {}) as tf.Tensor;
    expect(call().dataSync()).toEqual(withoutFusion(call).dataSync());
  });

  it('learns in a model as it does unfused', () => {
    const run = () => {
      const layer = layerOf([8, 4], {});
      const x = tf.tensor(values(new Random(2), 32), [8, 4]);
      const weights = layer.trainableWeights.map(weight => weight.read() as tf.Variable);
      const optimizer = tf.train.sgd(0.5);
      for (let step = 0; step < 3; step++)
        optimizer.minimize(
          () => tf.mean<tf.Scalar>(tf.squaredDifference(layer.call([x], {}) as tf.Tensor, x)),
          false,
          weights,
        );
      return weights.map(weight => weight.dataSync().slice());
    };
    const fused = run();
    const unfused = withoutFusion(run);
    fused.forEach((numbers, i) => expectNear(numbers, unfused[i]!, 1e-6));
  });
});
