import {describe, expect, it} from 'vitest';
import {Random} from '../../src/core';
import {lassoPath, selectFeatures} from '../../src/explain/featureSelection';
import type {FeatureSelection} from '../../src/explain/featureSelection';
import {solve} from '../../src/explain/cholesky';
import {lasso, momentsOf, ridge} from '../../src/explain/linear';
import {fitSurrogate, maskDistance, nearness} from '../../src/explain/surrogate';
import {forwardOf} from './forward';
import {readOracle} from './oracle';

describe('linear regressions', () => {
  // y = 1 + 2x over x = 0, 1, 2, 3 with weights: by hand.
  const x = [0, 1, 2, 3];
  const y = x.map(value => 1 + 2 * value);

  it('find a line', () => {
    const fit = ridge(momentsOf(x, 1, y, [1, 2, 3, 4]), 0);
    expect(fit.intercept).toBeCloseTo(1, 12);
    expect(fit.coefficients[0]).toBeCloseTo(2, 12);
    expect(fit.score).toBeCloseTo(1, 12);
  });

  it('shrink it by the penalty, but not its intercept', () => {
    // Σ(x − 1.5)² = 5 and Σ(x − 1.5)(y − 4) = 10: 10 / (5 + 5) = 1, through (1.5, 4).
    const fit = ridge(momentsOf(x, 1, y, [1, 1, 1, 1]), 5);
    expect(fit.coefficients[0]).toBeCloseTo(1, 12);
    expect(fit.intercept).toBeCloseTo(2.5, 12);
    expect(fit.score).toBeCloseTo(0.75, 12);
  });

  it('take the lasso’s penalty from it', () => {
    // (10/4 − 1) / (5/4) = 1.2.
    const fit = lasso(momentsOf(x, 1, y, [1, 1, 1, 1]), 1);
    expect(fit.coefficients[0]).toBeCloseTo(1.2, 12);
    expect(lasso(momentsOf(x, 1, y, [1, 1, 1, 1]), 2.5).coefficients[0]).toBe(0);
  });

  it('solve systems, and leave open directions at zero', () => {
    expect([...solve(Float64Array.of(4, 2, 2, 3), Float64Array.of(2, 5))].map(v => v.toFixed(9))).toEqual([
      '-0.500000000',
      '2.000000000',
    ]);
    expect([...solve(Float64Array.of(1, 1, 1, 1), Float64Array.of(2, 2))]).toEqual([2, 0]);
  });

  it('say that what never changes is explained', () => {
    expect(ridge(momentsOf(x, 1, [7, 7, 7, 7], [1, 1, 1, 1]), 1)).toMatchObject({intercept: 7, score: 1});
  });

  it('end the lasso’s path at least squares, with signs and drops', () => {
    const random = new Random(3, 'path');
    const rows = Array.from({length: 40 * 6}, () => random.normal());
    const target = Array.from(
      {length: 40},
      (_, i) => 3 * rows[i * 6]! - rows[i * 6 + 1]! + 0.5 * rows[i * 6 + 4]! + 0.1 * random.normal(),
    );
    const moments = momentsOf(
      rows,
      6,
      target,
      target.map(() => 1),
    );
    const path = lassoPath(moments);
    expect(path[0]).toEqual([0]);
    expect(path.at(-1)).toHaveLength(6);
    // Each kink's features are those of a lasso with a penalty just above it.
    for (const penalty of [2, 0.8, 0.3, 0.02]) {
      const found = [...lasso(moments, penalty).coefficients.entries()].filter(([, v]) => v !== 0);
      const chosen = [...selectFeatures(moments, [], found.length, 'lassoPath')].sort();
      expect(chosen).toEqual(found.map(([j]) => j));
    }
  });

  it('never choose a copy of a feature before one that adds something', () => {
    const rows = [0, 0, 1, 1, 1, 0, 2, 2, 0, 3, 3, 2];
    const moments = momentsOf(rows, 3, [0, 2, 4.1, 6], [1, 1, 1, 1]);
    expect(selectFeatures(moments, [1, 1, 1], 2, 'forwardSelection')).toEqual([0, 2]);
  });
});

describe('the linear model of LIME', () => {
  const oracle = readOracle('mlp');
  const core = oracle.limeCore as {
    kernelWidth: number;
    masks: number[][];
    results: Record<string, unknown>[];
  };
  const inputs = oracle.inputs as number[][];
  const forward = forwardOf(oracle);
  const rows = Uint8Array.from(core.masks.flat());
  const weights = Float64Array.from(core.masks, mask =>
    nearness(Math.sqrt(mask.filter(on => on === 0).length), core.kernelWidth),
  );
  const ways: [string, FeatureSelection, number][] = [
    ['none_8', 'none', 8],
    ['forward_selection_3', 'forwardSelection', 3],
    ['highest_weights_3', 'highestWeights', 3],
    ['lasso_path_3', 'lassoPath', 3],
    ['auto_6', 'auto', 6],
    ['auto_7', 'auto', 7],
  ];

  describe.each(core.results.map((result, i) => [i, result] as const))('of example %i', (i, result) => {
    const x = inputs[result.input as number]!;
    const targets = core.masks.map(
      mask => forward(mask.map((on, j) => (on ? x[j]! : oracle.baselines.mean[j]!)))[result.label as number]!,
    );
    it.each(ways)('is the reference’s: %s', (name, featureSelection, numFeatures) => {
      const expected = result[name] as {
        intercept: number;
        coefs: [number, number][];
        score: number;
        localPred: number;
      };
      const {surrogate} = fitSurrogate({rows, features: 8, weights}, targets, {
        featureSelection,
        numFeatures,
      });
      expect(surrogate.coefficients.map(({feature}) => feature)).toEqual(expected.coefs.map(([j]) => j));
      surrogate.coefficients.forEach(({weight}, k) => expect(weight).toBeCloseTo(expected.coefs[k]![1], 7));
      expect(surrogate.intercept).toBeCloseTo(expected.intercept, 7);
      expect(surrogate.score).toBeCloseTo(expected.score, 7);
      expect(surrogate.prediction).toBeCloseTo(expected.localPred, 7);
    });

    it('is the reference’s: lasso', () => {
      const expected = result['lasso_0.01'] as {intercept: number; coefs: number[]};
      const fit = lasso(momentsOf(rows, 8, targets, weights), 0.01);
      expect(fit.intercept).toBeCloseTo(expected.intercept, 4);
      fit.coefficients.forEach((value, j) => expect(value).toBeCloseTo(expected.coefs[j]!, 4));
    });
  });

  it('is Captum’s for a small network, but for its draws', () => {
    const x = [20, 50, 30];
    const masks = Array.from({length: 8}, (_, i) => [(i >> 2) & 1, (i >> 1) & 1, i & 1]).reverse();
    const score = (sum: number): number => Math.max(0, sum - 10) + 3 * (sum + 1) - 1;
    const {surrogate} = fitSurrogate(
      {
        rows: Uint8Array.from(masks.flat()),
        features: 3,
        weights: Float64Array.from(masks, mask => nearness(maskDistance(mask.filter(Boolean).length, 3), 10)),
      },
      masks.map(mask => score(mask.reduce((sum, on, j) => sum + on * x[j]!, 0))),
      {regressor: 'lasso', alpha: 1},
    );
    const found = [...surrogate.coefficients].sort((a, b) => a.feature - b.feature);
    [73.37, 193.33, 113.33].forEach((value, j) =>
      expect(Math.abs(found[j]!.weight - value)).toBeLessThan(0.2),
    );
  });
});
