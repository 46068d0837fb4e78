import * as tf from '@tensorflow/tfjs-core';
import {Random, checkNames} from '../../core';
import type {Explainer} from '../explainer';
import {readValues} from '../explainer';
import type {Explanation} from '../explanation';
import {takeInputs} from '../inputs';
import type {ExplainInput, Target} from '../inputs';
import {checkPositive, checkWholeNumbers} from '../options';
import {checkExplainer, movesOf} from './common';

/** How max-sensitivity is measured. */
export interface SensitivityOptions {
  /** Which score to explain; the same one while the input moves. */
  target?: Target;
  /** What is added to the inputs, row by row `[samples, batch, …]`. Default: drawn. */
  perturbations?: ArrayLike<number>;
  /** How far each number moves at most, where they are drawn. Default 0.02. */
  radius?: number;
  /** How many are drawn. Default 10. */
  samples?: number;
  /** Default 0. */
  seed?: number;
  /** Ends the work with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * By how much an explanation changes, at most, if the input moves a little: max ‖E(x + δ) − E(x)‖ / ‖E(x)‖, for each
 * example, `[batch]` (Yeh et al. 2019). Zero is best, for explainers that look at the input at all.
 *
 * @throws ConfigurationError for a radius that is not positive, or inputs of integers, which do not move; ShapeError for
 * perturbations that do not fit.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [3, 1]), 1);
 * await maxSensitivity(new Saliency(score), tf.tensor2d([[1, 1]])); // [0]
 */
export async function maxSensitivity(
  explainer: Explainer,
  input: ExplainInput,
  options: SensitivityOptions = {},
): Promise<Float32Array> {
  checkNames('maxSensitivity()', options, ['target', 'perturbations', 'radius', 'samples', 'seed', 'signal']);
  checkExplainer('maxSensitivity()', explainer);
  checkWholeNumbers('maxSensitivity()', options);
  const {radius = 0.02, seed = 0, target, signal} = options;
  checkPositive('maxSensitivity()', 'radius', radius);
  const inputs = await takeInputs(input, {inputCount: 1, graph: undefined});
  try {
    const [x] = inputs as [tf.Tensor];
    const {data, shape} = await readValues(x);
    const random = new Random(seed);
    const {moves, samples} = movesOf(
      'maxSensitivity()',
      options,
      {input: {data, shape, dtype: x.dtype}, isDiscrete: x.dtype !== 'float32'},
      () => radius * (2 * random.uniform() - 1),
    );
    const first = await explainer.explain(x, {
      ...(target !== undefined && {target}),
      ...(signal && {signal}),
    });
    const worst = new Float32Array(first.batch);
    for (let sample = 0; sample < samples; sample++) {
      const moved = data.map((value, i) => value + moves[sample * data.length + i]!);
      const near = tf.tensor(moved, [...shape]);
      try {
        const other = await explainer.explain(near, {target: first.targets, ...(signal && {signal})});
        changes(first, other).forEach((change, i) => (worst[i] = Math.max(worst[i]!, change)));
      } finally {
        near.dispose();
      }
    }
    return worst;
  } finally {
    tf.dispose(inputs);
  }
}

/** ‖other − first‖ / ‖first‖, over all inputs of an example. */
function changes(first: Explanation, other: Explanation): number[] {
  return Array.from({length: first.batch}, (_, example) => {
    let [change, size] = [0, 0];
    first.attributions.forEach(({data}, which) => {
      const per = data.length / first.batch;
      for (let i = example * per; i < (example + 1) * per; i++) {
        change += (other.attributions[which]!.data[i]! - data[i]!) ** 2;
        size += data[i]! ** 2;
      }
    });
    return change === 0 ? 0 : Math.sqrt(change / size);
  });
}
