import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as functional, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {ConfigurationError, DataError, ShapeError, UnsupportedLayerError, withSeed} from '../../src';
import {
  DeepLift,
  evaluateExplanation,
  GradientShap,
  InputXGradient,
  IntegratedGradients,
  KernelShap,
  LayerConductance,
  LayerIntegratedGradients,
  LayerRelevance,
  Saliency,
  SmoothGrad,
} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {distance} from './oracle';
import {valuesOf} from '../valuesOf';

const {add, concatenate, dense, embedding, flatten, reshape} = layers;

/** A layer's call in a functional model. */
const call = (layer: layers.Layer, ...inputs: SymbolicTensor[]) =>
  layer.apply(inputs.length === 1 ? inputs[0]! : inputs) as SymbolicTensor;

/** The vectors of an embedding's words. */
const rowsOf = (table: layers.Layer) => table.getWeights()[0]!.array() as Promise<number[][]>;

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
    const score = async (ids: number[]) =>
      (await valuesOf(() => model.predict(tf.tensor2d([ids], [1, 4], 'int32')) as tf.Tensor))[1]!;
    const sum = explanation.values.reduce((total, value) => total + value, 0);
    expect(sum).toBeCloseTo((await score([1, 2, 6, 0])) - (await score([0, 0, 0, 0])), 5);
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
    const weights = await kernel!.data();
    const inputs = [tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4, 5]])];
    const options = {baseline: [1, tf.tensor1d([0, 1, 2])], steps: 2};
    const {attributions} = await new IntegratedGradients(model, options).explain(inputs, {target: 0});
    // Of a linear model: the weight times the difference to the baseline.
    const of = (row: number) => weights[row * 2]!;
    expect(distance(attributions[0]!.data, [0, of(1)])).toBeLessThan(1e-5);
    expect(distance(attributions[1]!.data, [3 * of(2), 3 * of(3), 3 * of(4)])).toBeLessThan(1e-5);
  });
});

describe.each(BACKENDS)('embeddings on %s', backend => {
  const words = () => input({shape: [3]});
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

  /** Every method attributes the difference of the scores, and no tensor stays. */
  async function expectComplete(model: LayersModel, x: tf.Tensor[], shapes: number[][]): Promise<void> {
    const tensors = tf.memory().numTensors;
    const background = x.map(one => tf.zerosLike(one));
    for (const explainer of [
      new IntegratedGradients(model),
      new DeepLift(model),
      new GradientShap(model, {background, samples: 20}),
    ]) {
      const explanation = await explainer.explain(x);
      expect(explanation.attributions.map(({shape}) => shape)).toEqual(shapes);
      expect(explanation.warnings).toEqual([]);
      const {outputs, baseValues} = explanation;
      expect(Math.abs(outputs[0]! - baseValues![0]!)).toBeGreaterThan(1e-3);
      expect(sum(explanation.attributions.flatMap(({data}) => [...data]))).toBeCloseTo(
        outputs[0]! - baseValues![0]!,
        5,
      );
    }
    tf.dispose(background);
    expect(tf.memory().numTensors).toBe(tensors);
  }

  it('of the same words stand side by side', async () => {
    await activate(backend);
    const i = words();
    const tables = [2, 4].map(outputDim => embedding({inputDim: 5, outputDim, name: `table${outputDim}`}));
    const scores = dense({units: 1, name: 'score'});
    const model = withSeed(3, () => {
      const joined = call(concatenate(), ...tables.map(table => call(flatten(), call(table, i))));
      return functional({inputs: i, outputs: call(scores, joined)});
    });
    const x = tf.tensor2d([[1, 2, 3]]);
    await expectComplete(model, [x], [[1, 3, 6]]);
    // Linear: the weight of each number times what the word has there less what word 0 has, worked out in float64.
    const [two, four] = await Promise.all(tables.map(rowsOf));
    const weights = await scores.getWeights()[0]!.data();
    const expected = [1, 2, 3].flatMap((word, at) => [
      ...[0, 1].map(k => weights[2 * at + k]! * (two![word]![k]! - two![0]![k]!)),
      ...[0, 1, 2, 3].map(k => weights[6 + 4 * at + k]! * (four![word]![k]! - four![0]![k]!)),
    ]);
    expect(distance((await new IntegratedGradients(model).explain(x)).values, expected)).toBeLessThan(1e-6);
    expect(distance((await new DeepLift(model).explain(x)).values, expected)).toBeLessThan(1e-6);
    const noisy = await new SmoothGrad(new InputXGradient(model), {samples: 3}).explain(x);
    expect(noisy.shape).toEqual([1, 3, 6]);
    // One value for each word, over both tables.
    const explanation = await new IntegratedGradients(model).explain(x);
    const each = explanation.perPosition();
    expect(each.shape).toEqual([1, 3]);
    const sums = [0, 1, 2].map(at => sum(expected.slice(6 * at, 6 * at + 6)));
    expect(distance(each.values, sums)).toBeLessThan(1e-6);
    expect([each.deltas, each.baseValues]).toEqual([explanation.deltas, explanation.baseValues]);
    expect(each.perPosition().values).toEqual(each.values);
    expect(each.plot('text', {tokens: ['a', 'b', 'c']})).toContain('<svg');
    const masked = await new KernelShap(model, {featureMask: [[0, 0, 1]]}).explain(x);
    expect(() => masked.perPosition()).toThrow(ConfigurationError);
    model.dispose();
  });

  it('that two inputs share are two places', async () => {
    await activate(backend);
    const [a, b] = [words(), words()];
    const table = embedding({inputDim: 5, outputDim: 2});
    const scores = dense({units: 1});
    const model = withSeed(4, () => {
      const joined = call(concatenate(), ...[a, b].map(i => call(flatten(), call(table, i))));
      return functional({inputs: [a, b], outputs: call(scores, joined)});
    });
    const x = [tf.tensor2d([[1, 2, 3]]), tf.tensor2d([[4, 4, 0]])];
    const shapes = [
      [1, 3, 2],
      [1, 3, 2],
    ];
    await expectComplete(model, x, shapes);
    const vectors = await rowsOf(table);
    const weights = await scores.getWeights()[0]!.data();
    const {attributions} = await new InputXGradient(model).explain(x);
    const expected = [1, 2, 3, 4, 4, 0].flatMap((word, at) =>
      [0, 1].map(k => vectors[word]![k]! * weights[2 * at + k]!),
    );
    expect(
      distance(
        attributions.flatMap(({data}) => [...data]),
        expected,
      ),
    ).toBeLessThan(1e-6);
    model.dispose();
  });

  it('are found inside nested models, and of a shared encoder once for each use', async () => {
    await activate(backend);
    const {encoder, model} = withSeed(5, () => {
      const inner = words();
      const encoded = call(flatten(), call(embedding({inputDim: 5, outputDim: 2}), inner));
      const encoder = functional({
        inputs: inner,
        outputs: call(dense({units: 2, activation: 'tanh'}), encoded),
      });
      const [a, b] = [words(), words()];
      const both = call(concatenate(), call(encoder, a), call(encoder, b));
      return {encoder, model: functional({inputs: [a, b], outputs: call(dense({units: 1}), both)})};
    });
    const x = [tf.tensor2d([[1, 2, 3]]), tf.tensor2d([[4, 4, 0]])];
    await expectComplete(model, x, [
      [1, 3, 2],
      [1, 3, 2],
    ]);
    await expectComplete(encoder, [x[0]!], [[1, 3, 2]]);
    expect((await new LayerRelevance(encoder).explain(x[0]!)).shape).toEqual([1, 3, 2]);
    model.dispose();
  });

  it('conduct all of the difference themselves', async () => {
    await activate(backend);
    const model = withSeed(2, () =>
      sequential({
        layers: [
          embedding({inputDim: 7, outputDim: 3, inputLength: 4, name: 'words'}),
          flatten(),
          dense({units: 1}),
        ],
      }),
    );
    const x = tf.tensor2d([[1, 2, 6, 0]]);
    const conducted = await new LayerConductance(model, {layer: 'words'}).explain(x);
    const integrated = await new IntegratedGradients(model).explain(x);
    expect(distance(conducted.values, [...integrated.values])).toBeLessThan(1e-6);
    model.dispose();
  });

  it('whose indices also go elsewhere are refused, but for what does not reach the score', async () => {
    await activate(backend);
    const i = words();
    const embedded = call(
      dense({units: 1}),
      call(flatten(), call(embedding({inputDim: 5, outputDim: 2}), i)),
    );
    const own = call(dense({units: 1, name: 'numbers'}), i);
    const mixed = functional({inputs: i, outputs: call(add(), own, embedded)});
    expect(() => new Saliency(mixed)).toThrow(UnsupportedLayerError);
    expect(() => new Saliency(mixed)).toThrow(/layer 'numbers' read the same input.*KernelShap/);
    const apart = functional({inputs: i, outputs: [own, embedded]});
    await expectComplete(functional({inputs: i, outputs: embedded}), [tf.tensor2d([[1, 2, 3]])], [[1, 3, 2]]);
    const x = tf.tensor2d([[1, 2, 3]]);
    expect((await new Saliency(apart, {output: 1}).explain(x)).shape).toEqual([1, 3, 2]);
    expect((await new Saliency(apart, {output: 0}).explain(x)).shape).toEqual([1, 3]);
    // Measures play with the words themselves, and need no gradient.
    expect((await evaluateExplanation(new KernelShap(mixed), mixed, x)).deletionAuc).toBeDefined();
  });

  it('behind another layer have no gradient, which is said', async () => {
    await activate(backend);
    const i = words();
    const turned = call(embedding({inputDim: 5, outputDim: 2}), call(reshape({targetShape: [3, 1]}), i));
    const model = functional({inputs: i, outputs: call(dense({units: 1}), call(flatten(), turned))});
    const tensors = tf.memory().numTensors;
    const explained = new IntegratedGradients(model).explain([[1, 2, 3]]);
    await expect(explained).rejects.toThrow(UnsupportedLayerError);
    await expect(explained).rejects.toThrow(/GatherV2.*KernelShap/s);
    expect(tf.memory().numTensors).toBe(tensors);
    model.dispose();
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
