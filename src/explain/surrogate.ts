/**
 * The heart of LIME: a linear model, fitted to a model's scores in the neighbourhood of an example (Ribeiro, Singh
 * and Guestrin 2016).
 */

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
