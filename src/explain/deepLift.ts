import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import {baselinesFor} from './baseline';
import type {Baseline} from './baseline';
import {multipliersAt} from './deepLiftRules';
import type {ExplainerOptions} from './explainer';
import {GradientExplainer} from './gradientExplainer';
import type {GradientAttributions, GradientRequest} from './gradientExplainer';
import type {ExplainableModel} from './model';
import {sumRows} from './rows';
import {nextTurn} from './turns';

export interface DeepLiftOptions extends ExplainerOptions {
  /** What the input is compared with; default 0. */
  baseline?: Baseline;
  /** Default true: attributions, which sum up to the difference of the scores. False: the multipliers. */
  multiplyByInputs?: boolean;
}

/**
 * DeepLIFT with the rescale rule (Shrikumar, Greenside and Kundaje 2017): one pass forward and back over the input and
 * a baseline, in which each activation hands back the difference of its outputs over that of its inputs. Max-pooling
 * follows shap's cross-max rule, products of two inputs are split evenly, all that is linear has its gradient. The
 * attributions sum up to the difference of the two scores.
 *
 * It works on operations, so layers and activations may be shared, and functions and GraphModels be explained; words
 * are attributed at their embeddings. Explain logits: there is no rule for a softmax.
 *
 * @throws UnsupportedLayerError for an operation that has no rule, ShapeError for a baseline that does not fit.
 *
 * @example
 * const layer = layers.layers.dense({units: 2, inputShape: [3], activation: 'relu'});
 * const model = layers.sequential({layers: [layer]});
 * const explanation = await new DeepLift(model).explain(tf.tensor2d([[1, 2, 3]]));
 * explanation.deltas; // Float32Array [1], close to zero
 */
export class DeepLift extends GradientExplainer<DeepLiftOptions> {
  protected override readonly remedy =
    'Some operation mixes examples, or float32 has too few digits for it: take IntegratedGradients.';

  constructor(model: ExplainableModel, options: DeepLiftOptions = {}) {
    super('DeepLift', model, options, ['baseline', 'multiplyByInputs']);
  }

  async attribute(request: GradientRequest): Promise<GradientAttributions> {
    const {baseline = 0, multiplyByInputs = true} = this.options;
    const baselines = await baselinesFor(baseline, request.inputs);
    try {
      const pairs = request.targets.map((_, i) => ({example: i, base: i}));
      return await attributePairs(request, {baselines, pairs, multiplyByInputs});
    } finally {
      tf.dispose(baselines);
    }
  }
}

/** Which examples are compared with which baselines. */
export interface Comparisons {
  /** Inputs of the baselines, `[baselines, …]`. */
  readonly baselines: readonly Tensor[];
  /** As many for each example. */
  readonly pairs: readonly {readonly example: number; readonly base: number}[];
  readonly multiplyByInputs: boolean;
}

/** The mean of DeepLIFT over the pairs of each example: tensors that the caller disposes. */
export async function attributePairs(
  request: GradientRequest,
  {baselines, pairs, multiplyByInputs}: Comparisons,
): Promise<GradientAttributions> {
  const {inputs, values, dy, site, batchSize, count, signal} = request;
  const batch = dy.shape[0];
  const share = batch / pairs.length;
  const bases = tf.tidy(() => site.read(baselines).map(tensor => tensor.clone()));
  const held = [...bases];
  const baseValues = new Float32Array(batch);
  let sums = values.map(value => tf.zerosLike(value));
  try {
    for (let first = 0; first < pairs.length; first += batchSize) {
      await nextTurn(signal);
      const part = pairs.slice(first, first + batchSize);
      const before = sums;
      const {next, scores} = tf.tidy(() => {
        const example = tf.tensor1d(
          part.map(pair => pair.example),
          'int32',
        );
        const base = tf.tensor1d(
          part.map(pair => pair.base),
          'int32',
        );
        const both = (rows: readonly Tensor[], others: readonly Tensor[]): Tensor[] =>
          rows.map((row, i) => tf.concat([tf.gather(row, example), tf.gather(others[i]!, base)]));
        const at = both(values, bases);
        const weights = tf.gather(dy, example);
        const found = multipliersAt(site, both(inputs, baselines), at, tf.concat([weights, weights]));
        const next = found.gradients.map((gradient, i) => {
          const [multiplier] = tf.split(gradient, 2);
          const [row, from] = tf.split(at[i]!, 2);
          const attributed = multiplyByInputs ? tf.mul(multiplier!, tf.sub(row!, from!)) : multiplier!;
          return tf.add(
            sums[i]!,
            tf.mul(
              sumRows(
                attributed,
                part.map(pair => pair.example),
                batch,
              ),
              share,
            ),
          );
        });
        const [, baseScores] = tf.split(found.scores, 2) as [Tensor2D, Tensor2D];
        return {next, scores: tf.sum(tf.mul(baseScores, weights), 1)};
      });
      count(2 * part.length, 2 * part.length);
      tf.dispose(before);
      sums = next;
      try {
        const read = await scores.data();
        part.forEach(({example}, i) => (baseValues[example]! += share * read[i]!));
      } finally {
        scores.dispose();
      }
    }
    return {attributions: sums, ...(multiplyByInputs && {baseValues})};
  } catch (error) {
    tf.dispose(sums);
    throw error;
  } finally {
    tf.dispose(held);
  }
}
