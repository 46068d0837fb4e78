/** What went wrong silently once, each with the number that is right. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {
  Counterfactual,
  DeepLift,
  GradCam,
  GradientShap,
  InputXGradient,
  IntegratedGradients,
  KernelShap,
  LimeTabular,
  Saliency,
  SmoothGrad,
  completeness,
} from '../../src/explain';
import type {Explainer, MaskedExample} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {distance} from './oracle';

describe.each(BACKENDS)('on %s', backend => {
  beforeAll(() => activate(backend));

  it('a decimal is in the same quarter, and the same category, in nested arrays as in a tensor', async () => {
    const values = [0.1, 0.1, 0.3, 0.3, 0.3, 0.7, 0.7, 0.9, 0.3, 0.1];
    const table = Array.from({length: 100}, (_, i) => [values[i % 10]!, i % 7]);
    const step = (x: Tensor): Tensor => tf.sum(tf.mul(tf.cast(tf.lessEqual(x, 0.35), 'float32'), [1, 0]), 1);
    for (const options of [{}, {categoricalFeatures: [0]}]) {
      const found = await Promise.all(
        [table, tf.tensor2d(table)].map(trainingData =>
          new LimeTabular(step, {...options, trainingData, samples: 1000}).explain([[0.3, 3]]),
        ),
      );
      const [lists, tensor] = found as [(typeof found)[0], (typeof found)[0]];
      expect([...lists.values]).toEqual([...tensor.values]);
      expect(lists.values[0]).toBeGreaterThan(0.3);
      expect(lists.data.warnings ?? []).toEqual([]);
    }
  });

  it('log-odds that float32 has no digits for are cut off with a warning, on either side', async () => {
    const side = (sign: number) => (x: Tensor) =>
      tf.tidy(() => {
        const probability = tf.sigmoid(tf.sum(tf.mul(x, [-10, -20, -30]), 1));
        return sign > 0 ? tf.sub(1, probability) : probability;
      });
    const explain = async (sign: number) => new KernelShap(side(sign), {link: 'logit'}).explain([[1, 1, 1]]);
    // Near 0 a float32 has all its digits: log-odds of −60 are exact.
    const low = await explain(-1);
    expect(distance(low.values, [-10, -20, -30])).toBeLessThan(1e-3);
    expect(low.data.warnings ?? []).toEqual([]);
    expect((await explain(1)).data.warnings![0]).toContain("head: 'logits'");
  });

  it('a masker of one’s own may be an object of a class', async () => {
    class Doubling implements MaskedExample {
      readonly players = 2;
      private readonly factor = 2;
      constructor(private readonly x: Tensor) {}
      get rows(): number {
        return 1;
      }
      async idle(): Promise<Uint8Array> {
        return Uint8Array.of(0, 0);
      }
      mask(coalitions: Uint8Array, count: number): Tensor[] {
        return [tf.mul(tf.tensor2d(Float32Array.from(coalitions), [count, 2]), this.x)];
      }
      combine(values: Float64Array): Float64Array[] {
        return [values.map(value => (value * this.factor) / 2)];
      }
      dispose(): void {}
    }
    const score = (x: Tensor): Tensor => tf.sum(tf.mul(x, [3, 5]), 1);
    const masker = {of: ([x]: readonly Tensor[]) => new Doubling(x!)};
    expect(distance((await new KernelShap(score, {masker}).explain([[1, 2]])).values, [3, 10])).toBeLessThan(
      1e-5,
    );
    class Idle extends Doubling {
      override async idle(): Promise<Uint8Array> {
        return Uint8Array.of(1, 0);
      }
    }
    const reduced = {of: ([x]: readonly Tensor[]) => new Idle(x!)};
    const {values} = await new KernelShap(score, {masker: reduced}).explain([[0, 2]]);
    expect(distance(values, [0, 10])).toBeLessThan(1e-5);
  });

  it('a feature that is called like a group stays beside it', async () => {
    const score = (x: Tensor): Tensor => tf.sum(tf.mul(x, [3, 5, 7]), 1);
    const explainer = new InputXGradient(score, {featureNames: ['city', 'a', 'b']});
    const grouped = (await explainer.explain([[1, 1, 1]])).group({city: [1, 2]});
    expect([...grouped.values]).toEqual([3, 12]);
    expect(grouped.data.featureNames).toEqual(['city', 'city']);
  });

  it('the features of several inputs are not grouped as if there were one', async () => {
    const score = ([a, b]: Tensor[]): Tensor => tf.sum(tf.add(a!, b!), 1);
    const explanation = await new InputXGradient(score).explain([tf.ones([1, 2]), tf.ones([1, 2])]);
    expect(() => explanation.group({pair: [0, 1]})).toThrow(/several/);
  });

  it('completeness is a share also of the smallest scores', async () => {
    const at = async (scale: number) =>
      new IntegratedGradients((x: Tensor) => tf.mul(scale, tf.sum(tf.pow(x, 4), 1)), {steps: 1}).explain([
        [1, 2],
      ]);
    // One step takes 4 (x/2)³ x for x⁴: half.
    for (const scale of [1, 1e-8]) {
      const explanation = await at(scale);
      expect(completeness(explanation)[0]).toBeCloseTo(0.5, 3);
      expect(explanation.data.warnings![0]).toContain('50.0 %');
    }
  });

  it('a number is a place among features, whatever they are called', async () => {
    const score = (x: Tensor): Tensor => tf.sum(x, 1);
    const options = {target: {value: 3}, featureNames: ['1', '0'], starts: 1};
    const {examples} = await new Counterfactual(score, {...options, immutable: [1]}).explain([[1, 1]]);
    expect(examples[0]!.changes.map(({feature}) => feature)).toEqual(['1']);
    await expect(new Counterfactual(score, {...options, immutable: [' ']}).explain([[1, 1]])).rejects.toThrow(
      /Unknown feature/,
    );
  });

  it('a map that is zero all over says why', async () => {
    const model = sequential({
      layers: [
        layers.conv2d({
          inputShape: [4, 4, 1],
          filters: 1,
          kernelSize: 2,
          kernelInitializer: 'ones',
          activation: 'relu',
        }),
        layers.flatten(),
        layers.dense({units: 2, kernelInitializer: tf.tidy(() => 'ones' as const)}),
      ],
    });
    const kernel = tf.tensor2d(Array.from({length: 9}, () => [-1, 1]));
    model.layers[2]!.setWeights([kernel, tf.zeros([2])]);
    const against = await new GradCam(model).explain(tf.ones([1, 4, 4, 1]), {target: 0});
    expect(Math.max(...against.values)).toBe(0);
    expect(against.data.warnings![0]).toContain('relu: false');
    const speaksFor = await new GradCam(model).explain(tf.ones([1, 4, 4, 1]), {target: 1});
    expect(speaksFor.data.warnings ?? []).toEqual([]);
  });

  it.each<[string, (x: Tensor) => Tensor, (x: number) => number]>([
    ['log', tf.log, Math.log],
    ['sqrt', tf.sqrt, Math.sqrt],
    ['rsqrt', tf.rsqrt, x => 1 / Math.sqrt(x)],
    ['reciprocal', tf.reciprocal, x => 1 / x],
    ['tanh', tf.tanh, Math.tanh],
  ])(
    'DeepLIFT gives one feature the whole difference of %s, near to zero and far from it',
    async (_, f, exact) => {
      const pairs = [
        [9e-4, 1e-5],
        [0.05, 1e-6],
        [2e-4, 1e-4],
        [0.0502, 0.05],
        [5, 0.1],
        [1.004, 1],
      ] as const;
      for (const [x, baseline] of pairs) {
        const {values} = await new DeepLift((row: Tensor) => tf.sum(f(row), 1), {baseline}).explain([[x]]);
        const expected = exact(Math.fround(x)) - exact(Math.fround(baseline));
        expect(Math.abs(values[0]! / expected - 1)).toBeLessThan(1e-4);
      }
    },
  );

  it('a gradient that is not finite spoils its own example alone', async () => {
    const roots = (x: Tensor): Tensor => tf.sum(tf.sqrt(x), 1);
    const largest = (x: Tensor): Tensor => tf.sum(tf.maximum(x, tf.sqrt(x)), 1);
    const rule = 'riemannLeft';
    const draws = [{alpha: 1, background: 0}];
    const pairs: [Explainer, Explainer][] = [
      ...[3, 100].map((batchSize): [Explainer, Explainer] => [
        new IntegratedGradients(roots, {baseline: 1, rule}),
        new IntegratedGradients(roots, {baseline: [[0], [1]], rule, batchSize}),
      ]),
      ...[
        new GradientShap(roots, {background: [[0]], draws}),
        new SmoothGrad(new InputXGradient(roots), {samples: 2, noise: 0}),
        new Saliency(largest),
      ].map((explainer): [Explainer, Explainer] => [explainer, explainer]),
    ];
    for (const [alone, together] of pairs) {
      const {values} = await alone.explain([[4]]);
      const both = await together.explain([[0], [4]]);
      expect(Number.isFinite(both.values[0])).toBe(false);
      expect(both.values[1]).toBeCloseTo(values[0]!, 6);
      const text = both.warnings.join('\n');
      expect(text).toMatch(/The attributions of example 0 are not finite/);
      expect(text).not.toContain('NaN');
    }
  });

  it('a sum that is off says by how much, and what to raise', async () => {
    const cubes = (x: Tensor): Tensor => tf.sum(tf.pow(x, 3), 1);
    // ∫ 3x² = 1; steps at the left ends find 0, 3/8 and 21/32 of it, three in the middle all but 1/36.
    const explain = async (steps: number, rule: 'riemannLeft' | 'riemannMiddle') =>
      (await new IntegratedGradients(cubes, {steps, rule}).explain([[1]])).warnings;
    const missed = (share: string) => [
      `The attributions miss the difference of the scores by up to ${share} %. Raise the number of steps.`,
    ];
    expect(await explain(1, 'riemannLeft')).toEqual(missed('100.0'));
    expect(await explain(2, 'riemannLeft')).toEqual(missed('62.5'));
    expect(await explain(4, 'riemannLeft')).toEqual(missed('34.4'));
    expect(await explain(3, 'riemannMiddle')).toEqual([]);
  });

  it('a function without a gradient is refused, and sent to KernelShap', async () => {
    const outside = (x: Tensor): Tensor => tf.tensor1d([x.dataSync()[0]!]);
    const unknown = (x: Tensor): Tensor => tf.sum(tf.unique(x, 1).values, 1);
    const tensors = tf.memory().numTensors;
    for (const score of backend === 'cpu' ? [outside, unknown] : [outside]) {
      const explained = new Saliency(score).explain([[1, 2]]);
      await expect(explained).rejects.toMatchObject({name: 'UnsupportedLayerError', code: 'layer/gradient'});
      await expect(explained).rejects.toThrow(/cannot be followed back.*KernelShap/s);
    }
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('logits of what shows no layers are refused', () => {
    const probabilities = (x: Tensor): Tensor => tf.softmax(x);
    expect(() => new Saliency(probabilities, {head: 'logits'})).toThrow(/Only of a LayersModel/);
    expect(() => new KernelShap(probabilities, {head: 'logits'})).toThrow(/Only of a LayersModel/);
    expect(() => new Saliency(probabilities, {head: 'output'})).not.toThrow();
  });

  it('baselines without a number or a score are refused', async () => {
    const logarithms = (x: Tensor): Tensor => tf.sum(tf.log(x), 1);
    const finite = {name: 'DataError', code: 'data/not-finite'};
    for (const baseline of [NaN, [NaN]]) {
      await expect(new IntegratedGradients(logarithms, {baseline}).explain([[4]])).rejects.toMatchObject({
        ...finite,
        message: expect.stringContaining('The baseline of input 0 holds NaN') as string,
      });
    }
    await expect(new IntegratedGradients(logarithms, {baseline: 0}).explain([[4]])).rejects.toMatchObject({
      ...finite,
      message: expect.stringContaining('the baseline of example 0') as string,
    });
  });
});
