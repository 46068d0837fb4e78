import {CoalitionExplainer} from './coalitionExplainer';
import type {CoalitionOptions} from './coalitionExplainer';
import type {Game} from './game';
import type {ExplainableModel} from './model';
import type {Played} from './playedValues';

/**
 * How much the score falls without each feature, when it alone is replaced by its baseline (Zeiler and Fergus 2014 for
 * segments; as Captum's FeatureAblation). It costs a row for each feature. What features do only together is counted for
 * each, so that the attributions promise no sum.
 *
 * @throws ConfigurationError for an unknown option, ShapeError for a baseline or feature mask that does not fit.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.dense({units: 2, inputShape: [3]})]});
 * const explainer = new FeatureAblation(model, {featureMask: [0, 0, 1]});
 * const explanation = await explainer.explain(tf.tensor2d([[1, 2, 3]]), {target: 1});
 * explanation.values; // Float32Array [3]: the first two are the same
 */
export class FeatureAblation extends CoalitionExplainer<CoalitionOptions> {
  constructor(model: ExplainableModel, options: CoalitionOptions = {}) {
    super('FeatureAblation', model, options);
  }

  protected async play(game: Game): Promise<Played> {
    return playLeavingOut(game);
  }
}

/** What the score loses without each player, a chunk of them at a time. */
export async function playLeavingOut(game: Game): Promise<Played> {
  const {players, columns, chunk} = game;
  const all = await game.values(new Uint8Array(players).fill(1));
  const values = new Float64Array(players * columns);
  for (let first = 0; first < players; first += chunk) {
    const count = Math.min(chunk, players - first);
    const coalitions = new Uint8Array(count * players).fill(1);
    for (let i = 0; i < count; i++) coalitions[i * players + first + i] = 0;
    const without = await game.values(coalitions);
    without.forEach((value, i) => (values[first * columns + i] = all[i % columns]! - value));
  }
  return {values, all};
}
