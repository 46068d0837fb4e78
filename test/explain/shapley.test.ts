import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {Random} from '../../src/core';
import {Shapley} from '../../src/explain';
import {BACKENDS} from '../graph/backends';
import {gameModel, halfInteraction, multiLayer, shapley} from './games';
import {casesOf, distance, expectCase, headOf, readOracle, useReference} from './oracle';

const PLAYERS = 5;
const random = new Random(7, 'game');
const game = Array.from({length: 2 ** PLAYERS}, () => random.normal());

describe.each(BACKENDS)('Shapley on %s', backend => {
  const oracle = readOracle('mlp');
  const {targets: target} = oracle;
  const background = oracle.background as number[][];
  const {model, x} = useReference(oracle, backend);

  it.each(casesOf(oracle, 'shapley_exact_background'))('is exact: $title', async entry => {
    const tensors = tf.memory().numTensors;
    const explanation = await new Shapley(model(), {head: headOf(entry), background}).explain(x(), {target});
    expect(tf.memory().numTensors).toBe(tensors);
    expectCase(explanation, entry);
    expect(distance(explanation.deltas!, [0, 0, 0, 0])).toBeLessThan(1e-5);
    expect(explanation.evaluations.forward).toBe(4 + 4 * 256 * 10);
  });

  it.each(casesOf(oracle, 'shapley_exact_background_logitLink'))(
    'is exact in log-odds: $title',
    async entry => {
      expectCase(await new Shapley(model(), {background, link: 'logit'}).explain(x(), {target}), entry);
    },
  );

  // The reference is a regression with heavy ends, up to 1e-3 off; what defines the values is not.
  it.each(casesOf(oracle, 'shapley_exact_singleBaseline'))('values one baseline: $title', async entry => {
    const baseline = entry.baseline === 'zero' ? oracle.baselines.zero : oracle.baselines.mean;
    const explanation = await new Shapley(model(), {head: headOf(entry), baseline}).explain(x(), {target});
    expectCase(explanation, {...entry, tol: 1e-3});
    const expected = (oracle.inputs as number[][]).flatMap((row, i) =>
      shapley(
        Array.from({length: 256}, (_, mask) => {
          const shown = row.map((value, j) => ((mask >> j) & 1 ? value : baseline[j]!));
          return score(shown, entry.head)[target[i]!]!;
        }),
        8,
      ),
    );
    expect(distance(explanation.values, expected)).toBeLessThan(2e-5);
  });

  /** The reference MLP in float64. */
  function score(row: readonly number[], head: string): number[] {
    const dense = oracle.model.layers.filter(({kernel}) => kernel !== undefined);
    const [hidden, logits] = dense.reduce<number[][]>(
      (rows, {kernel, bias}) => {
        const input = rows.length === 1 ? row : rows[0]!.map(value => Math.max(0, value));
        const output = (bias as number[]).map((start, unit) =>
          input.reduce((sum, value, i) => sum + value * (kernel as number[][])[i]![unit]!, start),
        );
        return rows.length === 1 ? [output, []] : [rows[0]!, output];
      },
      [[]],
    );
    expect(hidden).toHaveLength(16);
    if (head === 'logits') return logits!;
    const powers = logits!.map(Math.exp);
    return powers.map(power => power / powers.reduce((sum, value) => sum + value, 0));
  }

  it('knows a game by its definition', async () => {
    const {values, baseValues} = await new Shapley(gameModel(game, PLAYERS)).explain(tf.ones([1, PLAYERS]));
    expect(distance(values, shapley(game, PLAYERS))).toBeLessThan(1e-6);
    expect(baseValues![0]).toBeCloseTo(game[0]!, 6);
  });

  it('knows the interactions of a game by their definition', async () => {
    const explainer = new Shapley(gameModel(game, PLAYERS));
    const {values, shape, deltas} = await explainer.explainInteractions(tf.ones([1, PLAYERS]));
    expect(shape).toEqual([1, PLAYERS, PLAYERS]);
    expect(Math.abs(deltas![0]!)).toBeLessThan(1e-5);
    const exact = shapley(game, PLAYERS);
    for (let i = 0; i < PLAYERS; i++) {
      const row = [...values.slice(i * PLAYERS, (i + 1) * PLAYERS)];
      expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(exact[i]!, 5);
      row.forEach((value, j) => {
        if (i !== j) expect(value).toBeCloseTo(halfInteraction(game, PLAYERS, i, j), 5);
      });
    }
  });

  it.each([
    [{}, [76.667, 196.667, 116.667]],
    [{featureMask: [0, 0, 1]}, [275, 275, 115]],
    [{baseline: [10, 20, 10]}, [40, 120, 80]],
  ] as const)('knows a small model under %j', async (options, expected) => {
    for (const method of ['exact', 'permutation'] as const) {
      const explainer = new Shapley(multiLayer, {...options, method});
      const {values} = await explainer.explain([[20, 50, 30]], {target: 0});
      expect(distance(values, expected)).toBeLessThan(method === 'exact' ? 1e-3 : 5);
    }
  });

  it('comes close by permutations, and says how close', async () => {
    const [entry] = casesOf(oracle, 'shapley_exact_background');
    const explainer = new Shapley(model(), {
      ...{head: 'logits', background, method: 'permutation', maxEvaluations: 700},
    });
    const {values, standardErrors, deltas, evaluations} = await explainer.explain(x(), {target});
    const exact = (entry!.expected as number[][]).flat();
    values.forEach((value, i) => {
      expect(Math.abs(value - exact[i]!)).toBeLessThan(5 * standardErrors![0]!.data[i]! + 1e-5);
    });
    expect(Math.max(...standardErrors![0]!.data)).toBeLessThan(0.1);
    expect(distance(deltas!, [0, 0, 0, 0])).toBeLessThan(1e-5);
    expect(evaluations.forward).toBeLessThanOrEqual(4 + 4 * 700 * 10);
    expect((await explainer.explain(x(), {target})).values).toEqual(values);
  });

  it('values pairs of features exactly by a single order', async () => {
    const pairs = (rows: Tensor) => tf.sum(tf.mul(rows, tf.reverse(rows, 1)), 1);
    const options = {method: 'permutation', maxEvaluations: 12} as const;
    const {values, standardErrors} = await new Shapley(pairs, options).explain([[1, 2, 3, 4]]);
    expect(distance(values, [4, 6, 6, 4])).toBeLessThan(1e-5);
    expect(standardErrors).toBeUndefined();
  });

  it('refuses what cannot be right', async () => {
    const explain = (options: object) => async () => new Shapley(multiLayer, options).explain([[1, 2, 3]]);
    await expect(explain({method: 'owen'})).rejects.toThrow(/Unknown method of Shapley 'owen'/);
    await expect(explain({method: 'permutation', maxEvaluations: 5})).rejects.toThrow(/One order takes 6/);
    const wide = new Shapley((rows: Tensor) => tf.sum(rows, 1));
    const tensors = tf.memory().numTensors;
    const many = tf.ones([1, 21]);
    await expect(wide.explain(many)).rejects.toThrow(/21 features take 2\^21.*featureMask/);
    many.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
