/**
 * Weighted linear regressions in float64. Everything is solved from centred second moments, so that rows are read
 * once however many features are tried; as in scikit-learn, the intercept is not penalised.
 */
import {cholesky, solve, substitute} from './cholesky';

/** The centred, weighted second moments of rows and targets. */
export interface Moments {
  readonly features: number;
  /** Σ w. */
  readonly weight: number;
  readonly means: Float64Array;
  readonly targetMean: number;
  /** Σ w (x − mean)(x − mean)ᵀ, `[features, features]`. */
  readonly gram: Float64Array;
  /** Σ w (x − mean)(y − mean), `[features]`. */
  readonly covariance: Float64Array;
  /** Σ w (y − mean)². */
  readonly variance: number;
}

export interface LinearFit {
  readonly intercept: number;
  /** One for each of the features used, in their order. */
  readonly coefficients: Float64Array;
  /** The weighted R². */
  readonly score: number;
}

/** @param rows `[targets.length, features]`, row by row */
export function momentsOf(
  rows: ArrayLike<number>,
  features: number,
  targets: ArrayLike<number>,
  weights: ArrayLike<number>,
): Moments {
  const count = targets.length;
  const means = new Float64Array(features);
  let weight = 0;
  let targetMean = 0;
  for (let i = 0; i < count; i++) {
    weight += weights[i]!;
    targetMean += weights[i]! * targets[i]!;
    for (let j = 0; j < features; j++) means[j]! += weights[i]! * rows[i * features + j]!;
  }
  targetMean /= weight;
  for (let j = 0; j < features; j++) means[j]! /= weight;

  const gram = new Float64Array(features * features);
  const covariance = new Float64Array(features);
  const centred = new Float64Array(features);
  let variance = 0;
  for (let i = 0; i < count; i++) {
    const target = targets[i]! - targetMean;
    variance += weights[i]! * target * target;
    for (let j = 0; j < features; j++) centred[j] = rows[i * features + j]! - means[j]!;
    for (let j = 0; j < features; j++) {
      const scaled = weights[i]! * centred[j]!;
      covariance[j]! += scaled * target;
      for (let k = 0, at = j * features; k <= j; k++) gram[at + k]! += scaled * centred[k]!;
    }
  }
  for (let j = 0; j < features; j++) {
    for (let k = 0; k < j; k++) gram[k * features + j] = gram[j * features + k]!;
  }
  return {features, weight, means, targetMean, gram, covariance, variance};
}

/** Minimises Σ w (y − x·β − b)² + α|β|² over the given features. */
export function ridge(moments: Moments, alpha: number, used = allOf(moments)): LinearFit {
  return finish(moments, used, solve(penalisedGram(moments, alpha, used), covarianceOf(moments, used)));
}

/** Minimises Σ w (y − x·β − b)² / (2 Σ w) + α Σ|β| by coordinate descent (Friedman, Hastie and Tibshirani 2010). */
export function lasso(moments: Moments, alpha: number, used = allOf(moments)): LinearFit {
  const gram = penalisedGram(moments, 0, used);
  const covariance = covarianceOf(moments, used);
  const count = used.length;
  const threshold = alpha * moments.weight;
  const coefficients = new Float64Array(count);
  for (let round = 0; round < 10_000; round++) {
    let largestMove = 0;
    for (let j = 0; j < count; j++) {
      const own = gram[j * count + j]!;
      if (own === 0) continue;
      let rest = covariance[j]! + own * coefficients[j]!;
      for (let k = 0; k < count; k++) rest -= gram[j * count + k]! * coefficients[k]!;
      const value = (Math.sign(rest) * Math.max(0, Math.abs(rest) - threshold)) / own;
      largestMove = Math.max(largestMove, Math.abs(value - coefficients[j]!));
      coefficients[j] = value;
    }
    if (largestMove < 1e-12) break;
  }
  return finish(moments, used, coefficients);
}

/**
 * How far the coefficients of a ridge would vary if the rows were drawn again: the sandwich estimator for weighted
 * rows (White 1980).
 *
 * @param rows the rows that `moments` is of
 */
export function ridgeStandardErrors(
  moments: Moments,
  alpha: number,
  used: readonly number[],
  {coefficients, intercept}: LinearFit,
  [rows, targets, weights]: readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>],
): Float64Array {
  const count = used.length;
  const spread = new Float64Array(count * count);
  const centred = new Float64Array(count);
  for (let i = 0; i < targets.length; i++) {
    let residual = targets[i]! - intercept;
    for (let j = 0; j < count; j++) {
      const value = rows[i * moments.features + used[j]!]!;
      residual -= coefficients[j]! * value;
      centred[j] = value - moments.means[used[j]!]!;
    }
    const factor = (weights[i]! * residual) ** 2;
    for (let j = 0; j < count; j++) {
      const scaled = factor * centred[j]!;
      for (let k = 0; k <= j; k++) spread[j * count + k]! += scaled * centred[k]!;
    }
  }
  const lower = cholesky(penalisedGram(moments, alpha, used), count);
  return Float64Array.from(used, (_, j) => {
    const direction = new Float64Array(count);
    direction[j] = 1;
    const column = substitute(lower, direction);
    let variance = 0;
    for (let a = 0; a < count; a++) {
      for (let b = 0; b <= a; b++) {
        variance += (a === b ? 1 : 2) * column[a]! * column[b]! * spread[a * count + b]!;
      }
    }
    return Math.sqrt(Math.max(0, variance));
  });
}

function allOf({features}: Moments): readonly number[] {
  return Array.from({length: features}, (_, i) => i);
}

function penalisedGram({gram, features}: Moments, alpha: number, used: readonly number[]): Float64Array {
  const count = used.length;
  const part = new Float64Array(count * count);
  used.forEach((j, a) => {
    used.forEach((k, b) => (part[a * count + b] = gram[j * features + k]! + (a === b ? alpha : 0)));
  });
  return part;
}

function covarianceOf({covariance}: Moments, used: readonly number[]): Float64Array {
  return Float64Array.from(used, j => covariance[j]!);
}

function finish(moments: Moments, used: readonly number[], coefficients: Float64Array): LinearFit {
  const {features, means, targetMean, gram, covariance, variance} = moments;
  let intercept = targetMean;
  let unexplained = variance;
  used.forEach((j, a) => {
    intercept -= coefficients[a]! * means[j]!;
    unexplained -= 2 * coefficients[a]! * covariance[j]!;
    used.forEach((k, b) => (unexplained += coefficients[a]! * coefficients[b]! * gram[j * features + k]!));
  });
  return {intercept, coefficients, score: variance === 0 ? 1 : 1 - unexplained / variance};
}
