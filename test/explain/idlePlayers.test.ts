import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {FeatureAblation, KernelShap, Shapley} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {multiLayer} from './games';
import {distance} from './oracle';

/** 24 features, of which a network looks at three; `[20, 50, 30]` stand at 4, 9 and 17. */
const WIDTH = 24;
const PLACES = [4, 9, 17];
const wide = (rows: Tensor): Tensor => multiLayer(tf.gather(rows, tf.tensor1d(PLACES, 'int32'), 1));
const among = (values: readonly number[], rest = 0): number[] =>
  Array.from({length: WIDTH}, (_, i) => values[PLACES.indexOf(i)] ?? rest);

describe.each(BACKENDS)('features that are what hides them, on %s', backend => {
  beforeAll(() => activate(backend));

  it('are worth nothing exactly, and cost nothing', async () => {
    // What multiLayer's three features are worth by themselves (by hand, from Captum's tests).
    const expected = among([230 / 3, 590 / 3, 350 / 3]);
    const x = tf.tensor2d([among([20, 50, 30], 7)]);
    const options = {background: [among([0, 0, 0], 7)]};
    for (const explainer of [new Shapley(wide, options), new KernelShap(wide, options)]) {
      const tensors = tf.memory().numTensors;
      const {values, deltas, evaluations} = await explainer.explain(x, {target: 0});
      expect(tf.memory().numTensors).toBe(tensors);
      expect(distance(values, expected)).toBeLessThan(1e-3);
      expect([...values].filter(value => value !== 0)).toHaveLength(3);
      expect(Math.abs(deltas![0]!)).toBeLessThan(1e-3);
      // Of three features there are eight coalitions; KernelShap asks for nobody and everybody, and six. And the row itself.
      expect(evaluations.forward).toBe(1 + 8);
    }
  });

  it('differ from example to example, and count only where every row of the background agrees', async () => {
    const x = tf.tensor2d([among([20, 50, 30]), among([20, 50, 0], 1)]);
    const background = [among([0, 0, 0]), among([0, 50, 0])];
    const explainer = new KernelShap(wide, {background, samples: 4096});
    const {values, evaluations} = await explainer.explain(x, {target: 0});
    expect(evaluations.forward).toBeGreaterThan(2 + 2 * (8 + 2048));
    for (const example of [0, 1]) {
      const alone = await explainer.explain(tf.slice(x, [example, 0], [1, WIDTH]), {target: 0});
      expect([...alone.values]).toEqual([...values.slice(example * WIDTH, (example + 1) * WIDTH)]);
    }
  });

  it('have no interactions, and lose nothing when left out', async () => {
    const x = tf.tensor2d([among([20, 50, 30])]);
    const pairs = await new Shapley(wide, {baseline: 0}).explainInteractions(x, {target: 0});
    const small = await new Shapley(multiLayer, {baseline: 0}).explainInteractions([[20, 50, 30]], {
      target: 0,
    });
    expect(pairs.shape).toEqual([1, WIDTH, WIDTH]);
    const expected = new Float32Array(WIDTH * WIDTH);
    PLACES.forEach((row, i) =>
      PLACES.forEach((column, j) => (expected[row * WIDTH + column] = small.values[3 * i + j]!)),
    );
    expect(distance(pairs.values, [...expected])).toBeLessThan(1e-3);
    const {values} = await new FeatureAblation(wide).explain(x, {target: 0});
    expect(distance(values, among([80, 200, 120]))).toBeLessThan(1e-3);
  });

  it('may be all there are', async () => {
    const {values, outputs, baseValues} = await new Shapley(wide, {baseline: 3}).explain(
      tf.fill([1, WIDTH], 3),
      {
        target: 0,
      },
    );
    expect([...values]).toEqual(Array(WIDTH).fill(0));
    expect(baseValues![0]).toBeCloseTo(outputs[0]!, 4);
  });
});
