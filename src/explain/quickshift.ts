import {checkNames} from '../core';
import {checkPositive} from './options';
import {connected, perceptual} from './segments';
import type {ImagePixels, Segments} from './segments';

export interface QuickshiftOptions {
  /** The deviation of the density's kernel, in pixels. Default 4, as in LIME: higher gives fewer segments. */
  kernelSize?: number;
  /** How far apart, in colour and place, two pixels of a segment may be linked. Default 10, as in scikit-image; LIME takes 200, which links small images into one. */
  maxDistance?: number;
  /** How much colour counts beside nearness. Default 0.2. */
  ratio?: number;
}

/**
 * Superpixels that climb the density of colour and place (quick shift: Vedaldi and Soatto 2008), LIME's way to cut images.
 * Deterministic, and each segment hangs together.
 *
 * @throws ConfigurationError for an unknown or impossible option.
 *
 * @example
 * const data = Float32Array.from({length: 16 * 16}, (_, i) => (i % 16 < 7 ? 0 : 1));
 * quickshift({data, height: 16, width: 16, channels: 1}, {kernelSize: 2}).labels; // Int32Array [16 · 16]
 */
export function quickshift(image: ImagePixels, options: QuickshiftOptions = {}): Segments {
  checkNames('quickshift()', options, ['kernelSize', 'maxDistance', 'ratio']);
  const {kernelSize = 4, maxDistance = 10, ratio = 0.2} = options;
  checkPositive('quickshift()', 'kernelSize', kernelSize);
  checkPositive('quickshift()', 'maxDistance', maxDistance);
  checkPositive('quickshift()', 'ratio', ratio);
  const {height, width, channels} = image;
  const colours = perceptual(image).map(value => value * ratio);
  const reach = Math.ceil(3 * kernelSize);
  const distance = (a: number, b: number): number => {
    let square = (Math.floor(a / width) - Math.floor(b / width)) ** 2 + ((a % width) - (b % width)) ** 2;
    for (let c = 0; c < channels; c++)
      square += (colours[a * channels + c]! - colours[b * channels + c]!) ** 2;
    return square;
  };
  const eachNear = (at: number, look: (other: number, square: number) => void): void => {
    const [cy, cx] = [Math.floor(at / width), at % width];
    for (let y = Math.max(0, cy - reach); y <= Math.min(height - 1, cy + reach); y++) {
      for (let x = Math.max(0, cx - reach); x <= Math.min(width - 1, cx + reach); x++) {
        look(y * width + x, distance(at, y * width + x));
      }
    }
  };
  const densities = Float64Array.from({length: height * width}, (_, at) => {
    let density = 0;
    eachNear(at, (_other, square) => (density += Math.exp(-square / (2 * kernelSize * kernelSize))));
    return density;
  });
  const parents = Int32Array.from({length: height * width}, (_, at) => {
    let nearest = maxDistance * maxDistance;
    let parent = at;
    eachNear(at, (other, square) => {
      // Of equal densities the first pixel is the peak.
      const isHigher =
        densities[other]! > densities[at]! || (densities[other] === densities[at] && other < at);
      if (isHigher && square < nearest) [nearest, parent] = [square, other];
    });
    return parent;
  });
  const labels = parents.map(parent => {
    let peak = parent;
    while (parents[peak] !== peak) peak = parents[peak]!;
    return peak;
  });
  return connected(labels, height, width, kernelSize * kernelSize);
}
