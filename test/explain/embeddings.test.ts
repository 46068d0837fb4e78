import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as functional, sequential} from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {ConfigurationError, DataError, ShapeError, withSeed} from '../../src';
import {IntegratedGradients, LayerIntegratedGradients, Saliency} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {distance} from './oracle';

const {concatenate, dense, embedding, flatten} = layers;

describe.each(BACKENDS)('gradient methods on %s', backend => {
  const words = () =>
    withSeed(2, () =>
      sequential({
        layers: [
          embedding({inputDim: 7, outputDim: 3, inputLength: 4}),
          flatten(),
          dense({units: 5, activation: 'tanh'}),
          dense({units: 2}),
        ],
      }),
    );

  it('attribute words at their embeddings, from those of the baseline', async () => {
    await activate(backend);
    const model = words();
    const x = tf.tensor2d([[1, 2, 6, 0]], [1, 4], 'int32');
    const tensors = tf.memory().numTensors;
    const explanation = await new IntegratedGradients(model, {steps: 60}).explain(x, {target: 1});
    expect(tf.memory().numTensors).toBe(tensors);
    expect(explanation.shape).toEqual([1, 4, 3]);
    // The sum is the difference of the scores of the sentence and of four words 0.
    const score = (ids: number[]) =>
      tf.tidy(() => (model.predict(tf.tensor2d([ids], [1, 4], 'int32')) as tf.Tensor).dataSync()[1]!);
    const sum = explanation.values.reduce((total, value) => total + value, 0);
    expect(sum).toBeCloseTo(score([1, 2, 6, 0]) - score([0, 0, 0, 0]), 5);
    // The last word is the baseline's own.
    expect(explanation.values.slice(9).every(value => value === 0)).toBe(true);
    // The same as integrating at the layer, which other code does.
    const atLayer = await new LayerIntegratedGradients(model, {
      layer: model.layers[0]!.name,
      steps: 60,
    }).explain(x, {target: 1});
    expect(distance(atLayer.values, [...explanation.values])).toBeLessThan(1e-6);
  });

  it('attribute each of several inputs, with a baseline each', async () => {
    await activate(backend);
    const [a, b] = [input({shape: [2]}), input({shape: [3]})];
    const joined = concatenate().apply([a, b]) as SymbolicTensor;
    const model = withSeed(4, () =>
      functional({
        inputs: [a, b],
        outputs: dense({units: 2, name: 'scores'}).apply(joined) as SymbolicTensor,
      }),
    );
    const [kernel] = model.getLayer('scores').getWeights();
    const weights = kernel!.dataSync();
    const inputs = [tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4, 5]])];
    const options = {baseline: [1, tf.tensor1d([0, 1, 2])], steps: 2};
    const {attributions} = await new IntegratedGradients(model, options).explain(inputs, {target: 0});
    // Of a linear model: the weight times the difference to the baseline.
    const of = (row: number) => weights[row * 2]!;
    expect(distance(attributions[0]!.data, [0, of(1)])).toBeLessThan(1e-5);
    expect(distance(attributions[1]!.data, [3 * of(2), 3 * of(3), 3 * of(4)])).toBeLessThan(1e-5);
  });
});

describe('an explainer refuses', () => {
  const model = () => sequential({layers: [dense({units: 3, inputShape: [2]})]});
  const x = () => tf.ones([2, 2]);

  it('a target that the model does not have', async () => {
    await activate('cpu');
    await expect(new Saliency(model()).explain(x(), {target: 3})).rejects.toThrow(
      "The target 3 is not one of the model's 3 outputs. Give an integer from 0 to 2",
    );
    await expect(new Saliency(model()).explain(x(), {target: [0]})).rejects.toThrow(
      'There are 1 targets for 2 examples.',
    );
  });

  it('numbers that are not finite, examples that do not fit, and none at all', async () => {
    const saliency = new Saliency(model());
    const tensors = tf.memory().numTensors;
    await expect(saliency.explain([[1, NaN]])).rejects.toThrow(DataError);
    await expect(saliency.explain([[1, 2, 3]])).rejects.toThrow(ShapeError);
    await expect(
      saliency.explain([[1, 2]], {signal: AbortSignal.abort(new Error('enough'))}),
    ).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(tensors);
    await expect(saliency.explain(tf.zeros([0, 2]))).rejects.toThrow('There is no example to explain.');
  });

  it('a baseline of the wrong shape', async () => {
    const explainer = new IntegratedGradients(model(), {baseline: [1, 2, 3]});
    await expect(explainer.explain(x())).rejects.toThrow(
      'The baseline of input 0 has shape [1,3], the input [2,2].',
    );
  });

  it('a layer that does not exist, and names those that do', () => {
    const named = sequential({layers: [dense({units: 3, inputShape: [2], name: 'scores'})]});
    expect(() => new LayerIntegratedGradients(named, {layer: 'score'})).toThrow("Did you mean 'scores'?");
  });

  it('options that do not exist, several outputs without a choice, and a promise', async () => {
    // @ts-expect-error: misspelt.
    expect(() => new IntegratedGradients(model(), {step: 5})).toThrow("Did you mean 'steps'?");
    const a = input({shape: [2]});
    const two = functional({
      inputs: a,
      outputs: [
        dense({units: 1, name: 'left'}).apply(a),
        dense({units: 2, name: 'right'}).apply(a),
      ] as SymbolicTensor[],
    });
    expect(() => new Saliency(two)).toThrow('The model has 2 outputs: left, right.');
    expect((await new Saliency(two, {output: 'right'}).explain(x())).shape).toEqual([2, 2]);
    const remote = new Saliency(async (rows: tf.Tensor) => tf.sum(rows, 1));
    await expect(remote.explain(x())).rejects.toThrow(ConfigurationError);
    const tensors = tf.memory().numTensors;
    await expect(remote.explain([[1, 2]])).rejects.toThrow('through an asynchronous function');
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
