import {Random} from '../core';
import {CoalitionExplainer} from './coalitionExplainer';
import type {CoalitionOptions} from './coalitionExplainer';
import {coalitionRegression} from './constrainedLeastSquares';
import type {CoalitionRegression} from './constrainedLeastSquares';
import type {Game} from './game';
import {kernelCoalitions} from './kernelCoalitions';
import type {WeightedCoalitions} from './kernelCoalitions';
import type {ExplainableModel} from './model';
import type {Played} from './playedValues';

export interface KernelShapOptions extends CoalitionOptions {
  /**
   * Coalitions to ask for. Default 2 · features + 2,048. Where there are no more than that, 2^features − 2, all are
   * asked and the values are exact.
   */
  samples?: number;
  /** What is drawn is the same for the same seed. Default 0. */
  seed?: number;
}

/** The coalitions of a number of players: the same for every example. */
interface Design {
  readonly players: number;
  readonly coalitions: WeightedCoalitions;
  readonly regression: CoalitionRegression;
}

/**
 * Shapley values by weighted regression on coalitions of features (Lundberg and Lee 2017; standard errors in the manner
 * of Covert and Lee 2021). The values sum up exactly to the score less the mean score of the background.
 *
 * It costs `samples × background rows` rows for each example; features that are in every row of the background what they
 * are in the example are worth zero and cost nothing. Coalitions and their complements are drawn together, and
 * the regression is solved in float64. No feature is dropped: the `l1_reg` of shap leaves at most ten values.
 *
 * @throws ConfigurationError for an unknown option, too few samples, or a logit link of what is no probability;
 *   ShapeError for a background that does not fit.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.dense({units: 2, inputShape: [3]})]});
 * const background = tf.tensor2d([[0, 0, 0], [1, 1, 1]]);
 * const explanation = await new KernelShap(model, {background}).explain(tf.tensor2d([[1, 2, 3]]), {target: 1});
 * explanation.values; // Float32Array [3]
 * explanation.baseValues; // the mean score of the background
 */
export class KernelShap extends CoalitionExplainer<KernelShapOptions> {
  private design: Design | undefined;

  constructor(model: ExplainableModel, options: KernelShapOptions = {}) {
    super('KernelShap', model, options, ['samples', 'seed']);
  }

  protected async play(game: Game): Promise<Played> {
    const {players, columns} = game;
    const {none, all} = await game.ends();
    const values = new Float64Array(players * columns);
    const standardErrors = new Float64Array(players * columns);
    if (players === 1)
      return {values: all.map((value, i) => value - none[i]!), base: none, all, standardErrors};
    const {coalitions, regression} = this.designFor(players);
    const found = await game.values(coalitions.data);
    for (let column = 0; column < columns; column++) {
      const base = none[column]!;
      const gains = Float64Array.from(
        {length: coalitions.count},
        (_, i) => found[i * columns + column]! - base,
      );
      const solved = regression.solve(gains, all[column]! - base);
      for (let player = 0; player < players; player++) {
        values[player * columns + column] = solved.coefficients[player]!;
        standardErrors[player * columns + column] = solved.standardErrors[player]!;
      }
    }
    return {values, base: none, all, standardErrors};
  }

  private designFor(players: number): Design {
    if (this.design?.players === players) return this.design;
    const {samples = 2 * players + 2048, seed = 0} = this.options;
    const coalitions = kernelCoalitions(players, samples, new Random(seed, 'KernelShap'));
    this.design = {players, coalitions, regression: coalitionRegression(coalitions, players)};
    return this.design;
  }
}
