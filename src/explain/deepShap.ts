import * as tf from '@tensorflow/tfjs-core';
import {attributePairs} from './deepLift';
import type {ExplainerOptions} from './explainer';
import {GradientExplainer} from './gradientExplainer';
import type {GradientAttributions, GradientRequest} from './gradientExplainer';
import {backgroundFor, requireBackground} from './background';
import type {ExplainInput} from './inputs';
import type {ExplainableModel} from './model';

export interface DeepShapOptions extends ExplainerOptions {
  /** Examples that stand for the data, such as a hundred of the training set. */
  background: ExplainInput;
}

/**
 * DeepSHAP (Lundberg and Lee 2017): the mean of DeepLIFT over a background, which approximates Shapley values. The
 * attributions sum up to the score less `baseValues`, the mean score of the background.
 *
 * @throws UnsupportedLayerError for an operation that DeepLIFT has no rule for, DataError for no background.
 *
 * @example
 * const layer = layers.layers.dense({units: 2, inputShape: [3], activation: 'relu'});
 * const model = layers.sequential({layers: [layer]});
 * const background = tf.tensor2d([[0, 0, 0], [1, 1, 1]]);
 * const explanation = await new DeepShap(model, {background}).explain(tf.tensor2d([[1, 2, 3]]));
 * explanation.baseValues; // Float32Array [1]
 */
export class DeepShap extends GradientExplainer<DeepShapOptions> {
  protected override readonly remedy =
    'Some operation mixes examples, or float32 has too few digits for it: take GradientShap.';

  constructor(model: ExplainableModel, options: DeepShapOptions) {
    super('DeepShap', model, options, ['background']);
    requireBackground('DeepShap', options);
  }

  async attribute(request: GradientRequest): Promise<GradientAttributions> {
    const baselines = await backgroundFor(this.options.background, request);
    try {
      const size = baselines[0]!.shape[0];
      const pairs = request.targets.flatMap((_, example) =>
        Array.from({length: size}, (_, base) => ({example, base})),
      );
      return await attributePairs(request, {baselines, pairs, multiplyByInputs: true});
    } finally {
      tf.dispose(baselines);
    }
  }
}
