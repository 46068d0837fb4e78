/** What cannot be explained is refused by an error that says what to do, before anything is computed from it. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {
  GradientShap,
  IntegratedGradients,
  KernelShap,
  LimeImage,
  LimeTabular,
  LimeText,
  Occlusion,
  PermutationImportance,
  Saliency,
  Shapley,
} from '../../src/explain';
import type {Baseline, ExplainInput} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';

describe.each(BACKENDS)('bad input on %s', backend => {
  const squares = (x: Tensor): Tensor => tf.sum(tf.square(tf.cast(x, 'float32')), 1);
  let before = 0;
  beforeAll(() => activate(backend));
  beforeEach(() => {
    before = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(before));

  /** Explains integers, and lets go of them. */
  async function ofIntegers<T>(use: (x: Tensor) => Promise<T>): Promise<T> {
    const x = tf.tensor2d([[1, 2, 3]], [1, 3], 'int32');
    return use(x).finally(() => x.dispose());
  }

  describe('fractions where the input holds integers', () => {
    const byBaseline = {
      Shapley: (baseline: Baseline) => new Shapley(squares, {baseline}),
      Occlusion: (baseline: Baseline) => new Occlusion(squares, {baseline, window: [1]}),
      IntegratedGradients: (baseline: Baseline) => new IntegratedGradients(squares, {baseline}),
    };
    const byBackground = {
      KernelShap: (background: ExplainInput) => new KernelShap(squares, {background}),
      GradientShap: (background: ExplainInput) => new GradientShap(squares, {background, samples: 2}),
    };

    it.each(Object.keys(byBaseline) as (keyof typeof byBaseline)[])('are no baseline of %s', async name => {
      for (const baseline of [0.5, [0, 0.5, 0], [[0, 0.5, 0]]]) {
        const explained = ofIntegers(x => byBaseline[name](baseline).explain(x));
        await expect(explained).rejects.toMatchObject({
          name: 'ConfigurationError',
          code: 'configuration/integers',
          message:
            'The baseline of input 0 holds 0.5, and the input integers (int32). Cast the input to float32.',
        });
      }
    });

    it.each(Object.keys(byBackground) as (keyof typeof byBackground)[])(
      'are no background of %s',
      async name => {
        const background = [
          [0, 1, 0],
          [0, 0.9, 0],
        ];
        const explained = ofIntegers(x => byBackground[name](background).explain(x));
        await expect(explained).rejects.toMatchObject({
          name: 'ConfigurationError',
          message: expect.stringMatching(
            /^Input 0 of the background holds 0\.8999.*Cast the input to float32/,
          ),
        });
      },
    );

    it('are not missed where baseline and background are whole, or the input is cast', async () => {
      const whole = await ofIntegers(x => new Shapley(squares, {baseline: 1}).explain(x));
      expect([...whole.values]).toEqual([0, 3, 8]);
      const background = [
        [0, 0, 0],
        [1, 1, 1],
      ];
      const {values, baseValues} = await ofIntegers(x => new KernelShap(squares, {background}).explain(x));
      [0.5, 3.5, 8.5].forEach((value, i) => expect(values[i]).toBeCloseTo(value, 5));
      expect(baseValues![0]).toBeCloseTo(1.5, 5);
      const cast = await new Shapley(squares, {baseline: 0.5}).explain([[1, 2, 3]]);
      expect([...cast.values]).toEqual([0.75, 3.75, 8.75]);
    });
  });

  describe('what is no tensor', () => {
    const jagged = [
      [1, 2, 3],
      [4, 5],
      [6, 7, 8, 9],
    ] as ExplainInput;
    const x = [[1, 2, 3]];
    const refused = (name: string) => ({
      name: 'ShapeError',
      message: expect.stringMatching(new RegExp(`^${name} is an array of .* rows that differ in length.`)),
    });

    it('is refused for its rows of different lengths wherever it stands', async () => {
      for (const given of [
        jagged,
        [
          [1, 2],
          [[3], 4],
        ],
        [[[1, 2, 3]], [[1, 2]]],
        [['1', '2']],
      ]) {
        const explained = new Shapley(squares).explain(given);
        await expect(explained).rejects.toMatchObject(refused('Input 0'));
      }
      const baseline = new Shapley(squares, {baseline: jagged as number[][]}).explain(x);
      await expect(baseline).rejects.toMatchObject(refused('The baseline of input 0'));
      const background = new KernelShap(squares, {background: jagged}).explain(x);
      await expect(background).rejects.toMatchObject(refused('Input 0 of the background'));
      const featureMask = new KernelShap(squares, {featureMask: [[0, 1], [2]]}).explain(x);
      await expect(featureMask).rejects.toMatchObject(refused('The feature mask of input 0'));
      const targets = new PermutationImportance(squares, {metric: 'mse'}).explain([[1], [2]], [[1], []]);
      await expect(targets).rejects.toMatchObject(refused('The array of targets'));
    });

    it('is named, and leaves nothing behind', async () => {
      const [good, disposed] = [tf.tensor2d(x), tf.tensor2d(x)];
      disposed.dispose();
      for (const [given, found] of [
        [undefined, 'Input 0 is undefined.'],
        [null, 'Input 0 is null.'],
        [{a: good}, 'Input 0 is an object.'],
        ['text', "Input 0 is 'text'."],
        [disposed, 'Input 0 is a tensor that was disposed.'],
        [[good, disposed], 'Input 1 is a tensor that was disposed.'],
      ]) {
        const explained = new Shapley(squares).explain(given as ExplainInput);
        await expect(explained).rejects.toMatchObject({
          name: 'ShapeError',
          message: `${found as string} Give a tensor, or arrays of numbers as long as each other; for several inputs an array of tensors.`,
        });
      }
      good.dispose();
    });

    it('is not an array of one tensor, for a single input', async () => {
      const [ones, mask] = [tf.ones([1, 3]), tf.tensor2d([[0, 0, 1]], [1, 3], 'int32')];
      const {values} = await new Shapley(squares, {baseline: [ones], featureMask: [mask]}).explain(x);
      expect([...values]).toEqual([3, 3, 8]);
      const two = new Shapley(squares, {featureMask: [mask, mask]}).explain(x);
      await expect(two).rejects.toMatchObject({code: 'configuration/feature-mask'});
      tf.dispose([ones, mask]);
    });

    it('is not a background without rows', async () => {
      const explained = new KernelShap(squares, {background: []}).explain(x);
      await expect(explained).rejects.toMatchObject({
        name: 'DataError',
        message: 'The background is empty. Give [batch, …], with a batch of at least one.',
      });
    });
  });

  it('refuses labels of features that float32 does not tell apart', async () => {
    const explained = new Shapley(squares, {featureMask: [2 ** 24, 2 ** 24 + 1, 0]}).explain([[1, 2, 3]]);
    await expect(explained).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('holds 16777216. It holds integers below 2^24'),
    });
  });

  describe('scores', () => {
    const x = [
      [1, 2],
      [3, 4],
    ];
    const broken = (given: Tensor): Tensor => tf.tidy(() => tf.log(tf.sum(tf.sub(given, 2), 1)));

    it('may be arrays of numbers, as a remote model gives them', async () => {
      const now = (given: Tensor): number[][] =>
        (given.arraySync() as number[][]).map(row => [3 * row[0]! + 5 * row[1]!]);
      for (const model of [now, async (given: Tensor) => now(given)]) {
        const {values, outputs} = await new KernelShap(model).explain(x);
        [3, 10, 9, 20].forEach((value, i) => expect(values[i]).toBeCloseTo(value, 5));
        expect([...outputs]).toEqual([13, 29]);
        await expect(new Saliency(model).explain(x)).rejects.toMatchObject({code: 'configuration/async'});
      }
      await expect(new Saliency(now).explain(x)).rejects.toThrow(
        'A gradient cannot be taken through a function that gives an array.',
      );
    });

    it('are no scores where a function gives nothing, or anything else', async () => {
      for (const [given, found] of [
        [undefined, 'undefined'],
        [{scores: [1, 2]}, 'an object'],
        [[[1], [2, 3]], 'an array of other things than numbers, or of rows that differ in length'],
      ] as const) {
        const model = (() => given) as unknown as () => number[];
        const refused = {
          name: 'ShapeError',
          message: expect.stringContaining(`What the model gives is ${found}.`),
        };
        await expect(new KernelShap(model).explain(x)).rejects.toMatchObject(refused);
        await expect(new LimeText(model).explain('a text')).rejects.toMatchObject(refused);
      }
    });

    it('that are not finite are refused by the example, whatever the method', async () => {
      const refused = (name: string) => ({
        name: 'DataError',
        code: 'data/not-finite',
        message: expect.stringContaining(name),
      });
      for (const explainer of [
        new Saliency(broken),
        new KernelShap(broken),
        new LimeTabular(broken, {trainingData: x}),
      ])
        await expect(
          explainer.explain([
            [3, 4],
            [1, 1],
          ]),
        ).rejects.toMatchObject(refused('The model gives NaN for example 1.'));
      const lime = new LimeTabular(broken, {
        trainingData: [
          [-9, 0],
          [9, 9],
        ],
      });
      await expect(lime.explain([[3, 4]])).rejects.toMatchObject(refused('NaN for a changed example'));
      const images = new LimeImage((given: Tensor) => tf.sum(tf.log(given), [1, 2, 3]), {
        hideColor: -1,
        segmentation: 'grid',
      });
      const image = tf.ones([1, 4, 4, 1]);
      await expect(images.explain(image)).rejects.toMatchObject(refused('NaN for a changed example'));
      image.dispose();
      const text = new LimeText(texts => texts.map(part => Math.log(part.length - 8)), {samples: 10});
      await expect(text.explain('a bad book')).rejects.toMatchObject(refused("for '"));
      const shap = new GradientShap(broken, {
        background: [
          [3, 4],
          [1, 1],
        ],
      });
      await expect(shap.explain([[3, 4]])).rejects.toMatchObject(refused('NaN for row 1 of the background'));
    });
  });
});
