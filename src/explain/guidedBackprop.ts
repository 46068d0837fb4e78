import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {ExplainerOptions} from './explainer';
import {GradientExplainer} from './gradientExplainer';
import type {GradientAttributions, GradientRequest} from './gradientExplainer';
import {withGradientRules} from './gradientRules';
import type {GradientRule} from './gradientRules';
import type {ExplainableModel} from './model';
import {plainGradients} from './saliency';

/**
 * Guided backpropagation (Springenberg, Dosovitskiy, Brox and Riedmiller 2014): the gradient, but a relu hands on only
 * what is positive, both in its input and in what comes back. It shows sharp edges, and says less about the class.
 *
 * Only relu and relu6 have the rule; other activations keep their gradients.
 *
 * @throws ConfigurationError for an unknown option, several outputs without a choice, or an asynchronous function.
 *
 * @example
 * const layer = layers.layers.dense({units: 2, inputShape: [3], activation: 'relu'});
 * const model = layers.sequential({layers: [layer]});
 * const explanation = await new GuidedBackprop(model).explain(tf.tensor2d([[1, 2, 3]]));
 * explanation.shape; // [1, 3]
 */
export class GuidedBackprop extends GradientExplainer<ExplainerOptions> {
  override readonly isRowwise = true;

  constructor(model: ExplainableModel, options: ExplainerOptions = {}) {
    super('GuidedBackprop', model, options);
  }

  async attribute(request: GradientRequest): Promise<GradientAttributions> {
    return {attributions: await guidedGradients(request, 'guided')};
  }
}

/**
 * Deconvolution (Zeiler and Fergus 2013): the gradient, but a relu hands back what is positive there, whatever its
 * input was. Only relu and relu6 have the rule.
 *
 * @throws as `GuidedBackprop`.
 *
 * @example
 * const layer = layers.layers.dense({units: 2, inputShape: [3], activation: 'relu'});
 * const model = layers.sequential({layers: [layer]});
 * const explanation = await new Deconvolution(model).explain(tf.tensor2d([[1, 2, 3]]));
 * explanation.shape; // [1, 3]
 */
export class Deconvolution extends GradientExplainer<ExplainerOptions> {
  override readonly isRowwise = true;

  constructor(model: ExplainableModel, options: ExplainerOptions = {}) {
    super('Deconvolution', model, options);
  }

  async attribute(request: GradientRequest): Promise<GradientAttributions> {
    return {attributions: await guidedGradients(request, 'deconvolution')};
  }
}

/** Gradients at the site with a rule for relu; the caller disposes them. */
export async function guidedGradients(
  request: GradientRequest,
  rule: 'guided' | 'deconvolution',
): Promise<Tensor[]> {
  let met = false;
  const relu: GradientRule = original => ({
    ...original,
    gradFunc: (dy, saved, attrs) => {
      met = true;
      const back = tf.relu(dy as Tensor);
      return rule === 'deconvolution' ? {x: () => back} : original.gradFunc(back, saved, attrs);
    },
  });
  const gradients = await plainGradients(request, undefined, run =>
    withGradientRules({Relu: relu, Relu6: relu}, run),
  );
  if (!met) request.warn('The model has no relu on the way: these are its plain gradients.');
  return gradients;
}
