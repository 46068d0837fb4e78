import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {input, layers, model as functional, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LayerConductance, LayerIntegratedGradients, LayerRelevance} from '../../src/explain';
import {withSeed} from '../../src/core';
import {BACKENDS} from '../graph/backends';
import {casesOf, distance, expectCase, readOracle, useReference} from './oracle';

/** Two inputs, a dense layer without activation, and the given weights. */
function oneLayer(kernel: number[][], bias: number[]): LayersModel {
  const model = sequential({
    layers: [layers.dense({name: 'only', units: bias.length, inputShape: [kernel.length]})],
  });
  const weights = [tf.tensor2d(kernel), tf.tensor1d(bias)];
  model.setWeights(weights);
  tf.dispose(weights);
  return model;
}

describe.each(BACKENDS)('methods that go layer by layer on %s', backend => {
  const oracle = readOracle('cnn');
  const {targets: target} = oracle;
  const {model, x} = useReference(oracle, backend);

  it('agree with lrp_epsilon', async () => {
    for (const entry of casesOf(oracle, 'lrp_epsilon')) {
      const tensors = tf.memory().numTensors;
      expectCase(await new LayerRelevance(model()).explain(x(), {target}), entry);
      expect(tf.memory().numTensors).toBe(tensors);
    }
  });

  it('follow each rule as worked out by hand', async () => {
    // z = 1·2 + 2·(−1) + 3·1 + 0.5 = 3.5
    const small = oneLayer([[2], [-1], [1]], [0.5]);
    const of = async (options: object) => [
      ...(await new LayerRelevance(small, options).explain([[1, 2, 3]])).values,
    ];
    expect(distance(await of({}), [2, -2, 3])).toBeLessThan(1e-5);
    // γ = 1: 4, −2, 6 and a bias of 1 make 9.
    const gamma = [4, -2, 6].map(part => (3.5 * part) / 9);
    expect(distance(await of({rule: 'gamma', gamma: 1}), gamma)).toBeLessThan(1e-5);
    expect(distance(await of({rule: 'zPlus'}), [1.4, 0, 2.1])).toBeLessThan(1e-5);
    expect(distance(await of({rules: {only: 'zPlus'}}), [1.4, 0, 2.1])).toBeLessThan(1e-5);
    // With negative inputs z⁺ takes what negative weights make of them.
    const negative = await new LayerRelevance(small, {rule: 'zPlus'}).explain([[1, -2, 3]]);
    expect(
      distance(
        negative.values,
        [2, 2, 3].map(part => (7.5 * part) / 7),
      ),
    ).toBeLessThan(1e-5);
    small.dispose();
  });

  it('hand the whole score on with z⁺, through convolutions, pooling and a last softmax of any kind', async () => {
    const deep = withSeed(1, () =>
      sequential({
        layers: [
          layers.conv2d({filters: 3, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1]}),
          layers.maxPooling2d({poolSize: 2}),
          layers.depthwiseConv2d({kernelSize: 2, activation: 'relu'}),
          layers.flatten(),
          layers.dense({units: 3, activation: 'softmax'}),
        ],
      }),
    );
    const image = tf.randomUniform([2, 8, 8, 1], 0, 1, 'float32', 4);
    const weightsNow = () => Promise.all(deep.getWeights().map(weight => weight.data()));
    const weights = await weightsNow();
    const explanation = await new LayerRelevance(deep, {rule: 'zPlus'}).explain(image);
    expect([...explanation.aggregate('mean').data].reduce((sum, value) => sum + value, 0)).toBeCloseTo(
      (explanation.outputs[0]! + explanation.outputs[1]!) / 2,
      4,
    );
    expect(await weightsNow()).toEqual(weights);
    image.dispose();
    deep.dispose();
  });

  it('look only at layers on the way to the output explained', async () => {
    const x = input({shape: [2]});
    const [reg, cls] = [
      layers.dense({units: 1, name: 'reg'}),
      layers.dense({units: 2, name: 'cls', activation: 'softmax'}),
    ];
    const both = functional({
      inputs: x,
      outputs: [
        reg.apply(x),
        layers.activation({activation: 'sigmoid'}).apply(cls.apply(x)),
      ] as SymbolicTensor[],
    });
    reg.setWeights([tf.tensor2d([[2], [-1]]), tf.tensor1d([0])]);
    const {values} = await new LayerRelevance(both, {output: 'reg'}).explain([[3, 4]]);
    expect(distance(values, [6, -4])).toBeLessThan(1e-5);
    await expect(new LayerRelevance(both, {output: 1}).explain([[3, 4]])).rejects.toThrow(/'cls'/);
    expect(() => new LayerConductance(both, {output: 'reg', layer: 'nowhere'})).toThrow(/nowhere/);
    const tensors = tf.memory().numTensors;
    const elsewhere = new LayerConductance(both, {output: 'reg', layer: 'cls'}).explain([[3, 4]]);
    await expect(elsewhere).rejects.toThrow(/'cls' is not run by itself on the way/);
    expect(tf.memory().numTensors).toBe(tensors);
    both.dispose();
  });

  it('say that what goes around a layer is not counted', async () => {
    const around = withSeed(1, () => {
      const x = input({shape: [2]});
      const hidden = layers.dense({units: 2, name: 'hidden', kernelInitializer: 'ones'}).apply(x);
      const sum = layers.add().apply([x, hidden] as SymbolicTensor[]);
      const last = layers.dense({units: 1, kernelInitializer: 'ones'});
      return functional({inputs: x, outputs: last.apply(sum) as SymbolicTensor});
    });
    // Ones all over: 2 (x₁ + x₂) go through the layer, x₁ + x₂ around it.
    for (const Method of [LayerConductance, LayerIntegratedGradients]) {
      const {deltas, warnings} = await new Method(around, {layer: 'hidden'}).explain([[1, 2]]);
      expect(deltas![0]).toBeCloseTo(-3, 5);
      expect(warnings).toEqual([
        'The attributions miss the difference of the scores by up to 33.3 %. Raise the number of steps; no number of them counts what goes around the layer.',
      ]);
    }
    around.dispose();
  });

  it('refuse what has no rule', async () => {
    const of = (layer: layers.Layer) => {
      const made = sequential({layers: [layer, layers.dense({units: 2})]});
      return new LayerRelevance(made).explain([[1, 2]]).finally(() => made.dispose());
    };
    const tensors = tf.memory().numTensors;
    await expect(of(layers.dense({units: 2, activation: 'sigmoid', inputShape: [2]}))).rejects.toThrow(
      /'sigmoid'/,
    );
    await expect(of(layers.softmax({inputShape: [2]}))).rejects.toThrow(/no rule.*Softmax/);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(() => new LayerRelevance(model(), {rule: 'alpha' as 'gamma'})).toThrow(/rule 'alpha'/);
    expect(() => new LayerRelevance(model(), {rules: {nowhere: 'gamma'}})).toThrow(/nowhere/);
    expect(() => new LayerRelevance((y: Tensor) => y)).toThrow(/Only a LayersModel/);
    expect(() => new LayerConductance(model(), {layer: 'nowhere'})).toThrow(/nowhere/);
    expect(() => new LayerConductance(model(), {layer: 'relu1', steps: 0})).toThrow(
      /steps of LayerConductance is 0/,
    );
  });

  it('let the difference of the scores flow through any layer', async () => {
    for (const layer of ['conv1', 'pool1', 'relu2', 'logits']) {
      const tensors = tf.memory().numTensors;
      const explanation = await new LayerConductance(model(), {layer, steps: 200}).explain(x(), {target});
      expect(tf.memory().numTensors).toBe(tensors);
      explanation.deltas!.forEach((delta, i) => {
        expect(Math.abs(delta)).toBeLessThan(
          0.01 * Math.abs(explanation.outputs[i]! - explanation.baseValues![i]!),
        );
      });
    }
    const some = async (batchSize: number) =>
      (await new LayerConductance(model(), {layer: 'pool1', steps: 9, batchSize}).explain(x(), {target}))
        .values;
    expect(distance(await some(4), [...(await some(100))])).toBeLessThan(1e-5);
  });

  it('let flow through each unit what it adds, where units do not meet', async () => {
    // Hidden units relu(x₁) and relu(x₂ − 1), which the score weighs by 2 and −3.
    const small = sequential({
      layers: [
        layers.dense({name: 'hidden', units: 2, activation: 'relu', inputShape: [2]}),
        layers.dense({units: 1}),
      ],
    });
    const weights = [tf.eye(2), tf.tensor1d([0, -1]), tf.tensor2d([[2], [-3]]), tf.zeros([1])];
    small.setWeights(weights);
    const {values} = await new LayerConductance(small, {layer: 'hidden'}).explain([[4, 3]]);
    expect(distance(values, [8, -6])).toBeLessThan(0.1);
    tf.dispose(weights);
    small.dispose();
  });
});
