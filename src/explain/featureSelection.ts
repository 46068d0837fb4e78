/** Which features a surrogate may use: the ways of LIME (Ribeiro, Singh and Guestrin 2016). */
import {unknownName} from '../core';
import {solve} from './cholesky';
import {ridge} from './linear';
import type {Moments} from './linear';

/**
 * `'forwardSelection'` adds the feature that raises R² most, one after the other; `'highestWeights'` takes the largest
 * coefficients of one fit; `'lassoPath'` lowers a lasso's penalty until there are too many; `'auto'` is the first up
 * to six features and the second above; `'none'` takes all.
 */
export type FeatureSelection = 'auto' | 'none' | 'forwardSelection' | 'highestWeights' | 'lassoPath';

export const FEATURE_SELECTIONS: readonly FeatureSelection[] = [
  ...(['auto', 'none', 'forwardSelection', 'highestWeights', 'lassoPath'] as const),
];

/**
 * The features to use.
 *
 * @param example the row of the example itself: a weight counts by what it adds there
 */
export function selectFeatures(
  moments: Moments,
  example: ArrayLike<number>,
  count: number,
  how: FeatureSelection,
): readonly number[] {
  const most = Math.min(count, moments.features);
  switch (how) {
    case 'none':
      return Array.from({length: moments.features}, (_, i) => i);
    case 'auto':
      return selectFeatures(moments, example, count, count <= 6 ? 'forwardSelection' : 'highestWeights');
    case 'forwardSelection':
      return forwardSelection(moments, most);
    case 'highestWeights':
      return highestWeights(moments, example, most);
    case 'lassoPath':
      return alongLassoPath(moments, most);
    default:
      throw unknownName('feature selection', String(how), FEATURE_SELECTIONS);
  }
}

/** What a feature would add to R² is read off the moments that are left after regressing on those chosen before. */
function forwardSelection({features, gram, covariance}: Moments, count: number): readonly number[] {
  const left = Float64Array.from(gram);
  const towards = Float64Array.from(covariance);
  const chosen: number[] = [];
  while (chosen.length < count) {
    let best = -1;
    let most = -1;
    for (let j = 0; j < features; j++) {
      if (chosen.includes(j)) continue;
      const own = left[j * features + j]!;
      const gain = own > 1e-12 * gram[j * features + j]! ? towards[j]! ** 2 / own : 0;
      if (gain > most) [best, most] = [j, gain];
    }
    chosen.push(best);
    const own = left[best * features + best]!;
    if (most <= 0 || own <= 0) continue;
    const column = Float64Array.from({length: features}, (_, j) => left[j * features + best]!);
    const share = towards[best]! / own;
    for (let j = 0; j < features; j++) {
      towards[j]! -= column[j]! * share;
      for (let k = 0; k < features; k++) left[j * features + k]! -= (column[j]! * column[k]!) / own;
    }
  }
  return chosen;
}

function highestWeights(moments: Moments, example: ArrayLike<number>, count: number): readonly number[] {
  const {coefficients} = ridge(moments, 0.01);
  const adds = coefficients.map((coefficient, j) => Math.abs(coefficient * example[j]!));
  return [...adds.keys()].sort((a, b) => adds[b]! - adds[a]!).slice(0, count);
}

/** The last kink of the path that has few enough features. */
function alongLassoPath(moments: Moments, count: number): readonly number[] {
  return lassoPath(moments).findLast(active => active.length <= count) ?? [];
}

/**
 * The features with a coefficient at each kink of the lasso's path, from the strongest penalty to none (least angle
 * regression with drops: Efron, Hastie, Johnstone and Tibshirani 2004).
 */
export function lassoPath({features, gram, covariance}: Moments): readonly (readonly number[])[] {
  const towards = Float64Array.from(covariance);
  const coefficients = new Float64Array(features);
  const path: number[][] = [];
  let penalty = towards.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const smallest = 1e-10 * penalty;
  let active: number[] = [];
  let dropped = -1;
  // Each round ends at a kink; a path has seldom more than a few for each feature.
  for (let round = 0; round < 8 * features && penalty > smallest; round++) {
    for (let j = 0; j < features; j++) {
      const isNext = Math.abs(towards[j]!) >= penalty - smallest && gram[j * features + j]! > 0;
      if (isNext && j !== dropped && !active.includes(j)) active.push(j);
    }
    if (active.length === 0) break;
    const signs = Float64Array.from(active, j => Math.sign(towards[j]!));
    const part = Float64Array.from(
      {length: active.length ** 2},
      (_, i) => gram[active[Math.floor(i / active.length)]! * features + active[i % active.length]!]!,
    );
    const direction = solve(part, signs);
    const slope = new Float64Array(features);
    for (let j = 0; j < features; j++) {
      active.forEach((k, a) => (slope[j]! += gram[j * features + k]! * direction[a]!));
    }
    let step = penalty;
    for (let j = 0; j < features; j++) {
      if (active.includes(j)) continue;
      for (const sign of [1, -1]) {
        const until = (penalty - sign * towards[j]!) / (1 - sign * slope[j]!);
        if (until > smallest * 1e-3 && until < step) step = until;
      }
    }
    dropped = -1;
    active.forEach((j, a) => {
      const until = -coefficients[j]! / direction[a]!;
      if (until > 0 && until < step) [step, dropped] = [until, j];
    });
    active.forEach((j, a) => (coefficients[j]! += step * direction[a]!));
    for (let j = 0; j < features; j++) towards[j]! -= step * slope[j]!;
    penalty -= step;
    active = active.filter(j => j !== dropped);
    if (dropped >= 0) coefficients[dropped] = 0;
    path.push([...active]);
  }
  return path;
}
