import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {Deconvolution, GradCam, GuidedBackprop, ScoreCam} from '../../src/explain';
import {scoredModel} from '../../src/explain/model';
import {layerSite} from '../../src/explain/site';
import {BACKENDS} from '../graph/backends';
import {casesOf, distance, expectCase, readOracle, useReference} from './oracle';
import {valuesOf} from '../valuesOf';

/** One convolution of ones with two channels, relu, and a dense layer: Captum's test model. */
function oneConvolution(): LayersModel {
  const model = sequential({
    layers: [
      layers.conv2d({
        name: 'conv',
        filters: 2,
        kernelSize: 3,
        kernelInitializer: 'ones',
        inputShape: [4, 4, 1],
      }),
      layers.activation({name: 'relu', activation: 'relu'}),
      layers.flatten(),
      layers.dense({units: 1, activation: 'relu'}),
    ],
  });
  // Captum flattens channels first: its weights are 1 for the first channel, and 1, -1, -1, -1 for the second.
  const weights = [
    tf.ones([3, 3, 1, 2]),
    tf.tensor1d([-50, -75]),
    tf.tensor2d([1, 1, 1, -1, 1, -1, 1, -1], [8, 1]),
    tf.zeros([1]),
  ];
  model.setWeights(weights);
  tf.dispose(weights);
  return model;
}

describe.each(BACKENDS)('methods that look at maps on %s', backend => {
  const oracle = readOracle('cnn');
  const {targets: target} = oracle;
  const {model, x} = useReference(oracle, backend);
  let small: LayersModel;
  let ramp: Tensor;

  beforeAll(() => {
    small = oneConvolution();
    ramp = tf.reshape(tf.range(0, 16), [1, 4, 4, 1]);
  });
  afterAll(() => {
    small.dispose();
    ramp.dispose();
  });

  it.each(casesOf(oracle, 'layerActivation_summary'))('read the activations of $layer', async entry => {
    const activations = () => layerSite(scoredModel(model()), entry.layer!).read([x()])[0]!;
    const {shape} = tf.tidy(activations);
    expect(shape).toEqual(entry['shape']);
    const [mean] = await valuesOf(() => tf.mean(activations()));
    expect(mean).toBeCloseTo(entry['mean'] as number, 5);
    const first = await valuesOf(() => tf.slice(activations(), [0, 0, 0, 0], [1, 1, 1, shape[3]!]));
    expect(distance(first, entry['firstPixel'] as number[])).toBeLessThan(1e-4);
  });

  it.each([
    ['gradCam_raw', {relu: false, upsample: false}],
    ['gradCam_relu', {upsample: false}],
    ['gradCam_upsampled_bilinearHalfPixel', {}],
    ['gradCam_upsampled_nearest', {upsample: 'nearest'}],
    ['gradCamPlusPlus', {variant: '++', upsample: false}],
    ['guidedGradCam', {guided: true, upsample: 'nearest'}],
  ] as const)('agree with %s', async (method, options) => {
    for (const entry of casesOf(oracle, method)) {
      const explainer = new GradCam(model(), {...options, layer: entry.layer!, batchSize: 1});
      const tensors = tf.memory().numTensors;
      expectCase(await explainer.explain(x(), {target}), entry);
      expect(tf.memory().numTensors).toBe(tensors);
    }
  });

  it.each([
    ['guidedBackprop', GuidedBackprop],
    ['deconvolution', Deconvolution],
  ] as const)('agree with %s', async (method, Method) => {
    for (const entry of casesOf(oracle, method)) {
      const gradients = ['Relu', 'Relu6'].map(name => tf.getGradient(name));
      expectCase(await new Method(model()).explain(x(), {target}), entry);
      expect(['Relu', 'Relu6'].map(name => tf.getGradient(name))).toEqual(gradients);
    }
  });

  it('give the maps worked out by hand', async () => {
    const at = async (layer: string) => {
      const cam = new GradCam(small, {layer, upsample: false, relu: false});
      return [...(await cam.explain(ramp)).values];
    };
    expect(await at('conv')).toEqual([11.25, 13.5, 20.25, 22.5]);
    expect(await at('relu')).toEqual([0, 4, 28, 32.5]);
    const guided = await new GuidedBackprop(small).explain(ramp);
    expect([...guided.values].join('')).toBe('0111133213321221');
    const deconvolution = await new Deconvolution(small).explain(ramp);
    expect([...deconvolution.values].join('')).toBe('2331355235521221');
  });

  it('look at the last convolution by default, and give the size of the input', async () => {
    const byDefault = await new GradCam(model()).explain(x(), {target});
    const named = await new GradCam(model(), {layer: 'conv2'}).explain(x(), {target});
    expect(byDefault.shape).toEqual([2, 16, 16, 1]);
    expect(byDefault.values).toEqual(named.values);
  });

  it('weigh maps by the scores of what is seen through them', async () => {
    const explanation = await new ScoreCam(small, {layer: 'relu', upsample: false}).explain(ramp);
    // Channel by channel: the map from 0 to 1, over the image, and what the model gives for that.
    const expected = await valuesOf(() => {
      const [maps] = layerSite(scoredModel(small), 'relu').read([ramp]);
      const scores = [0, 1].map(channel => {
        const map = tf.slice(maps!, [0, 0, 0, channel], [1, 2, 2, 1]) as tf.Tensor4D;
        const mask = tf.image.resizeBilinear(tf.div<tf.Tensor4D>(map, tf.max(map)), [4, 4], false, true);
        return tf.reshape(tf.slice(small.predict(tf.mul(ramp, mask)) as Tensor, [0, 0], [1, 1]), [1]);
      });
      return tf.sum(tf.mul(maps!, tf.softmax(tf.concat(scores))), 3);
    });
    expect(distance(explanation.values, [...expected])).toBeLessThan(1e-3);
  });

  it('do not depend on how many rows go at a time', async () => {
    const of = async (batchSize: number) =>
      (await new ScoreCam(model(), {batchSize}).explain(x(), {target})).values;
    expect(distance(await of(3), [...(await of(100))])).toBeLessThan(1e-5);
  });

  it('follow a convolution over time', async () => {
    const steps = sequential({
      layers: [
        layers.conv1d({filters: 3, kernelSize: 3, inputShape: [10, 2]}),
        layers.globalAveragePooling1d(),
        layers.dense({units: 2, activation: 'softmax'}),
      ],
    });
    const series = tf.randomNormal([2, 10, 2], 0, 1, 'float32', 1);
    const tensors = tf.memory().numTensors;
    expect((await new GradCam(steps).explain(series)).shape).toEqual([2, 10, 1]);
    expect((await new ScoreCam(steps).explain(series)).shape).toEqual([2, 10, 1]);
    expect(tf.memory().numTensors).toBe(tensors);
    series.dispose();
    steps.dispose();
  });

  it('refuse what has no maps', async () => {
    expect(() => new GradCam(model(), {layer: 'conv3'})).toThrow(/Unknown layer 'conv3'.*conv2/);
    expect(() => new GradCam((input: Tensor) => input)).toThrow(/Only a LayersModel/);
    expect(() => new GradCam(model(), {variant: '+++' as '++'})).toThrow(/variant/);
    expect(() => new GradCam(model(), {guided: true, upsample: false})).toThrow(/size of the input/);
    const tensors = tf.memory().numTensors;
    await expect(new GradCam(model(), {layer: 'logits'}).explain(x())).rejects.toThrow(/no maps/);
    await expect(new ScoreCam(model(), {layer: 'logits'}).explain(x())).rejects.toThrow(/maps/);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('leave nothing behind when they are aborted, and gradients as they were when a model throws', async () => {
    const tensors = tf.memory().numTensors;
    await expect(new ScoreCam(model()).explain(x(), {signal: AbortSignal.abort()})).rejects.toThrow();
    const relu = tf.getGradient('Relu');
    let calls = 0;
    const failing = (input: Tensor): Tensor => {
      if (calls++ > 0) throw new Error('no more');
      return tf.sum(tf.relu(input), [1, 2, 3]);
    };
    await expect(new GuidedBackprop(failing).explain(x())).rejects.toThrow('no more');
    expect(tf.getGradient('Relu')).toBe(relu);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('say when there is no relu for guided backpropagation', async () => {
    const explanation = await new GuidedBackprop((input: Tensor) => tf.sum(input, [1, 2, 3])).explain(x());
    expect(explanation.warnings[0]).toMatch(/no relu/);
  });
});
