/** What `Counterfactual` found: plain numbers, and a picture of the changes. */
import {ConfigurationError} from '../core';
import {changesPlot} from './plots';
import type {PlotOptions} from './plots';

/** One feature that changes; of one-hot columns which one is 1. */
export interface FeatureChange {
  readonly feature: string;
  readonly from: number | string;
  readonly to: number | string;
  /** What it adds to the distance, with a minus where the feature falls. */
  readonly distance: number;
}

/** What was found for one example. */
export interface CounterfactualExample {
  /** Whether the model says what was wanted. If not, `counterfactual` is the row that comes nearest to it. */
  readonly found: boolean;
  /** The example, `[features]`. */
  readonly original: Float32Array;
  /** The changed example, `[features]`. */
  readonly counterfactual: Float32Array;
  /** The features that change, those that count most first. */
  readonly changes: readonly FeatureChange[];
  /** Σ |change|, in median absolute deviations of a background if there is one; 1 for each category that changes. */
  readonly distance: number;
  /** The score that the target speaks of. */
  readonly score: {readonly output: number; readonly before: number; readonly after: number};
}

/** What `Counterfactual` found. */
export interface CounterfactualsData {
  /** One for each example. */
  readonly examples: readonly CounterfactualExample[];
  /** How many rows went through the model forward, and backward. */
  readonly evaluations: {readonly forward: number; readonly backward: number};
  /** What the reader should know, such as an example without a counterfactual, and what to do about it. */
  readonly warnings: readonly string[];
}

/** How a picture of counterfactuals looks. */
export type ChangesPlotOptions = Pick<PlotOptions, 'title' | 'width' | 'theme' | 'example'>;

/**
 * The counterfactuals of examples. Plain numbers: there is nothing to dispose.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [1, 2]), 1);
 * const found = await new Counterfactual(score, {target: 1}).explain(tf.tensor2d([[0, 0]]));
 * found.examples[0].changes.map(({feature}) => feature); // ['feature 1']
 * found.plot().startsWith('<svg'); // true
 */
export class Counterfactuals {
  constructor(readonly data: CounterfactualsData) {}

  get examples(): readonly CounterfactualExample[] {
    return this.data.examples;
  }

  get evaluations(): {readonly forward: number; readonly backward: number} {
    return this.data.evaluations;
  }

  get warnings(): readonly string[] {
    return this.data.warnings;
  }

  /** All there is, as plain arrays, for `JSON.stringify`. */
  toJSON(): object {
    return {
      ...this.data,
      examples: this.examples.map(({original, counterfactual, ...rest}) => ({
        ...rest,
        original: [...original],
        counterfactual: [...counterfactual],
      })),
    };
  }

  /**
   * A picture of the changes of one example, as SVG text: from what to what, and how far that is.
   *
   * @throws ConfigurationError for an example that does not exist, or an unknown option.
   */
  plot(options: ChangesPlotOptions = {}): string {
    const {example = 0} = options;
    const shown = this.examples[example];
    if (shown !== undefined) return changesPlot(shown, options);
    throw new ConfigurationError(`There is no example ${example}: there are ${this.examples.length}.`, {
      code: 'configuration/plot',
    });
  }
}
