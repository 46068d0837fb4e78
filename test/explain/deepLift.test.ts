import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {input, layers, model as functional, sequential} from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {DeepLift, DeepShap, GuidedBackprop, Saliency} from '../../src/explain';
import {withSeed} from '../../src/core';
import {activate, BACKENDS} from '../graph/backends';
import {casesOf, distance, expectCase, readOracle, useReference} from './oracle';

/** The largest miss of completeness. */
const worst = (deltas: Float32Array | undefined): number => Math.max(...deltas!.map(Math.abs));

describe.each(BACKENDS)('DeepLIFT on %s', backend => {
  beforeAll(() => activate(backend));

  describe.each(['mlp', 'cnn'] as const)('of the reference %s', name => {
    const oracle = readOracle(name);
    const {targets: target} = oracle;
    const {model, x, background} = useReference(oracle, backend);

    const baselineOf = (kind: string | undefined) => (kind === 'mean' ? oracle.baselines.mean : 0);

    it.each(casesOf(oracle, 'deepLift_rescale').filter(({head}) => head === 'logits'))(
      'rescales: $title',
      async entry => {
        const explainer = new DeepLift(model(), {baseline: baselineOf(entry.baseline), batchSize: 3});
        const tensors = tf.memory().numTensors;
        const explanation = await explainer.explain(x(), {target});
        expect(tf.memory().numTensors).toBe(tensors);
        expectCase(explanation, entry);
        expect(worst(explanation.deltas)).toBeLessThan(1e-4);
        expect(explanation.warnings).toEqual([]);
      },
    );

    if (name === 'mlp')
      it.each(casesOf(oracle, 'deepLift_multipliers'))('gives multipliers: $title', async entry => {
        const baseline = baselineOf(entry.baseline);
        const explainer = new DeepLift(model(), {baseline, multiplyByInputs: false});
        expectCase(await explainer.explain(x(), {target}), entry);
      });

    it.each(casesOf(oracle, 'deepShap'))('means over a background: $title', async entry => {
      const tensors = tf.memory().numTensors;
      const explanation = await new DeepShap(model(), {background: background(), batchSize: 7}).explain(x(), {
        target,
      });
      expect(tf.memory().numTensors).toBe(tensors);
      expectCase(explanation, entry);
      expect(worst(explanation.deltas)).toBeLessThan(1e-4);
    });

    it('refuses a softmax, and leaves all gradients as they were', async () => {
      const kernels = [tf.Relu, tf.MaxPool, tf.Multiply, tf.BatchMatMul];
      const before = kernels.map(kernel => tf.getGradient(kernel));
      const tensors = tf.memory().numTensors;
      await expect(new DeepLift(model(), {head: 'output'}).explain(x())).rejects.toThrow(/Softmax.*logits/);
      expect(kernels.map(kernel => tf.getGradient(kernel))).toEqual(before);
      expect(tf.memory().numTensors).toBe(tensors);
    });
  });

  it('gives the values worked out by hand', async () => {
    const score = (x: Tensor): Tensor => {
      const [first, second] = tf.split(x, 2, 1) as [Tensor, Tensor];
      return tf.add(tf.mul(tf.relu(first), 2), tf.mul(tf.relu(tf.sub(second, 1.5)), 2));
    };
    const explanation = await new DeepLift(score).explain([[1, 2]]);
    expect([...explanation.values]).toEqual([2, 1]);
    // x² + xy from (0, 0) to (3, 2): a product is split evenly.
    const product = (x: Tensor): Tensor => {
      const [first, second] = tf.split(x, 2, 1) as [Tensor, Tensor];
      return tf.add(tf.square(first), tf.mul(first, second));
    };
    expect([...(await new DeepLift(product).explain([[3, 2]])).values]).toEqual([12, 3]);
    // x / y from (1, 1) to (4, 2): (4 − 1) · (1 + ½)/2, and (4 + 1)/2 · (½ − 1).
    const quotient = (x: Tensor): Tensor => {
      const [first, second] = tf.split(x, 2, 1) as [Tensor, Tensor];
      return tf.div(first, second);
    };
    expect([...(await new DeepLift(quotient, {baseline: 1}).explain([[4, 2]])).values]).toEqual([
      2.25, -1.25,
    ]);
  });

  it.each(['relu', 'relu6', 'sigmoid', 'tanh', 'elu', 'selu', 'softplus', 'softsign', 'swish'] as const)(
    'is complete for %s, shared layers, and inputs that meet the baseline',
    async activation => {
      const model = withSeed(1, () => {
        const x = input({shape: [4]});
        const shared = layers.dense({units: 4, activation, kernelInitializer: 'randomNormal'});
        const again = layers.activation({activation});
        const twice = again.apply(shared.apply(again.apply(shared.apply(x)))) as SymbolicTensor;
        const merged = layers.add().apply([twice, x] as never);
        return functional({inputs: x, outputs: layers.dense({units: 2}).apply(merged) as SymbolicTensor});
      });
      const x = [
        [0.5, -2, 1e-4, 0],
        [3, 0, -1e-6, 7],
      ];
      const explanation = await new DeepLift(model, {baseline: [0.1, 0, 0, 0]}).explain(x, {target: 1});
      expect(worst(explanation.deltas)).toBeLessThan(2e-5);
      expect(explanation.warnings).toEqual([]);
      model.dispose();
    },
  );

  it('is complete where max-pooling follows a relu, for overlapping windows and for the maximum of all', async () => {
    const model = withSeed(2, () =>
      sequential({
        layers: [
          layers.conv2d({filters: 4, kernelSize: 3, activation: 'relu', inputShape: [9, 9, 2]}),
          layers.maxPooling2d({poolSize: 3, strides: 2}),
          layers.batchNormalization(),
          layers.depthwiseConv2d({kernelSize: 2, activation: 'relu'}),
          layers.globalMaxPooling2d({}),
          layers.dense({units: 3, activation: 'softmax'}),
        ],
      }),
    );
    const x = tf.randomNormal([3, 9, 9, 2], 0, 1, 'float32', 3);
    const explanation = await new DeepLift(model).explain(x);
    expect(worst(explanation.deltas)).toBeLessThan(2e-5);
    x.dispose();
    model.dispose();
  });

  it('follows a recurrent layer at its embedding', async () => {
    const model = withSeed(3, () =>
      sequential({
        layers: [
          layers.embedding({inputDim: 9, outputDim: 3, inputLength: 5}),
          layers.lstm({units: 4, recurrentInitializer: 'glorotUniform'}),
          layers.dense({units: 2}),
        ],
      }),
    );
    const words = tf.tensor2d([[1, 2, 3, 4, 5]], [1, 5], 'int32');
    const explanation = await new DeepLift(model).explain(words);
    expect(explanation.shape).toEqual([1, 5, 3]);
    expect(worst(explanation.deltas)).toBeLessThan(1e-5);
    words.dispose();
    model.dispose();
  });

  it('refuses what it has no rule for, and what does not fit', async () => {
    const of = (score: (x: Tensor) => Tensor) => new DeepLift(score).explain([[1, 2]]);
    await expect(of(x => tf.softmax(x))).rejects.toThrow(/no rule for the operation Softmax/);
    await expect(of(x => tf.maximum(x, tf.neg(x)))).rejects.toThrow(/no rule.*Maximum/);
    await expect(of(x => tf.prod(x, 1))).rejects.toThrow(/no rule.*Prod/);
    const thresholded = sequential({layers: [layers.thresholdedReLU({theta: 1, inputShape: [2]})]});
    await expect(new DeepLift(thresholded).explain([[1, 2]])).rejects.toThrow(/ThresholdedReLU/);
    const score = (x: Tensor): Tensor => tf.relu(x);
    expect(() => new DeepShap(score, {} as never)).toThrow(/needs a background/);
    await expect(new DeepShap(score, {background: [[1]]}).explain([[1, 2]])).rejects.toThrow(
      /background.*\[1,1\]/,
    );
    await expect(new DeepLift(score, {baseline: [1]}).explain([[1, 2]])).rejects.toThrow(/baseline/);
  });

  it('does not disturb what is explained at the same time', async () => {
    const model = withSeed(4, () =>
      sequential({
        layers: [layers.dense({units: 8, activation: 'relu', inputShape: [4]}), layers.dense({units: 2})],
      }),
    );
    const x = tf.randomNormal([6, 4], 0, 1, 'float32', 5);
    const explainers = [
      new DeepLift(model, {baseline: 0.3, batchSize: 2}),
      new Saliency(model, {batchSize: 2}),
      new GuidedBackprop(model, {batchSize: 2}),
      new DeepShap(model, {background: x, batchSize: 5}),
    ];
    const together = await Promise.all(explainers.map(explainer => explainer.explain(x)));
    for (const [i, explainer] of explainers.entries()) {
      expect((await explainer.explain(x)).values).toEqual(together[i]!.values);
    }
    x.dispose();
    model.dispose();
  });

  it('ends when it is told to', async () => {
    const controller = new AbortController();
    let calls = 0;
    const score = (x: Tensor): Tensor => {
      if (++calls === 3) controller.abort(new Error('enough'));
      return tf.relu(x);
    };
    const tensors = tf.memory().numTensors;
    const explainer = new DeepShap(score, {
      background: [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
      batchSize: 1,
    });
    await expect(explainer.explain([[1, 2]], {signal: controller.signal})).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(tensors);
    expect(distance([calls], [3])).toBe(0);
  });
});
