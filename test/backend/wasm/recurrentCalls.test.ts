import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeEach, describe, expect, it} from 'vitest';
import {useBackend, withoutFusion} from '../../../src/backend';
import {withSeed} from '../../../src/core';
import {expectNear} from './support';

const recurrentInitializer = 'glorotUniform';
const ones = (...shape: number[]) => tf.ones(shape);

beforeEach(async () => {
  await useBackend('wasm');
});

/** The kernels that a function runs. */
async function kernelsOf(run: () => unknown): Promise<string[]> {
  const {kernelNames} = await tf.profile(() => tf.tidy(() => void run()));
  return kernelNames;
}

function makeLstm(config: object = {}): layers.RNN {
  return withSeed(1, () => {
    const layer = layers.layers.lstm({units: 4, recurrentInitializer, ...config});
    layer.apply(layers.input({shape: [5, 3]}));
    return layer;
  });
}

describe('a recurrent layer', () => {
  it('is computed step by step where the engine is off, and on the CPU', async () => {
    const layer = makeLstm();
    expect(await kernelsOf(() => layer.apply(ones(2, 5, 3)))).toContain('GlassboxLSTM');
    await useBackend('wasm', {engine: false});
    expect(await kernelsOf(() => layer.apply(ones(2, 5, 3)))).not.toContain('GlassboxLSTM');
    await useBackend('cpu');
    expect(await kernelsOf(() => layer.apply(ones(2, 5, 3)))).not.toContain('GlassboxLSTM');
  });

  it('is computed step by step in withoutFusion, until that ends, also by an error or a promise', async () => {
    const layer = makeLstm();
    const call = () => layer.apply(ones(2, 5, 3)) as tf.Tensor;
    expect(await kernelsOf(() => withoutFusion(call))).not.toContain('GlassboxLSTM');
    const fail = () => {
      throw new Error('mine');
    };
    expect(() => withoutFusion(fail)).toThrow('mine');
    await expect(withoutFusion(async () => Promise.reject(new Error('later')))).rejects.toThrow('later');
    const names = await withoutFusion(async () => {
      await Promise.resolve();
      return kernelsOf(call);
    });
    expect(names).not.toContain('GlassboxLSTM');
    expect(await kernelsOf(call)).toContain('GlassboxLSTM');
  });

  it('is computed step by step where a gradient of a gradient goes through it', async () => {
    const layer = makeLstm({recurrentActivation: 'sigmoid'});
    const slope = tf.grad(x => tf.sum(layer.apply(x) as tf.Tensor));
    const curve = tf.grad(x => tf.sum(tf.square(slope(x))));
    expect(await kernelsOf(() => slope(ones(2, 5, 3)))).toContain('GlassboxLSTM');
    expect(await kernelsOf(() => curve(ones(2, 5, 3)))).not.toContain('GlassboxLSTM');
  });

  it.each<[string, object]>([
    ['active recurrent dropout', {recurrentDropout: 0.5}],
    ['another activation', {activation: 'softsign'}],
  ])('is computed step by step with %s', async (_, config) => {
    const layer = makeLstm(config);
    expect(await kernelsOf(() => layer.call(ones(2, 5, 3), {training: true}))).not.toContain('GlassboxLSTM');
  });

  it('drops the same features at all steps of a call, and none while not training', () => {
    const config = {dropout: 0.5, recurrentActivation: 'sigmoid', returnSequences: true};
    const layer = makeLstm(config);
    const plain = layer.call(ones(2, 5, 3), {}) as tf.Tensor;
    const numbers = withSeed(3, () => (layer.call(ones(2, 5, 3), {training: true}) as tf.Tensor).dataSync());
    const again = withSeed(3, () => (layer.call(ones(2, 5, 3), {training: true}) as tf.Tensor).dataSync());
    expect(numbers).toEqual(again);
    expect(numbers).not.toEqual(plain.dataSync());
    const unfused = withoutFusion(() => layer.call(ones(2, 5, 3), {}) as tf.Tensor);
    expectNear(plain.dataSync(), unfused.dataSync());
  });

  it.each(['lstm', 'gru'] as const)('%s that is stateful goes on where it stopped', type => {
    const run = () => {
      const layer = layers.layers[type]({
        ...{units: 4, recurrentInitializer, stateful: true, returnSequences: true},
        batchInputShape: [2, 5, 3],
      });
      const model = withSeed(2, () => layers.sequential({layers: [layer]}));
      const calls = [1, 2].map(() => (model.predict(ones(2, 5, 3)) as tf.Tensor).dataSync());
      layer.resetStates();
      return [...calls, (model.predict(ones(2, 5, 3)) as tf.Tensor).dataSync()];
    };
    const fused = run();
    const unfused = withoutFusion(run);
    fused.forEach((numbers, i) => expectNear(numbers, unfused[i]!));
    expect(fused[2]).toEqual(fused[0]);
    expect(fused[1]).not.toEqual(fused[0]);
  });

  it('trains the same fused and unfused inside a bidirectional, masked stack', () => {
    const model = withSeed(4, () =>
      layers.sequential({
        layers: [
          layers.layers.embedding({inputDim: 6, outputDim: 3, maskZero: true, inputLength: 5}),
          layers.layers.bidirectional({
            layer: layers.layers.lstm({units: 3, recurrentInitializer, returnSequences: true}),
            mergeMode: 'concat',
          }),
          layers.layers.gru({units: 4, recurrentInitializer}),
        ],
      }),
    );
    const x = tf.tensor2d([1, 2, 3, 0, 0, 4, 5, 1, 2, 0], [2, 5]);
    const weights = model.trainableWeights.map(weight => weight.read() as tf.Variable);
    const gradients = () => {
      const {grads} = tf.variableGrads(
        () => tf.sum<tf.Scalar>(tf.square(model.apply(x, {training: true}) as tf.Tensor)),
        weights,
      );
      return weights.map(({name}) => grads[name]!.dataSync());
    };
    const fused = gradients();
    const unfused = withoutFusion(gradients);
    fused.forEach((numbers, i) => expectNear(numbers, unfused[i]!));
  });

  it('does not compute gradients of frozen weights', async () => {
    const layer = makeLstm();
    const kernel = layer.weights[0]!.read() as tf.Variable;
    const names = await kernelsOf(() =>
      tf.variableGrads(() => tf.sum<tf.Scalar>(layer.apply(ones(2, 5, 3)) as tf.Tensor), [kernel]),
    );
    expect(names.filter(name => name === 'GlassboxRecurrentKernelGradient').length).toBe(1);
    expect(names).not.toContain('GlassboxRecurrentInputGradient');
    expect(names).not.toContain('GlassboxRecurrentBiasGradient');
  });
});
