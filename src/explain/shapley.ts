import type {Explanation} from './explanation';
import {ConfigurationError, Random, unknownName} from '../core';
import {CoalitionExplainer} from './coalitionExplainer';
import type {CoalitionOptions} from './coalitionExplainer';
import type {ExplainOptions} from './explainer';
import type {Game} from './game';
import type {ExplainInput} from './inputs';
import type {ExplainableModel} from './model';
import type {Played} from './playedValues';
import {playPermutations} from './shapleyPermutations';
import {allValues, interactionValues, shapleyValues} from './shapleyValues';

export interface ShapleyOptions extends CoalitionOptions {
  /**
   * `'exact'` (the default) asks for all 2^features coalitions, `'permutation'` adds features one by one in random
   * orders, each forth and back.
   */
  method?: 'exact' | 'permutation';
  /** Coalitions that permutations may ask for. Default 500. */
  maxEvaluations?: number;
  /** What is drawn is the same for the same seed. Default 0. */
  seed?: number;
}

const METHODS = ['exact', 'permutation'];

/**
 * Shapley values: what each feature adds to the score, averaged over all orders in which features can come (Shapley
 * 1953; by permutations: Castro, Gómez and Tejada 2009, antithetic as in Mitchell et al. 2022). They sum up to the score
 * less the mean score of the background.
 *
 * Exactly they cost `2^features × background rows` rows: up to 20 features or groups of a `featureMask`, not counting
 * those that are in every row of the background what they are in the example.
 *
 * @throws ConfigurationError for an unknown option, too many features for exact values, or too few evaluations.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.dense({units: 2, inputShape: [3]})]});
 * const explainer = new Shapley(model, {background: tf.tensor2d([[0, 0, 0], [1, 1, 1]])});
 * const explanation = await explainer.explain(tf.tensor2d([[1, 2, 3]]), {target: 1});
 * explanation.values; // Float32Array [3]
 * const pairs = await explainer.explainInteractions(tf.tensor2d([[1, 2, 3]]), {target: 1});
 * pairs.shape; // [1, 3, 3]
 */
export class Shapley extends CoalitionExplainer<ShapleyOptions> {
  constructor(model: ExplainableModel, options: ShapleyOptions = {}) {
    super('Shapley', model, options, ['method', 'maxEvaluations', 'seed']);
    const {method = 'exact', maxEvaluations} = options;
    if (!METHODS.includes(method)) throw unknownName('method of Shapley', method, METHODS);
    if (method === 'exact' && maxEvaluations !== undefined) {
      throw new ConfigurationError(
        'maxEvaluations of Shapley is for permutations: exact values ask for all.',
        {
          hint: "Say method: 'permutation', or leave maxEvaluations out.",
        },
      );
    }
  }

  /**
   * How much of each feature's value comes from being there together with each other feature, `[batch, features,
   * features]` (Fujimoto, Kojadinovic and Marichal 2006, shared out as SHAP does): symmetric, each pair's interaction is
   * in two halves; on the diagonal is what a feature adds by itself. A row sums up to the feature's Shapley value.
   *
   * @throws ConfigurationError for more than 20 features.
   */
  async explainInteractions(input: ExplainInput, options?: ExplainOptions): Promise<Explanation> {
    return this.explainGames(input, options, game => playExactly(game, interactionValues), 'pairs');
  }

  protected async play(game: Game): Promise<Played> {
    const {method = 'exact', maxEvaluations = 500, seed = 0} = this.options;
    return method === 'exact'
      ? playExactly(game, shapleyValues)
      : playPermutations(game, maxEvaluations, new Random(seed, 'Shapley'));
  }
}

async function playExactly(
  game: Game,
  solve: (values: Float64Array, players: number) => Float64Array,
): Promise<Played> {
  const {players, columns} = game;
  const found = await allValues(game);
  const ends = (last: boolean): Float64Array =>
    found.slice(last ? found.length - columns : 0, last ? found.length : columns);
  const solved = Array.from({length: columns}, (_, column) =>
    solve(
      found.filter((_, i) => i % columns === column),
      players,
    ),
  );
  const values = new Float64Array(solved[0]!.length * columns);
  solved.forEach((own, column) => own.forEach((value, i) => (values[i * columns + column] = value)));
  return {values, base: ends(false), all: ends(true)};
}
