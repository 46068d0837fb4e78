/** Images with some of their segments hidden. */
import * as tf from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../core';
import {scoreInChunks} from './perturbation';
import type {Scores, Scoring} from './perturbation';
import type {ImagePixels, Segments} from './segments';
import {maskDistance, nearness} from './surrogate';
import type {Neighbourhood} from './surrogate';

/** What a hidden segment shows: its own mean, one number, or one for each channel. */
export type HideColor = 'mean' | number | readonly number[];

/** What masks of segments are to the linear model, weighted by their cosine distance. */
export function maskNeighbourhood(rows: Uint8Array, features: number, kernelWidth: number): Neighbourhood {
  const weights = Float64Array.from({length: rows.length / features}, (_, i) => {
    const kept = rows.subarray(i * features, (i + 1) * features).reduce((sum, on) => sum + on, 0);
    return nearness(maskDistance(kept, features), kernelWidth);
  });
  return {rows, features, weights};
}

/** The image with all segments hidden. */
export function hideAll(
  {data, channels}: ImagePixels,
  {labels, count}: Segments,
  hideColor: HideColor = 'mean',
): Float32Array {
  if (hideColor !== 'mean') {
    const colours =
      typeof hideColor === 'number' ? Array.from({length: channels}, () => hideColor) : hideColor;
    if (!Array.isArray(colours) || colours.length !== channels) {
      throw new ConfigurationError(
        `hideColor is ${String(hideColor)}, and the image has ${channels} channels.`,
        {
          hint: "Give 'mean', a number, or one number for each channel.",
        },
      );
    }
    return Float32Array.from(data, (_, i) => (colours as readonly number[])[i % channels]!);
  }
  const sums = new Float64Array(count * channels);
  const pixels = new Float64Array(count);
  labels.forEach((segment, at) => {
    pixels[segment]! += 1;
    for (let c = 0; c < channels; c++) sums[segment * channels + c]! += data[at * channels + c]!;
  });
  return Float32Array.from(data, (_, i) => {
    const segment = labels[Math.floor(i / channels)]!;
    return sums[segment * channels + (i % channels)]! / pixels[segment]!;
  });
}

/** Scores of an image while the segments that a mask has as zero are hidden, a row for each mask. */
export async function scoreMasked(
  scoring: Scoring,
  {data, height, width, channels}: ImagePixels,
  hidden: Float32Array,
  {labels, count}: Segments,
  masks: Uint8Array,
): Promise<Scores> {
  return scoreInChunks(scoring, masks.length / count, (first, size) => {
    const images = new Float32Array(size * data.length);
    for (let i = 0; i < size; i++) {
      labels.forEach((segment, at) => {
        const source = masks[(first + i) * count + segment] === 1 ? data : hidden;
        for (let j = at * channels; j < (at + 1) * channels; j++) images[i * data.length + j] = source[j]!;
      });
    }
    return [tf.tensor4d(images, [size, height, width, channels])];
  });
}
