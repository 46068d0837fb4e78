import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, Random} from '../core';
import {backgroundFor, requireBackground} from './background';
import {predictRows} from './explainer';
import type {ExplainerOptions} from './explainer';
import {GradientExplainer} from './gradientExplainer';
import type {GradientAttributions, GradientRequest} from './gradientExplainer';
import type {ExplainInput} from './inputs';
import type {ExplainableModel} from './model';
import {checkNoise, givenSamples, noiseFor} from './noise';
import type {Noise} from './noise';
import {checkWholeNumber} from './options';
import {sumRows} from './rows';
import {gradientsAt} from './site';
import {nextTurn} from './turns';

/** Where one gradient is taken: at `background + alpha (input − background)`. */
export interface GradientShapDraw {
  /** How far along the path, from 0 to 1. */
  readonly alpha: number;
  /** Which row of the background the path starts from. */
  readonly background: number;
}

export interface GradientShapOptions extends ExplainerOptions {
  /** Examples that stand for the data, such as a hundred of the training set. */
  background: ExplainInput;
  /** Gradients for each example. Default 200. */
  samples?: number;
  /** Noise on the input. Default 0. */
  noise?: Noise;
  /** What is drawn from. Default 0. */
  seed?: number;
  /** The draws themselves, the same for all examples, to compare models by: nothing else is drawn then. */
  draws?: readonly GradientShapDraw[];
}

/**
 * Gradient SHAP, or expected gradients (Lundberg and Lee 2017; Erion et al. 2019): the mean of gradients on the ways
 * from a background to the input, times their differences. It approximates Shapley values; the attributions sum up to
 * the score less `baseValues`, the mean score of the background, as far as the samples reach: see `deltas`.
 *
 * Each example has its own draws: they spread evenly over the ways and the background, so the error is below
 * `standardErrors`, which take them for independent.
 *
 * @throws ConfigurationError for no background, ShapeError for one that does not fit.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.dense({units: 2, inputShape: [3]})]});
 * const background = tf.tensor2d([[0, 0, 0], [1, 1, 1]]);
 * const explanation = await new GradientShap(model, {background, samples: 50}).explain(tf.tensor2d([[1, 2, 3]]));
 * explanation.standardErrors!.length; // 1
 */
export class GradientShap extends GradientExplainer<GradientShapOptions> {
  protected override readonly remedy = 'Raise the number of samples.';

  constructor(model: ExplainableModel, options: GradientShapOptions) {
    super('GradientShap', model, options, ['background', 'samples', 'noise', 'seed', 'draws']);
    requireBackground('GradientShap', options);
    const {noise = 0, draws, samples = draws?.length ?? givenSamples(noise) ?? 200} = options;
    checkWholeNumber('GradientShap', 'samples', samples);
    checkNoise('GradientShap', noise);
    const most = Math.min(draws?.length ?? samples, givenSamples(noise) ?? samples);
    if (samples <= most) return;
    throw new ConfigurationError(`Draws or noise are given for ${most} samples, not for ${samples}.`);
  }

  async attribute(request: GradientRequest): Promise<GradientAttributions> {
    const {inputs, values, dy, site, model, batchSize, targets, count, signal} = request;
    const {background, noise = 0, seed = 0, draws: given} = this.options;
    const {samples = given?.length ?? givenSamples(noise) ?? 200} = this.options;
    const batch = targets.length;
    const baseInputs = await backgroundFor(background, request);
    const held = [...baseInputs];
    let sums: Tensor[] = [];
    try {
      const size = baseInputs[0]!.shape[0];
      const draws = targets.map(
        (_, example) => given ?? drawsOf(new Random(seed, 'draws', example), samples, size),
      );
      checkDraws(draws[0]!, size);
      const bases = tf.tidy(() => site.read(baseInputs).map(tensor => tensor.clone()));
      held.push(...bases);
      const scores = await predictRows(
        model,
        baseInputs,
        batchSize,
        signal,
        row => `row ${row} of the background`,
      );
      count(scores.rows);
      sums = [...values, ...values].map(value => tf.zerosLike(value));
      // Rows go sample by sample, so that noise for a few samples of all examples is made at a time.
      const perCall = Math.max(1, Math.floor(batchSize / batch));
      for (let first = 0; first < samples; first += perCall) {
        await nextTurn(signal);
        const taken = Math.min(perCall, samples - first);
        const example = Array.from({length: taken * batch}, (_, row) => row % batch);
        const drawn = example.map((of, row) => draws[of]![first + Math.floor(row / batch)]!);
        const before = sums;
        sums = tf.tidy(() => {
          const rows = tf.tensor1d(example, 'int32');
          const from = tf.tensor1d(
            drawn.map(draw => draw.background),
            'int32',
          );
          const ways = values.map((value, place) => {
            const start = tf.gather(bases[place]!, from);
            const noisy = tf.add(
              tf.gather(value, rows),
              noiseFor(noise, value, {seed, place, first, count: taken}),
            );
            const ones = value.shape.slice(1).map(() => 1);
            const alpha = tf.tensor(
              drawn.map(draw => draw.alpha),
              [drawn.length, ...ones],
            );
            const way = tf.sub(noisy, start);
            return {way, at: tf.add(start, tf.mul(alpha, way))};
          });
          const rowInputs = inputs.map(input => tf.gather(input, rows));
          const at = ways.map(way => way.at);
          const {gradients} = gradientsAt(site, rowInputs, at, tf.gather(dy, rows));
          const parts = gradients.map((gradient, i) => tf.mul(gradient, ways[i]!.way));
          return [...parts, ...parts.map(part => tf.square(part))].map((part, i) =>
            tf.add(before[i]!, sumRows(part, example, batch)),
          );
        });
        count(example.length, example.length);
        tf.dispose(before);
      }
      const result = tf.tidy(() => meansOf(sums, samples));
      return {
        ...result,
        baseValues: Float32Array.from(targets, target => {
          let sum = 0;
          for (let row = 0; row < size; row++) sum += scores.data[row * scores.outputs + target]!;
          return sum / size;
        }),
      };
    } finally {
      tf.dispose([...held, ...sums]);
    }
  }
}

/** Means of the parts and their standard errors, from sums and sums of squares. */
function meansOf(
  sums: readonly Tensor[],
  samples: number,
): {attributions: Tensor[]; standardErrors: Tensor[]} {
  const squares = sums.slice(sums.length / 2);
  const attributions = sums.slice(0, squares.length).map(sum => tf.div(sum, samples));
  const standardErrors = (samples === 1 ? [] : squares).map((square, i) => {
    const variance = tf.relu(tf.sub(tf.div(square, samples), tf.square(attributions[i]!)));
    return tf.sqrt(tf.div(variance, samples - 1));
  });
  return {attributions, standardErrors};
}

/**
 * Draws that spread evenly: each row of the background as often as the others, and its ways in as many parts, with one
 * draw in each; in each round over the background the draws spread over their parts as well.
 */
function drawsOf(random: Random, samples: number, size: number): GradientShapDraw[] {
  const rounds = Math.ceil(samples / size);
  const perRound = Math.min(samples, size);
  const parts = Array.from({length: size}, () => random.permutation(rounds));
  const draws: GradientShapDraw[] = [];
  for (let round = 0; round < rounds; round++) {
    const rows = random.permutation(size);
    const places = random.permutation(perRound);
    for (let i = 0; i < perRound && draws.length < samples; i++) {
      const background = rows[i]!;
      const alpha = (parts[background]![round]! + (places[i]! + random.uniform()) / perRound) / rounds;
      draws.push({alpha, background});
    }
  }
  return draws;
}

function checkDraws(draws: readonly GradientShapDraw[], size: number): void {
  const wrong = draws.find(
    ({alpha, background}) =>
      !(alpha >= 0 && alpha <= 1 && Number.isInteger(background) && background >= 0 && background < size),
  );
  if (wrong === undefined) return;
  throw new ConfigurationError(
    `A draw is at ${wrong.alpha} from row ${wrong.background} of the background.`,
    {
      hint: `'alpha' goes from 0 to 1, 'background' from 0 to ${size - 1}.`,
      code: 'configuration/draws',
    },
  );
}
