import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {LayersModel, models} from '@tensorflow/tfjs-layers';
import {ConfigurationError, Random, UnsupportedLayerError, asGiven, checkNames} from '../../core';
import type {Explainer} from '../explainer';
import type {ExplainInput, Target} from '../inputs';
import {checkWholeNumbers} from '../options';
import {spearman} from './agreement';

/** How weights are randomized. */
export interface RandomizationOptions {
  /** Which score to explain, before and after. */
  target?: Target;
  /** Default 0. */
  seed?: number;
  /** Ends the work with the signal's reason. */
  signal?: AbortSignal;
}

/** What is left of an explanation after a layer, and those above it, have lost what they learned. */
export interface RandomizationStep {
  readonly layer: string;
  /** Spearman's correlation with the explanation of the trained model, the mean over the examples. */
  readonly similarity: number;
  /** The same of |attributions|, which tells an edge detector from an explanation. */
  readonly absoluteSimilarity: number;
}

/**
 * A sanity check (Adebayo, Gilmer, Muelly, Goodfellow, Hardt and Kim 2018): from the last layer to the first, weights
 * are shuffled, and the explanations compared with those of the trained model. An explanation that stays similar does
 * not explain the model. All of it happens to a copy: the model given is only read.
 *
 * @param explainerOf makes the explainer for a model
 * @returns one step for each layer with weights, the last layer first
 * @throws UnsupportedLayerError for a model that cannot be copied, ConfigurationError for one without weights, or for an
 * explainer of another model than the copy.
 *
 * @example
 * const {dense} = layers.layers;
 * const hidden = dense({name: 'hidden', units: 4, activation: 'relu', inputShape: [3]});
 * const model = layers.sequential({layers: [hidden, dense({name: 'last', units: 2})]});
 * const steps = await randomizationCheck(model, copy => new Saliency(copy), tf.ones([1, 3]));
 * steps.map(({layer}) => layer); // ['last', 'hidden']
 */
export async function randomizationCheck(
  model: LayersModel,
  explainerOf: (model: LayersModel) => Explainer,
  input: ExplainInput,
  options: RandomizationOptions = {},
): Promise<RandomizationStep[]> {
  checkNames('randomizationCheck()', options, ['target', 'seed', 'signal']);
  checkWholeNumbers('randomizationCheck()', options);
  if (!(model instanceof LayersModel) || typeof explainerOf !== 'function') {
    throw new ConfigurationError(
      `randomizationCheck() was given ${asGiven(model)} and ${asGiven(explainerOf)}.`,
      {hint: 'Give a LayersModel, and copy => new Saliency(copy), which explains the copy that it is given.'},
    );
  }
  const {target, seed = 0, signal} = options;
  const random = new Random(seed);
  const copy = await copyOf(model);
  try {
    const explain = async (which?: Target) =>
      explainerOf(copy).explain(input, {
        ...(which !== undefined && {target: which}),
        ...(signal && {signal}),
      });
    const trained = await explain(target);
    const steps: RandomizationStep[] = [];
    let last = trained;
    for (const layer of copy.layers.toReversed()) {
      if (layer.weights.length === 0) continue;
      await shuffle(
        layer.weights.map(weight => weight.read()),
        random,
        weights => layer.setWeights(weights),
      );
      last = await explain(trained.targets);
      const {values, batch} = last;
      const size = values.length / batch;
      const mean = (of: (value: number) => number): number =>
        Array.from({length: batch}, (_, i) =>
          spearman(
            values.subarray(i * size, (i + 1) * size).map(of),
            trained.values.subarray(i * size, (i + 1) * size).map(of),
          ),
        ).reduce((sum, value) => sum + value / batch, 0);
      steps.push({
        layer: layer.name,
        similarity: mean(value => value),
        absoluteSimilarity: mean(Math.abs),
      });
    }
    if (
      last !== trained &&
      String([last.outputs, last.values]) === String([trained.outputs, trained.values])
    ) {
      throw new ConfigurationError('Other weights change nothing, not even the scores explained.', {
        hint: 'Explain the copy that is given: copy => new Saliency(copy).',
        code: 'configuration/explainers',
      });
    }
    if (steps.length > 0) return steps;
    throw new ConfigurationError('The model has no weights to randomize.', {code: 'configuration/model'});
  } finally {
    copy.dispose();
  }
}

/** A model of its own with the same weights. */
async function copyOf(model: LayersModel): Promise<LayersModel> {
  let copy: LayersModel;
  try {
    copy = await models.modelFromJSON(
      JSON.parse(model.toJSON() as string) as Parameters<typeof models.modelFromJSON>[0],
    );
  } catch (cause) {
    throw new UnsupportedLayerError('The model cannot be copied, which the randomization check needs.', {
      hint: 'Register its own layers by tf.serialization.registerClass.',
      cause,
    });
  }
  copy.setWeights(model.getWeights());
  return copy;
}

/** Permutes the numbers of each weight: their distribution stays, what they learned goes. */
async function shuffle(weights: Tensor[], random: Random, set: (weights: Tensor[]) => void): Promise<void> {
  const shuffled: Tensor[] = [];
  try {
    for (const weight of weights) {
      const data = await weight.data();
      const values = Float32Array.from(random.permutation(data.length), from => data[from]!);
      shuffled.push(tf.tensor(values, weight.shape, weight.dtype));
    }
    set(shuffled);
  } finally {
    tf.dispose(shuffled);
  }
}
