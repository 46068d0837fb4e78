import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import type {LayerCall} from '../graph';
import {baselinesFor} from './baseline';
import type {Baseline} from './baseline';
import {sliceRows} from './explainer';
import type {ExplainerOptions} from './explainer';
import {GradientExplainer} from './gradientExplainer';
import type {GradientAttributions, GradientRequest} from './gradientExplainer';
import type {ExplainableModel} from './model';
import {differentiate, inputSite, layerSite} from './site';
import {nextTurn} from './turns';

export interface LayerConductanceOptions extends ExplainerOptions {
  /** The layer, by its name or path. */
  layer: string;
  /** Where the path begins; default 0. */
  baseline?: Baseline;
  /** Parts of the path. Default 50. */
  steps?: number;
}

/**
 * Conductance (Dhamdhere, Sundararajan and Yan 2018): how much of the difference of the scores flows through each
 * number that a layer gives, while the input goes from the baseline to itself. Unlike integrated gradients at a layer,
 * it follows the way that the layer itself takes. The attributions have the shape of the layer's output and, where all
 * goes through that layer, sum up to the difference of the scores.
 *
 * @throws ConfigurationError for a layer that does not exist or too few steps, ShapeError for a baseline that does not fit.
 *
 * @example
 * const {dense} = layers.layers;
 * const hidden = dense({name: 'hidden', units: 4, inputShape: [3], activation: 'relu'});
 * const model = layers.sequential({layers: [hidden, dense({units: 2})]});
 * const explanation = await new LayerConductance(model, {layer: 'hidden'}).explain(tf.tensor2d([[1, 2, 3]]));
 * explanation.shape; // [1, 4]
 */
export class LayerConductance extends GradientExplainer<LayerConductanceOptions> {
  protected override readonly remedy =
    'Raise the number of steps; no number of them counts what goes around the layer.';

  constructor(model: ExplainableModel, options: LayerConductanceOptions) {
    const {layer} = options ?? {};
    super('LayerConductance', model, options, ['layer', 'baseline', 'steps'], scored =>
      layerSite(scored, layer),
    );
  }

  async attribute(request: GradientRequest): Promise<GradientAttributions> {
    const {inputs, values, dy, model, batchSize, count, signal} = request;
    const {baseline = 0, steps = 50} = this.options;
    const baseInputs = await baselinesFor(baseline, inputs);
    const held = [...baseInputs];
    const sums: Tensor[] = [];
    try {
      const baseScores = tf.tidy(() => tf.sum(tf.mul(model.score(baseInputs), dy), 1));
      held.push(baseScores);
      count(dy.shape[0]);
      for (let i = 0; i < dy.shape[0]; i++) {
        let sum = tf.zeros([1, ...values[0]!.shape.slice(1)]);
        sums.push(sum);
        // Each part of the path but the first starts from the last point of the one before.
        const perCall = Math.max(1, batchSize - 1);
        for (let first = 0; first < steps; first += perCall) {
          await nextTurn(signal);
          const points = Math.min(perCall, steps - first) + 1;
          const at = Array.from({length: points}, (_, point) => (first + point) / steps);
          const next = tf.tidy(() => tf.add(sum, this.alongPath(request, {example: i, baseInputs, at})));
          count(points, points);
          sum.dispose();
          sums[i] = sum = next;
        }
      }
      const baseValues = Float32Array.from(await baseScores.data());
      return {attributions: [tf.concat(sums)], baseValues};
    } finally {
      tf.dispose([...held, ...sums]);
    }
  }

  /** Gradient times change between the points of one example's path, by the trapezoidal rule: `[1, …]`. */
  private alongPath(
    {inputs, values, dy, model, site}: GradientRequest,
    {example, baseInputs, at}: {example: number; baseInputs: readonly Tensor[]; at: readonly number[]},
  ): Tensor {
    const path = inputSite(model);
    const row = (tensor: Tensor): Tensor => sliceRows(tensor, example, 1);
    const repeat = (tensor: Tensor): Tensor =>
      tf.tile(tensor, [at.length, ...tensor.shape.slice(1).map(() => 1)]);
    const [from, to] = [path.read(baseInputs.map(row)), path.read(inputs.map(row))];
    const rows = to.map((end, i) => {
      const alpha = tf.tensor([...at], [at.length, ...end.shape.slice(1).map(() => 1)]);
      return tf.add(from[i]!, tf.mul(alpha, tf.sub(end, from[i]!)));
    });
    const isHere = ({path, nodeIndex}: LayerCall): boolean => path === site.layer && nodeIndex === 0;
    let reached: Tensor | undefined;
    try {
      // What is added to the layer's output is zero; its gradient is that of the output.
      const scoreWith = (added: Tensor): Tensor2D =>
        path.score(
          inputs.map(input => repeat(row(input))),
          rows,
          call => {
            if (!isHere(call)) return undefined;
            const [output] = call.outputs as [Tensor];
            reached = tf.keep(output.clone());
            return [tf.add(output, added)];
          },
        );
      const weights = repeat(row(dy)) as Tensor2D;
      const zeros = tf.zeros([at.length, ...values[0]!.shape.slice(1)]);
      const gradient = differentiate(() => tf.grad(scoreWith)(zeros, weights));
      const parts = at.length - 1;
      const change = tf.sub(sliceRows(reached!, 1, parts), sliceRows(reached!, 0, parts));
      const mean = tf.div(tf.add(sliceRows(gradient, 1, parts), sliceRows(gradient, 0, parts)), 2);
      return tf.sum(tf.mul(mean, change), 0, true);
    } finally {
      reached?.dispose();
    }
  }
}
