/** Options and arguments that mean nothing are refused by errors that name them, and say what to give. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {
  Counterfactual,
  evaluateExplanation,
  GradientShap,
  infidelity,
  IntegratedGradients,
  KernelShap,
  LayerIntegratedGradients,
  LimeTabular,
  LimeText,
  maxSensitivity,
  perturbationCurves,
  randomizationCheck,
  Saliency,
  Shapley,
  SmoothGrad,
} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';

describe.each(BACKENDS)('on %s', backend => {
  const squares = (x: Tensor): Tensor => tf.sum(tf.square(x), 1);
  let before = 0;
  let model: LayersModel;
  beforeAll(async () => {
    await activate(backend);
    before = tf.memory().numTensors;
    model = sequential({layers: [layers.dense({units: 2, inputShape: [3], activation: 'softmax'})]});
  });
  afterAll(() => {
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  describe('options', () => {
    const x = [[1, 2]];
    const refused = (message: string) => ({
      name: 'ConfigurationError',
      message: expect.stringContaining(message),
    });

    it('are whole numbers where they count something, and shown as given', () => {
      for (const [make, message] of [
        [
          () => new IntegratedGradients(squares, {steps: '10' as never}),
          "steps of IntegratedGradients is '10'.",
        ],
        [
          () => new KernelShap(squares, {samples: 1.5}),
          'samples of KernelShap is 1.5. Give a whole number, at least 1',
        ],
        [
          () => new LimeTabular(squares, {trainingData: x, numFeatures: 1.5}),
          'numFeatures of LimeTabular is 1.5.',
        ],
        [() => new Shapley(squares, {seed: 'a' as never}), "seed of Shapley is 'a'. Give a whole number."],
        [() => new LimeText(() => [1], {seed: 0.5}), 'seed of LimeText is 0.5.'],
        [() => new SmoothGrad(squares, {seed: NaN}), 'seed of SmoothGrad is NaN.'],
        [() => new Shapley(squares, {maxEvaluations: 3}), 'maxEvaluations of Shapley is for permutations'],
        [() => new KernelShap(squares, {masker: {} as never}), 'masker is an object. Give maskTokens'],
        [() => new LayerIntegratedGradients(model, undefined as never), "Unknown layer 'undefined'. "],
        [() => new Saliency(((a: Tensor, b: Tensor) => tf.add(a, b)) as never), 'Write ([a, b]) => ….'],
        [() => new Saliency(model, {output: 4}), 'The model has no output 4, only 1: '],
        [() => new SmoothGrad(squares, {noise: null as never}), 'The noise of SmoothGrad is null.'],
        [() => new KernelShap(squares, {masker: squares as never}), 'masker is the function squares.'],
      ] as const)
        expect(make).toThrow(expect.objectContaining(refused(message)));
    });

    it('are no more samples than memory has room for', async () => {
      const explained = new KernelShap(squares, {samples: 1e10}).explain([new Array<number>(40).fill(1)]);
      await expect(explained).rejects.toMatchObject(
        refused('no room for 10000000000 samples of 40 features'),
      );
    });

    it('are masks of features where there is one', async () => {
      for (const [featureMask, message] of [
        [null, 'The featureMask is null. Give integers'],
        ['city', "The featureMask is 'city'."],
      ]) {
        const explained = new KernelShap(squares, {featureMask: featureMask as never}).explain(x);
        await expect(explained).rejects.toMatchObject(refused(message as string));
      }
    });

    it('are lists of features, or one', async () => {
      const score = (given: Tensor) => tf.sigmoid(tf.sum(tf.sub(given, 2), 1));
      const options = {featureNames: ['age', 'debt'], immutable: 'age' as never};
      const {examples} = await new Counterfactual(score, options).explain([[1, 2]]);
      expect(examples[0]!.changes.map(({feature}) => feature)).toEqual(['debt']);
    });

    it('name a class that was not explained as it was given', async () => {
      const explanation = await new Shapley(squares).explain(x);
      expect(() => explanation.forClass('0' as never)).toThrow("Class '0' was not explained.");
    });

    it('name a target as it was given', async () => {
      for (const [target, message] of [
        [null, 'target is null. Give the number of a score'],
        ['1', "target is '1'."],
        ['ALL', "target is 'ALL'."],
        [['0'], "The target '0' is not one of the model's 1 outputs."],
        [[0, 0], 'There are 2 targets for 1 examples.'],
      ]) {
        const explained = new Shapley(squares).explain(x, {target: target as never});
        await expect(explained).rejects.toMatchObject(refused(message as string));
      }
    });

    it('take a signal, and no controller', async () => {
      const signal = new AbortController() as unknown as AbortSignal;
      const message = refused(
        'signal is an object. Give the signal of an AbortController: controller.signal.',
      );
      for (const explainer of [new Shapley(squares), new Saliency(squares), new Counterfactual(squares)])
        await expect(explainer.explain(x, {signal})).rejects.toMatchObject(message);
      await expect(new LimeText(() => [1]).explain('a', {signal})).rejects.toMatchObject(message);
    });

    it('have draws from rows that exist', async () => {
      const shap = new GradientShap(squares, {background: x, draws: [{alpha: 0.5, background: 0.7}]});
      await expect(shap.explain(x)).rejects.toMatchObject(refused('from row 0.7 of the background'));
    });
  });

  describe('measures', () => {
    const x = [[1, 2, 3]];

    it('refuse numbers that are none, and arguments in another order', async () => {
      const explainer = new Saliency(model);
      const explanation = await explainer.explain(x);
      const perturbations = new Float32Array(3).fill(NaN);
      await expect(infidelity(model, x, explanation, {perturbations})).rejects.toThrow(
        'perturbations holds NaN',
      );
      await expect(infidelity(model, x, explanation, {noise: Infinity})).rejects.toThrow(
        'noise of infidelity() is Infinity',
      );
      await expect(infidelity(model, x, explanation, {seed: 'a' as never})).rejects.toThrow("is 'a'");
      const swapped = evaluateExplanation(model as never, explainer as never, x);
      await expect(swapped).rejects.toThrow('evaluateExplanation() was given an object for an explainer.');
      const aClass = maxSensitivity(Saliency as never, x);
      await expect(aClass).rejects.toThrow(
        'maxSensitivity() was given the function Saliency for an explainer.',
      );
      await expect(perturbationCurves(model, x, {} as never)).rejects.toThrow('an object for an explanation');
    });

    it('tell a callback that explains the trained model instead of the copy', async () => {
      const ignoring = () => new Saliency(model);
      await expect(randomizationCheck(model, ignoring, x)).rejects.toThrow('Other weights change nothing');
      const explainer = new Saliency(model) as never;
      await expect(randomizationCheck(model, explainer, x)).rejects.toThrow(
        'was given an object and an object',
      );
      const score = ((input: Tensor) => tf.sum(input, 1)) as never;
      await expect(randomizationCheck(score, copy => new Saliency(copy), x)).rejects.toThrow(
        'Give a LayersModel',
      );
    });
  });
});
