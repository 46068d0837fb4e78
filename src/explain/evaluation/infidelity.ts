import {Random} from '../../core';
import type {Explanation} from '../explanation';
import type {ExplainInput} from '../inputs';
import type {ExplainableModel} from '../model';
import {checkPositive} from '../options';
import {checkSameShape, measured, movesOf, scoresOf} from './common';
import type {MeasureOptions} from './common';

/** How infidelity is measured. */
export interface InfidelityOptions extends MeasureOptions {
  /** Perturbations, row by row `[samples, batch, …]`: what is subtracted from the inputs. Default: drawn. */
  perturbations?: ArrayLike<number>;
  /** How many are drawn for each example. Default 10. */
  samples?: number;
  /** The standard deviation of those that are drawn. Default 0.1. */
  noise?: number;
  /** Scales the attributions by the number that suits them best, so that methods of other units compare. Default false. */
  normalize?: boolean;
  /** Default 0. */
  seed?: number;
}

/**
 * By how much attributions mistake what happens if the input moves: the mean of (perturbation · attributions − change
 * of the score)², for each example, `[batch]` (Yeh, Hsieh, Suggala, Inouye and Ravikumar 2019). Zero is best.
 * It suits explanations that are per unit of the input, such as gradients; let `normalize` scale others.
 *
 * @throws ShapeError for perturbations or attributions that do not fit the input, ConfigurationError for options, and for
 * inputs of integers or words, which do not move.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [3, 1]), 1);
 * const x = tf.tensor2d([[1, 1]]);
 * const explanation = await new Saliency(score, {absolute: false}).explain(x);
 * const [value] = await infidelity(score, x, explanation);
 * value < 1e-9; // true
 */
export async function infidelity(
  model: ExplainableModel,
  input: ExplainInput,
  explanation: Explanation,
  options: InfidelityOptions = {},
): Promise<Float32Array> {
  const own = ['perturbations', 'samples', 'noise', 'normalize', 'seed'];
  const work = await measured('infidelity()', model, input, options, own, explanation);
  checkSameShape('infidelity()', explanation, work);
  const {noise = 0.1, normalize = false, seed = 0} = options;
  checkPositive('infidelity()', 'noise', noise);
  const {data} = work.input;
  const random = new Random(seed);
  const {moves, samples} = movesOf('infidelity()', options, work, () => noise * random.normal());
  const {size} = work;
  const {batch, targets, values} = explanation;
  // Row 0 … batch − 1 are the examples themselves.
  const scores = await scoresOf(
    work,
    batch * (samples + 1),
    row => targets[row % batch]!,
    (row, into) => {
      const [first, from] = [(row % batch) * size, (row - batch) * size];
      for (let i = 0; i < size; i++) into[i] = data[first + i]! - (row < batch ? 0 : moves[from + i]!);
    },
  );
  return Float32Array.from({length: batch}, (_, example) => {
    const said: number[] = [];
    const changes: number[] = [];
    for (let sample = 0; sample < samples; sample++) {
      const first = (sample * batch + example) * size;
      let sum = 0;
      for (let i = 0; i < size; i++) sum += moves[first + i]! * values[example * size + i]!;
      said.push(sum);
      changes.push(scores[example]! - scores[(sample + 1) * batch + example]!);
    }
    const scale = normalize ? bestScale(said, changes) : 1;
    return said.reduce((sum, value, i) => sum + (scale * value - changes[i]!) ** 2, 0) / samples;
  });
}

/** The factor that brings one list closest to the other. */
function bestScale(said: readonly number[], changes: readonly number[]): number {
  const product = said.reduce((sum, value, i) => sum + value * changes[i]!, 0);
  const square = said.reduce((sum, value) => sum + value ** 2, 0);
  return square === 0 ? 1 : product / square;
}
