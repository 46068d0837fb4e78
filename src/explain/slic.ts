import {checkNames} from '../core';
import {checkPositive, checkWholeNumber} from './options';
import {connected, perceptual} from './segments';
import type {ImagePixels, Segments} from './segments';

export interface SlicOptions {
  /** About how many segments to make. Default 50. */
  segments?: number;
  /** How much nearness counts beside colour. Default 10: higher gives squarer segments. */
  compactness?: number;
  /** Default 10. */
  iterations?: number;
}

/**
 * Superpixels by k-means in colour and place (SLIC: Achanta, Shaji, Smith, Lucchi, Fua and Süsstrunk 2012).
 * Deterministic, and each segment hangs together.
 *
 * @throws ConfigurationError for an unknown or impossible option.
 *
 * @example
 * const data = Float32Array.from({length: 16 * 16}, (_, i) => (i % 16 < 7 ? 0 : 1));
 * slic({data, height: 16, width: 16, channels: 1}, {segments: 4}).count; // 4
 */
export function slic(image: ImagePixels, options: SlicOptions = {}): Segments {
  checkNames('slic()', options, ['segments', 'compactness', 'iterations']);
  const {segments = 50, compactness = 10, iterations = 10} = options;
  checkPositive('slic()', 'segments', segments);
  checkPositive('slic()', 'compactness', compactness);
  checkWholeNumber('slic()', 'iterations', iterations);
  const {height, width, channels} = image;
  const colours = perceptual(image);
  const step = Math.max(1, Math.sqrt((height * width) / segments));
  const rows = Math.max(1, Math.round(height / step));
  const columns = Math.max(1, Math.round(width / step));
  // A centre is a place and a colour: y, x, channels.
  const size = channels + 2;
  const count = rows * columns;
  const centres = new Float64Array(count * size);
  for (let k = 0; k < count; k++) {
    const y = ((Math.floor(k / columns) + 0.5) * height) / rows;
    const x = (((k % columns) + 0.5) * width) / columns;
    const at = (Math.floor(y) * width + Math.floor(x)) * channels;
    centres.set([y - 0.5, x - 0.5, ...colours.subarray(at, at + channels)], k * size);
  }
  const labels = new Int32Array(height * width);
  const distances = new Float64Array(height * width);
  const placeWeight = (compactness / step) ** 2;
  for (let round = 0; round < iterations; round++) {
    distances.fill(Infinity);
    for (let k = 0; k < count; k++) {
      const centre = centres.subarray(k * size, (k + 1) * size);
      const [cy, cx] = [centre[0]!, centre[1]!];
      const reach = 2 * step;
      const [bottom, right] = [Math.min(height - 1, cy + reach), Math.min(width - 1, cx + reach)];
      for (let y = Math.max(0, Math.ceil(cy - reach)); y <= bottom; y++) {
        for (let x = Math.max(0, Math.ceil(cx - reach)); x <= right; x++) {
          const at = y * width + x;
          let distance = placeWeight * ((y - cy) ** 2 + (x - cx) ** 2);
          for (let c = 0; c < channels; c++) distance += (colours[at * channels + c]! - centre[c + 2]!) ** 2;
          if (distance < distances[at]!) [distances[at], labels[at]] = [distance, k];
        }
      }
    }
    moveCentres(centres, labels, colours, {count, size, width, channels});
  }
  return connected(labels, height, width, (step * step) / 4);
}

function moveCentres(
  centres: Float64Array,
  labels: Int32Array,
  colours: Float64Array,
  {count, size, width, channels}: {count: number; size: number; width: number; channels: number},
): void {
  const sums = new Float64Array(count * size);
  const members = new Float64Array(count);
  labels.forEach((k, at) => {
    members[k]! += 1;
    sums[k * size]! += Math.floor(at / width);
    sums[k * size + 1]! += at % width;
    for (let c = 0; c < channels; c++) sums[k * size + 2 + c]! += colours[at * channels + c]!;
  });
  for (let k = 0; k < count; k++) {
    if (members[k] === 0) continue;
    for (let i = 0; i < size; i++) centres[k * size + i] = sums[k * size + i]! / members[k]!;
  }
}
