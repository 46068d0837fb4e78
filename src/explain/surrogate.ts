/**
 * The heart of LIME: a linear model, fitted to a model's scores in the neighbourhood of an example (Ribeiro, Singh
 * and Guestrin 2016).
 */
import {ConfigurationError, asGiven, unknownName} from '../core';
import type {Attributed} from './explainer';
import {FEATURE_SELECTIONS, selectFeatures} from './featureSelection';
import type {FeatureSelection} from './featureSelection';
import {lasso, momentsOf, ridge, ridgeStandardErrors} from './linear';
import {checkWholeNumber, checkWholeNumbers} from './options';

/** The linear model that stands in for a model around an example. */
export interface Surrogate {
  readonly intercept: number;
  /** The weighted R² of the fit: how much of what the model does around the example is linear. Below 0.5, doubt it. */
  readonly score: number;
  /** What the linear model says for the example itself. */
  readonly prediction: number;
  /** The features it uses, the heaviest first. */
  readonly coefficients: readonly {
    readonly feature: number;
    readonly name?: string;
    readonly weight: number;
  }[];
}

/** How the linear model is fitted: the options that the explainers of LIME share. */
export interface SurrogateOptions {
  /** How many features the linear model may use at most. */
  numFeatures?: number;
  /** How they are chosen. Default `'auto'`. */
  featureSelection?: FeatureSelection;
  /** Default `'ridge'`. A lasso leaves small coefficients out. */
  regressor?: 'ridge' | 'lasso';
  /** The penalty of the regression. Default 1 for a ridge, as in LIME, and 0.01 for a lasso, as in Captum. */
  alpha?: number;
}

export const SURROGATE_OPTIONS = ['numFeatures', 'featureSelection', 'regressor', 'alpha'];

/** Perturbed examples as the linear model sees them. The first row is the example itself. */
export interface Neighbourhood {
  /** `[weights.length, features]`, row by row. */
  readonly rows: Float64Array | Uint8Array;
  readonly features: number;
  /** How near each row is to the example. */
  readonly weights: Float64Array;
}

/** A surrogate, and by how much its coefficients would vary if the neighbourhood were drawn again, `[features]`. */
export interface Fit {
  readonly surrogate: Surrogate;
  readonly standardErrors: Float64Array;
  /** Whether too few rows are near that differ: as many as there are coefficients, or what the penalty outweighs. */
  readonly isStarved: boolean;
}

/** LIME's weight of a perturbed example: √exp(−d²/w²). */
export function nearness(distance: number, width: number): number {
  return Math.exp(-(distance * distance) / (2 * width * width));
}

/** One less the cosine of the angle between a mask that keeps some of the features and one that keeps all. */
export function maskDistance(kept: number, features: number): number {
  return 1 - Math.sqrt(kept / features);
}

/** @param targets the score explained, for each row */
export function fitSurrogate(
  {rows, features, weights}: Neighbourhood,
  targets: ArrayLike<number>,
  {
    numFeatures = features,
    featureSelection = 'auto',
    regressor = 'ridge',
    alpha = regressor === 'ridge' ? 1 : 0.01,
  }: SurrogateOptions = {},
): Fit {
  const moments = momentsOf(rows, features, targets, weights);
  const example = rows.subarray(0, features);
  const used = [...selectFeatures(moments, example, numFeatures, featureSelection)].sort((a, b) => a - b);
  const fit = regressor === 'ridge' ? ridge(moments, alpha, used) : lasso(moments, alpha, used);
  const errors =
    regressor === 'ridge' ? ridgeStandardErrors(moments, alpha, used, fit, [rows, targets, weights]) : [];
  const standardErrors = new Float64Array(features);
  used.forEach((feature, a) => (standardErrors[feature] = errors[a] ?? NaN));
  let squares = 0;
  for (const weight of weights) squares += weight ** 2;
  return {
    standardErrors,
    // Kish (1965): as many rows of equal weight would say as much.
    isStarved:
      moments.weight ** 2 / squares < used.length + 1 ||
      (regressor === 'ridge' && used.every(j => moments.gram[j * features + j]! < alpha)),
    surrogate: {
      intercept: fit.intercept,
      score: fit.score,
      prediction: used.reduce((sum, j, a) => sum + fit.coefficients[a]! * example[j]!, fit.intercept),
      coefficients: used
        .map((feature, a) => ({feature, weight: fit.coefficients[a]!}))
        .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight)),
    },
  };
}

/** @throws ConfigurationError for an option that cannot mean anything. */
export function checkSurrogateOptions(
  method: string,
  options: SurrogateOptions & {samples?: number; kernelWidth?: number},
): void {
  const {numFeatures, featureSelection = 'auto', regressor = 'ridge', alpha = 0} = options;
  const {samples, kernelWidth = 1} = options;
  checkWholeNumbers(method, options);
  checkWholeNumber(method, 'samples', samples, 2);
  checkWholeNumber(method, 'numFeatures', numFeatures);
  if (!FEATURE_SELECTIONS.includes(featureSelection)) {
    throw unknownName(`feature selection of ${method}`, featureSelection, FEATURE_SELECTIONS);
  }
  if (regressor !== 'ridge' && regressor !== 'lasso') {
    throw unknownName(`regressor of ${method}`, regressor, ['ridge', 'lasso']);
  }
  const refuse = (name: string, found: unknown, expected: string): never => {
    throw new ConfigurationError(`${name} of ${method} is ${asGiven(found)}.`, {hint: `Give ${expected}.`});
  };
  if (!(alpha >= 0)) refuse('alpha', alpha, 'a number that is not negative');
  if (!(kernelWidth > 0)) refuse('kernelWidth', kernelWidth, 'a positive number');
}

/** Below this R² the linear model says little. */
const DOUBTFUL = 0.2;

/** What a reader should know of a poor fit. */
export function warnOfPoorFit(
  fits: readonly Fit[],
  warn: (message: string) => void,
  remedy = 'lower kernelWidth to look closer',
): void {
  if (fits.some(({isStarved}) => isStarved)) {
    warn('Hardly any example that differs is near enough to count: raise kernelWidth, or samples.');
    return;
  }
  const worst = Math.min(...fits.map(({surrogate}) => surrogate.score));
  if (worst >= DOUBTFUL) return;
  warn(
    `The linear model explains ${(100 * Math.max(0, worst)).toFixed(0)} % of what the model does around an example ` +
      `(R²): its coefficients say little. You can ${remedy}, or use a Shapley method.`,
  );
}

/** The coefficients of each example, the standard errors and the surrogates: what an explanation holds of LIME. */
export function attributedBy(
  fits: readonly Fit[],
  width: number,
  names?: readonly (readonly string[])[],
): Pick<Attributed, 'attributions' | 'standardErrors' | 'surrogates' | 'baseValues'> {
  const shape = [fits.length, width];
  const data = new Float32Array(fits.length * width);
  const errors = new Float32Array(fits.length * width);
  fits.forEach(({surrogate, standardErrors}, i) => {
    for (const {feature, weight} of surrogate.coefficients) data[i * width + feature] = weight;
    errors.set(standardErrors, i * width);
  });
  return {
    attributions: [{data, shape}],
    baseValues: Float32Array.from(fits, ({surrogate}) => surrogate.intercept),
    ...(errors.every(Number.isFinite) && {standardErrors: [{data: errors, shape}]}),
    surrogates: fits.map(({surrogate}, i) => ({
      ...surrogate,
      coefficients: surrogate.coefficients.map(({feature, weight}) => {
        const name = names?.[i]?.[feature];
        return {feature, weight, ...(name !== undefined && {name})};
      }),
    })),
  };
}
