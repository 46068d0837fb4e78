import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {
  DeepLift,
  GradCam,
  GradientShap,
  GuidedBackprop,
  IntegratedGradients,
  Saliency,
  SmoothGrad,
} from '../../src/explain';
import {BACKENDS} from '../graph/backends';
import {casesOf, distance, expectCase, headOf, readOracle, tensorOf, useReference} from './oracle';
import type {Nested} from './oracle';

describe.each(BACKENDS)('methods that draw samples on %s', backend => {
  const oracle = readOracle('mlp');
  const {targets: target} = oracle;
  const {model, x, background} = useReference(oracle, backend);
  let noise: Tensor;
  beforeAll(() => void (noise = tensorOf(oracle['fixedNoise'] as Nested)));
  afterAll(() => noise.dispose());

  it.each([
    ['smoothgrad_fixedNoise', 'mean'],
    ['smoothgradSq_fixedNoise', 'squared'],
    ['vargrad_fixedNoise', 'variance'],
  ] as const)('agree with %s', async (method, type) => {
    for (const entry of casesOf(oracle, method)) {
      const explainer = new SmoothGrad(new Saliency(model(), {absolute: false, batchSize: 10}), {
        noise,
        type,
      });
      const tensors = tf.memory().numTensors;
      const explanation = await explainer.explain(x(), {target});
      expect(tf.memory().numTensors).toBe(tensors);
      expectCase(explanation, entry);
      expect(explanation.standardErrors === undefined).toBe(type !== 'mean');
    }
  });

  it('agree with gradientShap_fixedDraws', async () => {
    for (const entry of casesOf(oracle, 'gradientShap_fixedDraws')) {
      const rows = entry['backgroundIndex'] as number[];
      const draws = (entry['alphas'] as number[]).map((alpha, i) => ({alpha, background: rows[i]!}));
      const tensors = tf.memory().numTensors;
      const explanation = await new GradientShap(model(), {
        background: background(),
        draws,
        batchSize: 10,
      }).explain(x(), {
        target,
      });
      expect(tf.memory().numTensors).toBe(tensors);
      expectCase(explanation, entry);
    }
  });

  it('agree with the limit of expected gradients', async () => {
    for (const entry of casesOf(oracle, 'expectedGradients_limit')) {
      const options = {background: background(), samples: 20_000, head: headOf(entry), batchSize: 8000};
      const explanation = await new GradientShap(model(), options).explain(x(), {target});
      expectCase(explanation, entry);
      expect(explanation.warnings).toEqual([]);
    }
  });

  it('agree with gradientShap_stochastic as far as their samples reach', async () => {
    const samples = 500;
    for (const entry of casesOf(oracle, 'gradientShap_stochastic')) {
      const explainer = new GradientShap(model(), {background: background(), samples, batchSize: 1000});
      const {values, standardErrors} = await explainer.explain(x(), {target});
      const expected = (entry.expected as readonly number[][]).flat();
      const perRun = (entry['perRunStd'] as number[][]).flat();
      values.forEach((value, i) => {
        const error = Math.abs(value - expected[i]!);
        expect(error).toBeLessThan(5 * perRun[i]!);
        expect(error).toBeLessThan(3 * standardErrors![0]!.data[i]!);
      });
    }
  });

  it('give the same for the same seed, and other numbers for another', async () => {
    const smooth = async (seed: number, batchSize = 100) =>
      (await new SmoothGrad(new Saliency(model(), {batchSize}), {seed, samples: 8}).explain(x())).values;
    const shap = async (seed: number, batchSize = 100) =>
      (
        await new GradientShap(model(), {
          background: background(),
          seed,
          samples: 8,
          noise: 0.1,
          batchSize,
        }).explain(x())
      ).values;
    for (const of of [smooth, shap]) {
      expect(await of(1)).toEqual(await of(1));
      expect(distance(await of(1, 5), [...(await of(1))])).toBeLessThan(1e-5);
      expect(distance(await of(2), [...(await of(1))])).toBeGreaterThan(1e-3);
    }
  });

  it('smooth any gradient method', async () => {
    const quiet = {noise: 0, samples: 3};
    for (const explainer of [
      new Saliency(model()),
      new IntegratedGradients(model(), {steps: 5, baseline: x()}),
      new DeepLift(model()),
      new GuidedBackprop(model()),
      new GradientShap(model(), {background: background(), samples: 5}),
    ]) {
      const smooth = await new SmoothGrad(explainer, quiet).explain(x());
      const plain = await explainer.explain(x());
      expect(distance(smooth.values, [...plain.values])).toBeLessThan(1e-5);
      expect(smooth.method).toBe(`SmoothGrad(${plain.method})`);
    }
  });

  it('put the noise of words at their embeddings, and that of a layer at the input', async () => {
    const words = sequential({
      layers: [
        layers.embedding({inputDim: 9, outputDim: 3, inputLength: 4}),
        layers.flatten(),
        layers.dense({units: 2, activation: 'tanh'}),
        layers.dense({units: 2}),
      ],
    });
    const sentence = tf.tensor2d([[1, 2, 3, 4]], [1, 4], 'int32');
    const explanation = await new SmoothGrad(words, {samples: 4}).explain(sentence);
    expect(explanation.shape).toEqual([1, 4, 3]);
    expect(Math.max(...explanation.standardErrors![0]!.data)).toBeGreaterThan(0);
    const images = sequential({
      layers: [
        layers.conv2d({filters: 2, kernelSize: 3, activation: 'tanh', inputShape: [6, 6, 1]}),
        layers.flatten(),
        layers.dense({units: 2, activation: 'softmax'}),
      ],
    });
    const image = tf.randomNormal([2, 6, 6, 1]);
    const tensors = tf.memory().numTensors;
    const cam = await new SmoothGrad(new GradCam(images), {samples: 4}).explain(image);
    expect(cam.shape).toEqual([2, 6, 6, 1]);
    expect(tf.memory().numTensors).toBe(tensors);
    tf.dispose([sentence, image]);
    words.dispose();
    images.dispose();
  });

  it('refuse options that mean nothing, and leave nothing behind', async () => {
    expect(() => new SmoothGrad(model(), {samples: 0})).toThrow(/samples/);
    expect(() => new SmoothGrad(model(), {noise: -1})).toThrow(/noise/);
    expect(() => new SmoothGrad(model(), {type: 'median' as 'mean'})).toThrow(/type/);
    expect(() => new SmoothGrad(model(), {noise, samples: 99})).toThrow(/16 samples/);
    expect(() => new SmoothGrad(model(), {sigma: 1} as never)).toThrow(/sigma/);
    expect(() => new GradientShap(model(), {samples: 5} as never)).toThrow(/background/);
    const tensors = tf.memory().numTensors;
    const first = tf.slice(x(), 0, 1);
    await expect(new SmoothGrad(model(), {noise}).explain(first)).rejects.toThrow(/\[samples, 1, 8\]/);
    first.dispose();
    const draws = [{alpha: 2, background: 0}];
    await expect(new GradientShap(model(), {background: background(), draws}).explain(x())).rejects.toThrow(
      /draw/,
    );
    const controller = new AbortController();
    let calls = 0;
    const score = (rows: Tensor): Tensor => {
      if (++calls === 4) controller.abort(new Error('enough'));
      return tf.square(rows);
    };
    const stops = new SmoothGrad(new Saliency(score, {batchSize: 4}), {samples: 9});
    await expect(stops.explain(x(), {signal: controller.signal})).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
