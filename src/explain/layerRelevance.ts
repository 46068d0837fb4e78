import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, unknownName} from '../core';
import type {ExplainerOptions} from './explainer';
import {GradientExplainer} from './gradientExplainer';
import type {GradientAttributions, GradientRequest} from './gradientExplainer';
import type {ExplainableModel} from './model';
import {relevanceIntercept} from './relevanceRules';
import type {RelevanceRule} from './relevanceRules';
import {plainGradients} from './saliency';
import {findLayer} from './site';
import type {Site} from './site';

export interface LayerRelevanceOptions extends ExplainerOptions {
  /** The rule of layers with weights. Default `'epsilon'`. */
  rule?: RelevanceRule;
  /** Rules of single layers, by their names. */
  rules?: Readonly<Record<string, RelevanceRule>>;
  /** What keeps the quotients of all rules finite. Default 1e-7; more takes out what is weak. */
  epsilon?: number;
  /** How much the gamma rule favours positive weights. Default 0.25. */
  gamma?: number;
}

const RULES: readonly RelevanceRule[] = ['epsilon', 'gamma', 'zPlus'];

/**
 * Layer-wise relevance propagation (Bach et al. 2015): the score is handed back layer by layer, to inputs in proportion
 * to what they gave. `'epsilon'` follows all of it, `'gamma'` favours what speaks for the output (Montavon et al. 2019),
 * `'zPlus'` takes nothing else (Montavon et al. 2017). Activations hand relevance on as it is, max-pooling to its
 * maximum; what a bias gave is not handed on, so relevance need not sum up to the score.
 *
 * @throws ConfigurationError for a rule or a layer that does not exist, UnsupportedLayerError for a layer or an
 * activation without a rule.
 *
 * @example
 * const layer = layers.layers.dense({units: 2, inputShape: [3], activation: 'relu'});
 * const model = layers.sequential({layers: [layer]});
 * const explanation = await new LayerRelevance(model, {rule: 'gamma'}).explain(tf.tensor2d([[1, 2, 3]]));
 * explanation.shape; // [1, 3]
 */
export class LayerRelevance extends GradientExplainer<LayerRelevanceOptions> {
  override readonly isRowwise = true;

  constructor(model: ExplainableModel, options: LayerRelevanceOptions = {}) {
    super('LayerRelevance', model, options, ['rule', 'rules', 'epsilon', 'gamma']);
    const {rule = 'epsilon', rules = {}, epsilon = 1e-7, gamma = 0.25} = options;
    for (const name of [rule, ...Object.values(rules)]) {
      if (!RULES.includes(name)) throw unknownName('rule', name, RULES);
    }
    for (const layer of Object.keys(rules)) findLayer(this.frame.model, layer);
    if (!(epsilon > 0) || !(gamma >= 0)) {
      throw new ConfigurationError(`LayerRelevance cannot take epsilon ${epsilon} and gamma ${gamma}.`, {
        hint: 'Both are positive; 1e-7 and 0.25 are usual.',
      });
    }
    // Asks for the layers of a model, which functions and GraphModels do not show.
    if (this.frame.model.graph === undefined) findLayer(this.frame.model, '');
  }

  async attribute(request: GradientRequest): Promise<GradientAttributions> {
    const {rule = 'epsilon', rules = {}, epsilon = 1e-7, gamma = 0.25} = this.options;
    const ruleOf = (layer: string): RelevanceRule => rules[layer] ?? rule;
    const {site, model} = request;
    const intercept = relevanceIntercept({ruleOf, epsilon, gamma, cutAt: model.cutAt});
    const ruled: Site = {...site, score: (inputs, values) => site.score(inputs, values, intercept)};
    const finish = (gradient: Tensor, value: Tensor): Tensor => tf.mul(gradient, value);
    return {attributions: await plainGradients({...request, site: ruled}, finish)};
  }
}
