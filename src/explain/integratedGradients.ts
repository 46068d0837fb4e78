import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {unknownName} from '../core';
import {baselinesFor} from './baseline';
import type {Baseline} from './baseline';
import type {ExplainerOptions} from './explainer';
import {GradientExplainer} from './gradientExplainer';
import type {GradientAttributions, GradientRequest} from './gradientExplainer';
import type {ExplainableModel, ScoredModel} from './model';
import {RULES} from './quadrature';
import type {Rule} from './quadrature';
import {sumRows} from './rows';
import {gradientsAt, inputSite, layerSite} from './site';
import type {Site} from './site';
import {nextTurn} from './turns';

export interface IntegratedGradientsOptions extends ExplainerOptions {
  /** Where the path begins; default 0. */
  baseline?: Baseline;
  /** Gradients along the path. Default 50. */
  steps?: number;
  /** Where along the path they are taken, and how they are weighed. Default `'gaussLegendre'`. */
  rule?: Rule;
  /** Default true: attributions, which sum up to the difference of the scores. False: the mean gradient. */
  multiplyByInputs?: boolean;
}

/**
 * Integrated gradients (Sundararajan, Taly and Yan 2017): the gradients along the straight path from a baseline to the
 * input, times their difference. The attributions sum up to the difference of the two scores, up to what the steps
 * miss: `deltas` says how much that is.
 *
 * Words are attributed at their embeddings, along the path from the baseline's words.
 *
 * @throws ConfigurationError for an unknown option or too few steps, ShapeError for a baseline that does not fit.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.dense({units: 2, inputShape: [3]})]});
 * const explanation = await new IntegratedGradients(model, {steps: 20}).explain(tf.tensor2d([[1, 2, 3]]));
 * explanation.deltas; // Float32Array [1], close to zero
 */
export class IntegratedGradients extends GradientExplainer<IntegratedGradientsOptions> {
  constructor(
    model: ExplainableModel,
    options: IntegratedGradientsOptions = {},
    method = 'IntegratedGradients',
    siteOf: (model: ScoredModel) => Site = inputSite,
    ownOptions: readonly string[] = [],
  ) {
    super(method, model, options, ['baseline', 'steps', 'rule', 'multiplyByInputs', ...ownOptions], siteOf);
    const {rule = 'gaussLegendre'} = options;
    if (!Object.hasOwn(RULES, rule)) throw unknownName('rule', rule, Object.keys(RULES));
  }

  async attribute(request: GradientRequest): Promise<GradientAttributions> {
    const {inputs, values, dy, site, model, batchSize, count, signal} = request;
    const {baseline = 0, steps = 50, rule = 'gaussLegendre', multiplyByInputs = true} = this.options;
    const {points, weights} = RULES[rule](steps);
    const batch = dy.shape[0];
    const held: Tensor[] = [];
    const hold = (tensors: Tensor[]): Tensor[] => {
      held.push(...tensors);
      return tensors;
    };
    try {
      const baseInputs = hold(await baselinesFor(baseline, inputs));
      const bases = hold(tf.tidy(() => site.read(baseInputs).map(tensor => tensor.clone())));
      const baseScores = hold([tf.tidy(() => tf.sum(tf.mul(model.score(baseInputs), dy), 1))])[0]!;
      count(batch);
      let sums = hold(values.map(value => tf.zerosLike(value)));
      for (let first = 0; first < batch * steps; first += batchSize) {
        await nextTurn(signal);
        const rows = Array.from({length: Math.min(batchSize, batch * steps - first)}, (_, i) => first + i);
        const next = tf.tidy(() => {
          const examples = rows.map(row => Math.floor(row / steps));
          const example = tf.tensor1d(examples, 'int32');
          const at = rows.map(row => points[row % steps]!);
          const weigh = rows.map(row => weights[row % steps]!);
          const along = values.map((value, i) => between(bases[i]!, value, example, at));
          const rowInputs = inputs.map(input => tf.gather(input, example));
          const {gradients} = gradientsAt(site, rowInputs, along, tf.gather(dy, example));
          return gradients.map((gradient, i) => tf.add(sums[i]!, sumRows(gradient, examples, batch, weigh)));
        });
        count(rows.length, rows.length);
        tf.dispose(sums);
        sums = hold(next);
      }
      const baseValues = Float32Array.from(await baseScores.data());
      const attributions = tf.tidy(() =>
        sums.map((sum, i) => (multiplyByInputs ? tf.mul(sum, tf.sub(values[i]!, bases[i]!)) : sum.clone())),
      );
      return {attributions, ...(multiplyByInputs && {baseValues})};
    } finally {
      tf.dispose(held);
    }
  }
}

export interface LayerIntegratedGradientsOptions extends IntegratedGradientsOptions {
  /** The layer, by its name or path. */
  layer: string;
}

/**
 * Integrated gradients at the output of a layer: from what it gives for the baseline to what it gives for the input.
 * The attributions have the shape of the layer's output, and sum up where nothing goes around the layer.
 *
 * @throws ConfigurationError for a layer that does not exist, and as `IntegratedGradients`.
 *
 * @example
 * const {dense} = layers.layers;
 * const hidden = dense({name: 'hidden', units: 4, activation: 'relu', inputShape: [3]});
 * const model = layers.sequential({layers: [hidden, dense({units: 2})]});
 * const explainer = new LayerIntegratedGradients(model, {layer: 'hidden'});
 * (await explainer.explain(tf.tensor2d([[1, 2, 3]]))).shape; // [1, 4]
 */
export class LayerIntegratedGradients extends IntegratedGradients {
  protected override readonly remedy =
    'Raise the number of steps; no number of them counts what goes around the layer.';

  constructor(model: ExplainableModel, options: LayerIntegratedGradientsOptions) {
    const {layer} = options ?? {};
    super(model, options, 'LayerIntegratedGradients', scored => layerSite(scored, layer), ['layer']);
  }
}

/** `base + α (value − base)` for each row: its example, and how far along the path it is. */
function between(base: Tensor, value: Tensor, example: tf.Tensor1D, at: readonly number[]): Tensor {
  const alpha = tf.tensor(Float32Array.from(at), [at.length, ...value.shape.slice(1).map(() => 1)]);
  const from = tf.gather(base, example);
  return tf.add(from, tf.mul(alpha, tf.sub(tf.gather(value, example), from)));
}
