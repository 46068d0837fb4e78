import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, TensorLike} from '@tensorflow/tfjs-core';
import {ConfigurationError, DataError, Random, ShapeError, checkNames} from '../core';
import {ExplanationFrame, sliceRows} from './explainer';
import type {ExplainerOptions} from './explainer';
import {featuresOf} from './featureMask';
import type {FeatureMask, Features} from './featureMask';
import {measureOf} from './importanceMetric';
import type {ImportanceMetric, Measure} from './importanceMetric';
import {Importances} from './importances';
import {checkFinite, takeInputs, toTensor} from './inputs';
import type {ExplainInput} from './inputs';
import type {ExplainableModel, ScoredModel} from './model';
import {scoreInChunks} from './perturbation';
import {checkSignal} from './turns';

export type {ImportanceMetric};

export interface PermutationImportanceOptions extends ExplainerOptions {
  /** What is watched. `'mse'`, and what else says so by its name, is better where lower. */
  metric: ImportanceMetric;
  /** For metrics whose names do not say. Default for a function: true. */
  higherIsBetter?: boolean;
  /** How often each feature is shuffled. Default 5, as in scikit-learn. */
  repeats?: number;
  /** Default 0. Same seed, same importances. */
  seed?: number;
  /** Numbers that are shuffled together; for several inputs `[[0], [1]]` shuffles each as a whole. */
  featureMask?: FeatureMask;
  /** The shuffles, instead of drawn ones, `[repeats][examples]`: example `i` gets the feature of example `order[i]`. */
  permutations?: readonly ArrayLike<number>[];
}

const OWN_OPTIONS = ['metric', 'higherIsBetter', 'repeats', 'seed', 'featureMask', 'permutations'];

/**
 * How much worse a model gets on a data set when one feature is shuffled among the examples (Breiman 2001; Fisher, Rudin
 * and Dominici 2019), as scikit-learn's `permutation_importance`. Features that say the same stand in for each other:
 * both then look unimportant; group them by `featureMask`. All features go through the same shuffles.
 *
 * @throws ConfigurationError for an unknown or impossible option.
 *
 * @example
 * const model = (x: tf.Tensor) => tf.sum(tf.mul(x, [3, 1, 0]), 1);
 * const x = tf.randomNormal([50, 3], 0, 1, 'float32', 1);
 * const importance = new PermutationImportance(model, {metric: 'r2', featureNames: ['age', 'height', 'weight']});
 * const {mean, baseScore} = await importance.explain(x, model(x));
 * baseScore; // 1
 * mean[0] > mean[1]; // true
 * mean[2]; // 0
 */
export class PermutationImportance {
  private readonly model: ScoredModel;
  private readonly measure: Measure;

  constructor(
    model: ExplainableModel,
    private readonly options: PermutationImportanceOptions,
  ) {
    this.model = new ExplanationFrame('PermutationImportance', model, options, OWN_OPTIONS, 'output').model;
    const {metric, higherIsBetter} = options;
    this.measure = measureOf(metric, higherIsBetter);
  }

  /**
   * @param input examples, `[examples, …]`, at least two; they stay the caller's
   * @param targets what the metric compares the predictions with, `[examples, …]`; a function may do without
   * @throws DataError for too few examples, numbers that are not finite or missing targets, ShapeError for targets of
   * another length or a feature mask that does not fit, ConfigurationError for permutations that are none.
   */
  async explain(
    input: ExplainInput,
    targets?: Tensor | TensorLike,
    options: {signal?: AbortSignal} = {},
  ): Promise<Importances> {
    checkNames('explain()', options, ['signal']);
    const {signal} = options;
    checkSignal(signal);
    const inputs = await takeInputs(input, this.model);
    const held: Tensor[] = [...inputs];
    try {
      const examples = inputs[0]!.shape[0];
      const y = targets === undefined ? undefined : toTensor(targets, 'The array of targets');
      if (y !== undefined) {
        held.push(y);
        await checkTargets(y, examples);
      }
      const features = await this.featuresOf(inputs);
      const featureNames = this.namesOf(features.count);
      const orders = this.ordersOf(examples);
      const evaluations = {forward: 0, backward: 0};
      const {model} = this;
      const {batchSize = 100} = this.options;
      const count = (rows: number): void => void (evaluations.forward += rows);
      const score = async (build: (first: number, size: number) => Tensor[]): Promise<number> => {
        signal?.throwIfAborted();
        return this.measure.of(await scoreInChunks({model, batchSize, signal, count}, examples, build), y);
      };
      const baseScore = await score((first, size) => inputs.map(tensor => sliceRows(tensor, first, size)));
      const repeats: number[][] = [];
      for (let feature = 0; feature < features.count; feature++) {
        const drops: number[] = [];
        for (const order of orders) {
          const found = await score((first, size) =>
            shuffled(inputs, features, feature, order.subarray(first, first + size), first),
          );
          drops.push(this.measure.sign * (baseScore - found));
        }
        repeats.push(drops);
      }
      signal?.throwIfAborted();
      return new Importances({metric: this.measure.name, baseScore, repeats, featureNames, evaluations});
    } finally {
      tf.dispose(held);
    }
  }

  private async featuresOf(inputs: readonly Tensor[]): Promise<Features> {
    const of = await featuresOf(this.options.featureMask, inputs);
    const features = of(0);
    if (of(inputs[0]!.shape[0] - 1) === features) return features;
    throw new ShapeError('The feature mask differs from example to example.', {
      hint: 'Features are shuffled among the examples: give one mask for all, without a batch.',
      code: 'shape/feature-mask',
    });
  }

  private namesOf(features: number): readonly string[] {
    const {featureNames} = this.options;
    if (featureNames === undefined) return Array.from({length: features}, (_, i) => `feature ${i}`);
    if (featureNames.length === features) return [...featureNames];
    throw new ConfigurationError(`There are ${featureNames.length} featureNames for ${features} features.`, {
      hint: 'Give one for each feature; of a featureMask, in the order of its integers.',
    });
  }

  private ordersOf(examples: number): readonly Int32Array[] {
    if (examples < 2) {
      throw new DataError('There is one example, and nothing to shuffle it with.', {
        hint: 'Give the validation data, with many examples.',
        code: 'data/examples',
      });
    }
    const {permutations, repeats = 5, seed = 0} = this.options;
    if (permutations === undefined) {
      return Array.from({length: repeats}, (_, repeat) =>
        Int32Array.from(new Random(seed, 'PermutationImportance', repeat).permutation(examples)),
      );
    }
    return Array.from(permutations, (order, repeat) => {
      const whole = Array.from(order);
      const isPermutation =
        whole.length === examples &&
        new Set(whole).size === examples &&
        whole.every(place => Number.isInteger(place) && place >= 0 && place < examples);
      if (isPermutation) return Int32Array.from(whole);
      throw new ConfigurationError(`permutations[${repeat}] does not order the ${examples} examples.`, {
        hint: `It holds each of 0 to ${examples - 1} once.`,
      });
    });
  }
}

async function checkTargets(targets: Tensor, examples: number): Promise<void> {
  const length = targets.shape[0] ?? 0;
  if (targets.rank === 0 || length !== examples) {
    throw new ShapeError(
      `There are ${examples} examples, and targets of shape [${targets.shape.join(', ')}].`,
      {
        hint: 'Give one target for each example.',
        code: 'shape/targets',
      },
    );
  }
  await checkFinite(targets, 'The array of targets');
}

/** Rows from `first` on, with one feature taken from the examples in `order`. */
function shuffled(
  inputs: readonly Tensor[],
  {labels}: Features,
  feature: number,
  order: Int32Array,
  first: number,
): Tensor[] {
  return tf.tidy(() =>
    inputs.map((input, i) => {
      const rows = sliceRows(input, first, order.length);
      if (!labels[i]!.includes(feature)) return rows;
      const others = tf.gather(input, tf.tensor1d(order, 'int32'));
      const own = Uint8Array.from(labels[i]!, label => Number(label === feature));
      return tf.where(tf.tensor(own, [1, ...input.shape.slice(1)], 'bool'), others, rows);
    }),
  );
}
