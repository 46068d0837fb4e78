import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {
  agreement,
  compareExplainers,
  completeness,
  evaluateExplanation,
  GradCam,
  GuidedBackprop,
  infidelity,
  InputXGradient,
  IntegratedGradients,
  KernelShap,
  maxSensitivity,
  perturbationCurves,
  randomizationCheck,
  Saliency,
} from '../../src/explain';
import type {Explainer} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {distance, readOracle, useReference} from './oracle';
import type {Nested} from './oracle';

interface Curves {
  deletion: Nested;
  insertion: Nested;
  deletionAuc: Nested;
  insertionAuc: Nested;
}

interface Metrics {
  perturbations: number[][][];
  infidelity_gradient: number[];
  infidelity_gradient_normalized: number[];
  'sensitivityMax_gradient_radius0.1xPert': number[];
  sensitivityMax_ig50_mean: number[];
  curves: Curves;
}

describe.each(BACKENDS)('measures of explanations on %s', backend => {
  const mlp = readOracle('mlp');
  const cnn = readOracle('cnn');
  const metrics = mlp.metrics as Metrics;
  const {targets: target} = mlp;
  const perturbations = Float32Array.from(metrics.perturbations.flat(2));
  let before = 0;

  // What comes first is looked at last, when the models are disposed.
  beforeAll(async () => {
    await activate(backend);
    before = tf.memory().numTensors;
  });
  afterAll(() => expect(tf.memory().numTensors).toBe(before));
  const {model, x} = useReference(mlp, backend);
  const images = useReference(cnn, backend);

  it('give the reference deletion and insertion curves of features', async () => {
    const baseline = mlp.baselines.mean;
    const explanation = await new IntegratedGradients(model(), {baseline}).explain(x(), {target});
    const {deletion, insertion} = await perturbationCurves(model(), x(), explanation, {
      baseline,
      batchSize: 7,
    });
    expect(distance(deletion.scores.data, metrics.curves.deletion)).toBeLessThan(1e-5);
    expect(distance(insertion.scores.data, metrics.curves.insertion)).toBeLessThan(1e-5);
    expect(distance(deletion.auc, metrics.curves.deletionAuc)).toBeLessThan(1e-5);
    expect(distance(insertion.auc, metrics.curves.insertionAuc)).toBeLessThan(1e-5);
  });

  it('give the reference curves of segments of images', async () => {
    const curves = cnn.curves as Curves;
    const input = images.x();
    const explanation = await new IntegratedGradients(images.model()).explain(input, {target: cnn.targets});
    const segments = (cnn.segments16 as number[][]).flat();
    const {deletion, insertion} = await perturbationCurves(images.model(), input, explanation, {segments});
    expect(distance(deletion.scores.data, curves.deletion)).toBeLessThan(1e-5);
    expect(distance(insertion.scores.data, curves.insertion)).toBeLessThan(1e-5);
    expect(distance(deletion.auc, curves.deletionAuc)).toBeLessThan(1e-5);
    expect(distance(insertion.auc, curves.insertionAuc)).toBeLessThan(1e-5);
  });

  it('give the reference infidelity, normalized and not', async () => {
    const explanation = await new Saliency(model(), {absolute: false}).explain(x(), {target});
    const found = await infidelity(model(), x(), explanation, {perturbations, head: 'logits'});
    expect(distance(found, metrics.infidelity_gradient)).toBeLessThan(1e-5);
    const options = {perturbations, head: 'logits', normalize: true} as const;
    const normalized = await infidelity(model(), x(), explanation, options);
    expect(distance(normalized, metrics.infidelity_gradient_normalized)).toBeLessThan(1e-5);
  });

  it('give the reference max-sensitivity', async () => {
    const moves = {target, perturbations: perturbations.map(value => 0.1 * value)};
    const gradient = new Saliency(model(), {absolute: false});
    const expected = metrics['sensitivityMax_gradient_radius0.1xPert'];
    expect(distance(await maxSensitivity(gradient, x(), moves), expected)).toBeLessThan(1e-5);
    const integrated = new IntegratedGradients(model(), {baseline: mlp.baselines.mean});
    const found = await maxSensitivity(integrated, x(), moves);
    expect(distance(found, metrics.sensitivityMax_ig50_mean)).toBeLessThan(1e-5);
  });

  it('draw the same perturbations for the same seed', async () => {
    const explanation = await new Saliency(model()).explain(x());
    const [a, b, c] = [
      await infidelity(model(), x(), explanation, {seed: 1}),
      await infidelity(model(), x(), explanation, {seed: 1}),
      await infidelity(model(), x(), explanation, {seed: 2}),
    ];
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  it('find completeness where it is promised', async () => {
    const complete = completeness(await new IntegratedGradients(model(), {steps: 300}).explain(x()));
    expect(Math.max(...complete)).toBeLessThan(0.02);
    const without = await new Saliency(model()).explain(x());
    expect(() => completeness(without)).toThrow('do not promise');
  });

  it('rank a signed explanation above an unsigned one', async () => {
    const explainers = {unsigned: new Saliency(model()), integrated: new IntegratedGradients(model())};
    const {ranking, evaluations, agreement: pairs} = await compareExplainers(explainers, model(), x());
    expect(ranking).toEqual(['integrated', 'unsigned']);
    expect(evaluations.integrated.insertionAuc).toBeGreaterThan(evaluations.unsigned.insertionAuc);
    expect(evaluations.integrated.incompleteness).toBeLessThan(0.1);
    expect(evaluations.unsigned.incompleteness).toBeUndefined();
    expect(pairs).toEqual([{between: ['unsigned', 'integrated'], spearman: expect.any(Number) as number}]);
  });

  it('randomize a copy from the last layer on, and leave the model as it was, also after an error', async () => {
    const weightsNow = () =>
      Promise.all(
        model()
          .getWeights()
          .map(async weight => (await weight.data()).slice()),
      );
    const weights = await weightsNow();
    const tensors = tf.memory().numTensors;
    const steps = await randomizationCheck(model(), copy => new InputXGradient(copy), x(), {target});
    expect(steps.map(({layer}) => layer)).toEqual(['logits', 'dense1']);
    let calls = 0;
    const failing = (copy: LayersModel) => {
      if (++calls > 1) throw new Error('enough');
      return new Saliency(copy);
    };
    await expect(randomizationCheck(model(), failing, x())).rejects.toThrow('enough');
    expect(await weightsNow()).toEqual(weights);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  // As Adebayo et al. (2018) found: guided backpropagation shows the edges of the image, whatever the classes are.
  it('tell explanations of a convolutional model from what only looks like one', async () => {
    const logitsRandomized = async (explainerOf: (copy: LayersModel) => Explainer) => {
      const checked = await randomizationCheck(images.model(), explainerOf, images.x(), {
        target: cnn.targets,
      });
      expect(checked[0]!.layer).toBe('logits');
      return checked[0]!.similarity;
    };
    expect(await logitsRandomized(copy => new IntegratedGradients(copy, {steps: 8}))).toBeLessThan(0.25);
    expect(await logitsRandomized(copy => new Saliency(copy))).toBeLessThan(0.5);
    expect(await logitsRandomized(copy => new GuidedBackprop(copy))).toBeGreaterThan(0.75);
  });

  it('leave nothing behind, also after errors and an abort', async () => {
    const tensors = tf.memory().numTensors;
    const explanation = await new Saliency(model()).explain(x());
    await evaluateExplanation(new InputXGradient(model()), model(), x());
    const one = tf.slice(x(), [0, 0], [1, 8]);
    await expect(perturbationCurves(model(), one, explanation)).rejects.toThrow(
      '4 examples are explained, but 1',
    );
    one.dispose();
    await expect(perturbationCurves(model(), x(), explanation, {segments: [0, 1]})).rejects.toThrow(
      '2 places',
    );
    await expect(infidelity(model(), x(), explanation, {perturbations: [1]})).rejects.toThrow(
      '[samples, batch, …]',
    );
    await expect(infidelity(model(), x(), explanation, {noise: 0})).rejects.toThrow('noise');
    await expect(maxSensitivity(new Saliency(model()), x(), {radius: -1})).rejects.toThrow('radius');
    await expect(compareExplainers({}, model(), x())).rejects.toThrow('no explainer');
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(infidelity(model(), x(), explanation, {signal})).rejects.toThrow('stop');
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('find rank correlation and the overlap of the top features', async () => {
    const score = (input: Tensor) => tf.sum(tf.mul(input, [1, 2, 3, 4]), 1);
    const input = tf.tensor2d([[4, 3, 2, 0.1]]);
    const gradient = await new Saliency(score).explain(input);
    const product = await new InputXGradient(score).explain(input);
    input.dispose();
    // Ranks 0 1 2 3 against those of 4, 6, 6, 0.4: 1, 2.5, 2.5, 0.
    expect(agreement(gradient, product).spearman[0]).toBeCloseTo(-1.5 / Math.sqrt(5 * 4.5), 5);
    expect(agreement(gradient, product, 2).topOverlap[0]).toBe(0.5);
    expect(() => agreement(gradient, product, 5)).toThrow('no 5 features');
  });

  it('refuse models without weights', async () => {
    const empty = sequential({layers: [layers.activation({activation: 'relu', inputShape: [8]})]});
    await expect(randomizationCheck(empty, copy => new Saliency(copy), x())).rejects.toThrow('no weights');
  });

  it('take steps of sequences whole where the attributions are one for each', async () => {
    const conv = layers.conv1d({
      ...{filters: 2, kernelSize: 1, inputShape: [4, 3], activation: 'relu', kernelInitializer: 'ones'},
    });
    const dense = layers.dense({units: 1, kernelInitializer: 'ones'});
    const sequence = sequential({layers: [conv, layers.globalAveragePooling1d({}), dense]});
    const input = tf.tensor3d(
      [1, 4, 2, 3].flatMap(value => [value, value, value]),
      [1, 4, 3],
    );
    const explanation = await new GradCam(sequence).explain(input);
    const {deletion} = await perturbationCurves(sequence, input, explanation);
    // The steps of 4, 3, 2 and 1, each with its three channels: 2 · 3 · (sum of those left) / 4.
    expect(distance(deletion.scores.data, [15, 9, 4.5, 1.5, 0])).toBeLessThan(1e-6);
    expect(deletion.auc[0]).toBeCloseTo(5.625, 5);
    const segments = await perturbationCurves(sequence, input, explanation, {segments: [0, 0, 1, 1]});
    expect(distance(segments.deletion.scores.data, [15, 7.5, 0])).toBeLessThan(1e-6);
    tf.dispose(input);
    sequence.dispose();
  });

  it('refuse attributions of other numbers than the features of a vector', async () => {
    const score = (input: Tensor) => tf.sum(input, 1);
    const explanation = await new Saliency(score).explain([[1]]);
    await expect(perturbationCurves(score, [[1, 2, 3]], explanation)).rejects.toMatchObject({
      name: 'ShapeError',
      message: expect.stringContaining('compares attributions [1, 1] with inputs [1, 3]') as string,
    });
  });

  it('refuse a target that the model measured does not have', async () => {
    const explanation = await new Saliency((input: Tensor) => tf.mul(input, 1)).explain([[1, 2, 3]], {
      target: 2,
    });
    const score = (input: Tensor) => tf.sum(input, 1);
    const refused = {
      name: 'ConfigurationError',
      message: expect.stringContaining('Score 2 is explained, and the model measured gives 1.') as string,
    };
    await expect(perturbationCurves(score, [[1, 2, 3]], explanation)).rejects.toMatchObject(refused);
    await expect(infidelity(score, [[1, 2, 3]], explanation)).rejects.toMatchObject(refused);
  });

  it('give models the integers that they are for, and move none of them a little', async () => {
    const table = tf.tensor1d([0, 5, 1, 3]);
    const score = (ids: Tensor) => tf.sum(tf.gather(table, ids as tf.Tensor2D), 1);
    const ids = tf.tensor2d([[1, 2, 3]], [1, 3], 'int32');
    const explainer = new KernelShap(score);
    const {deletionAuc, infidelity: missed, sensitivity} = await evaluateExplanation(explainer, score, ids);
    expect(deletionAuc).toBeCloseTo((9 / 2 + 4 + 1) / 3, 5);
    expect([missed, sensitivity]).toEqual([undefined, undefined]);
    const refused = {name: 'ConfigurationError', code: 'configuration/integers'};
    const explanation = await explainer.explain(ids);
    await expect(infidelity(score, ids, explanation)).rejects.toMatchObject(refused);
    await expect(maxSensitivity(explainer, ids)).rejects.toMatchObject(refused);
    tf.dispose([table, ids]);
  });

  it('move no words that an embedding looks up', async () => {
    const embedding = layers.embedding({inputDim: 5, outputDim: 2, inputLength: 3});
    const words = sequential({layers: [embedding, layers.flatten(), layers.dense({units: 1})]});
    const explainer = new KernelShap(words);
    const found = await evaluateExplanation(explainer, words, [[1, 2, 3]]);
    expect([found.infidelity, found.sensitivity]).toEqual([undefined, undefined]);
    await expect(infidelity(words, [[1, 2, 3]], found.explanation)).rejects.toThrow(
      'words that an embedding',
    );
    words.dispose();
  });
});
