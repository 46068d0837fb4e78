/** What cannot be explained is refused by an error that says what to do, before anything is computed from it. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {GradientShap, IntegratedGradients, KernelShap, Occlusion, Shapley} from '../../src/explain';
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
});
