/** With `batchSize` given, tensors take no more memory the more samples there are. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, afterEach, beforeAll, describe, expect, it, vi} from 'vitest';
import {withSeed} from '../../src/core';
import {
  GradientShap,
  IntegratedGradients,
  KernelShap,
  LayerConductance,
  LimeImage,
  LimeTabular,
  LimeText,
  Occlusion,
  PartitionShap,
  Saliency,
  Shapley,
  SmoothGrad,
} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';

/** The most bytes that tensors take after any operation of a run. */
async function peakOf(run: () => Promise<unknown>): Promise<number> {
  const engine = tf.engine();
  const runKernel = engine.runKernel.bind(engine);
  let peak = 0;
  vi.spyOn(engine, 'runKernel').mockImplementation((...call) => {
    const result = runKernel(...call);
    peak = Math.max(peak, engine.state.numBytes);
    return result;
  });
  try {
    await run();
  } finally {
    vi.restoreAllMocks();
  }
  return peak;
}

describe.each(BACKENDS)('tensors take no more memory for eight times the samples on %s', backend => {
  let model: LayersModel;
  let row: Tensor;
  let image: Tensor;
  let background: Tensor;
  let before = 0;

  // Small beside its inputs, so that nothing hides what an explainer holds.
  beforeAll(async () => {
    await activate(backend);
    model = withSeed(1, () =>
      sequential({
        layers: [
          layers.dense({name: 'hidden', units: 4, activation: 'relu', inputShape: [64]}),
          layers.dense({units: 2, activation: 'softmax'}),
        ],
      }),
    );
    row = tf.randomNormal([1, 64], 0, 1, 'float32', 2);
    image = tf.reshape(row, [1, 8, 8, 1]);
    background = tf.randomNormal([4, 64], 0, 1, 'float32', 3);
    before = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(before));
  afterAll(() => {
    model.dispose();
    tf.dispose([row, image, background]);
  });

  const ofImages = (images: Tensor): Tensor => tf.mean(images, [1, 2, 3]);
  const ofTexts = (texts: readonly string[]): Tensor => tf.neg(texts.map(({length}) => length));
  const few = {batchSize: 8};

  const explainers: Record<string, (times: number) => Promise<unknown>> = {
    GradientShap: times =>
      new GradientShap(model, {background, noise: 0.1, samples: 16 * times, ...few}).explain(row),
    'IntegratedGradients (steps)': times =>
      new IntegratedGradients(model, {steps: 16 * times, ...few}).explain(row),
    KernelShap: times => new KernelShap(model, {background, samples: 130 * times, ...few}).explain(row),
    'LayerConductance (steps)': times =>
      new LayerConductance(model, {layer: 'hidden', steps: 14 * times, ...few}).explain(row),
    LimeImage: times => new LimeImage(ofImages, {samples: 16 * times, ...few}).explain(image),
    LimeTabular: times =>
      new LimeTabular(model, {
        trainingData: background,
        samples: 16 * times,
        ...few,
        discretize: false,
      }).explain(row),
    LimeText: times => new LimeText(ofTexts, {samples: 16 * times, ...few}).explain('a few words'),
    'Occlusion (strides)': times =>
      new Occlusion(model, {window: 8, strides: 8 / times, ...few}).explain(row),
    'PartitionShap (evaluations)': times =>
      new PartitionShap(model, {maxEvaluations: 32 * times, ...few}).explain(row),
    'Shapley (evaluations)': times =>
      new Shapley(model, {method: 'permutation', maxEvaluations: 130 * times, ...few}).explain(row),
    SmoothGrad: times => new SmoothGrad(new Saliency(model, few), {samples: 16 * times}).explain(row),
  };

  it.each(Object.entries(explainers))('%s', async (_name, explain) => {
    const [once, eightTimes] = [await peakOf(() => explain(1)), await peakOf(() => explain(8))];
    expect(eightTimes / once).toBeLessThan(1.1);
  });
});
