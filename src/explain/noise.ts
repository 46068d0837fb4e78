/** Normal noise that samples of an input are drawn with. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, Random, ShapeError, asGiven} from '../core';

/**
 * How much noise: its standard deviation as a share of the range of each example's values, or as it is; or the noise
 * itself, `[samples, batch, …]`, for each input where there are several.
 */
export type Noise = number | {readonly absolute: number} | Tensor | readonly Tensor[];

/** @throws ConfigurationError for noise that is below zero or no number. */
export function checkNoise(method: string, noise: Noise): void {
  if (isGiven(noise)) return;
  const deviation: unknown =
    typeof noise === 'number' ? noise : (noise as {absolute?: unknown} | null)?.absolute;
  if (Number.isFinite(deviation) && (deviation as number) >= 0) return;
  throw new ConfigurationError(`The noise of ${method} is ${asGiven(noise === null ? noise : deviation)}.`, {
    hint: 'Give its standard deviation: 0.15 for that share of the range, or {absolute: 0.5}.',
    code: 'configuration/noise',
  });
}

/** How many samples given noise is for; undefined where it is drawn. */
export function givenSamples(noise: Noise): number | undefined {
  return isGiven(noise) ? listed(noise)[0]?.shape[0] : undefined;
}

/**
 * Noise for some samples of all examples of one input, `[count · batch, …]`, sample by sample. The surrounding tidy's.
 *
 * @param place which of the inputs it is
 * @throws ShapeError for given noise that does not fit.
 */
export function noiseFor(
  noise: Noise,
  value: Tensor,
  {seed, place, first, count}: {seed: number; place: number; first: number; count: number},
): Tensor {
  const [batch = 0, ...rest] = value.shape;
  if (isGiven(noise)) {
    const given = listed(noise)[place];
    if (given === undefined || !tf.util.arraysEqual(given.shape.slice(1), value.shape)) {
      throw new ShapeError(`The noise of input ${place} has shape [${given?.shape.join(', ') ?? ''}].`, {
        hint: `It must be [samples, ${value.shape.join(', ')}].`,
        code: 'shape/noise',
      });
    }
    const starts = [first, ...value.shape.map(() => 0)];
    return tf.reshape(tf.slice(given, starts, [count, ...value.shape]), [count * batch, ...rest]);
  }
  if (noise === 0) return tf.zeros([count * batch, ...rest]);
  const size = value.size / batch;
  const drawn = new Float32Array(count * value.size);
  for (let row = 0; row < count * batch; row++) {
    const random = new Random(seed, 'noise', place, first + Math.floor(row / batch), row % batch);
    for (let i = row * size; i < (row + 1) * size; i++) drawn[i] = random.normal();
  }
  const normal = tf.tensor(drawn, [count * batch, ...rest]);
  if (typeof noise !== 'number') return tf.mul(normal, noise.absolute);
  const axes = rest.map((_, i) => i + 1);
  const range = tf.sub(tf.max(value, axes, true), tf.min(value, axes, true));
  return tf.mul(normal, tf.mul(tf.tile(range, [count, ...rest.map(() => 1)]), noise));
}

function isGiven(noise: Noise): noise is Tensor | readonly Tensor[] {
  return Array.isArray(noise) || noise instanceof tf.Tensor;
}

function listed(noise: Tensor | readonly Tensor[]): readonly Tensor[] {
  return noise instanceof tf.Tensor ? [noise] : noise;
}
