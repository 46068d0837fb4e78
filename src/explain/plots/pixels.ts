/** Attributions and inputs as pictures. */
import type {Explanation, Values} from '../explanation';

/** Red, green and blue, row by row. */
export interface Picture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** `[batch, height, width]` or `[batch, height, width, channels]`. */
export function isImage(shape: readonly number[]): boolean {
  return shape.length === 3 || shape.length === 4;
}

/** What each pixel of an example adds to the score: the sum over its channels. */
export function attributionMap(
  {values, shape}: Explanation,
  example: number,
): {data: Float64Array; width: number; height: number} {
  const [, height = 1, width = 1, channels = 1] = shape;
  const data = new Float64Array(height * width);
  const first = example * height * width * channels;
  for (let i = 0; i < height * width * channels; i++) {
    const at = Math.floor(i / channels);
    data[at] = data[at]! + values[first + i]!;
  }
  return {data, width, height};
}

/**
 * The |value| from which on colours are clipped: `percent` of the values that are not zero lie above it. Zeros do not
 * count, since the maps that rectifiers make are mostly zero.
 */
export function clippingLevel(values: Float64Array, percent: number): number {
  const sorted = values
    .filter(value => value !== 0)
    .map(Math.abs)
    .sort();
  if (sorted.length === 0) return 0;
  return sorted[Math.max(0, Math.ceil((1 - percent / 100) * sorted.length - 1e-9) - 1)]!;
}

/** The image of an example in grey or colours, if the first input is one. */
export function imageOf({data: {inputs}, batch}: Explanation, example: number): Picture | undefined {
  const [input] = inputs;
  if (input === undefined || !isImage(input.shape)) return undefined;
  const [, height = 1, width = 1, channels = 1] = input.shape;
  if (channels !== 1 && channels !== 3 && channels !== 4) return undefined;
  const {low, span} = rangeOf(input);
  const size = height * width * channels;
  const values = input.data.subarray((example % batch) * size, ((example % batch) + 1) * size);
  const pixels = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) {
    for (let color = 0; color < 3; color++) {
      const value = values[i * channels + (channels === 1 ? 0 : color)]!;
      pixels[3 * i + color] = Math.round(255 * Math.min(1, Math.max(0, (value - low) / span)));
    }
  }
  return {pixels, width, height};
}

/** Images come as 0 to 1, as 0 to 255, or standardized: then the least is black and the most white. */
function rangeOf({data}: Values): {low: number; span: number} {
  let [low, high] = [Infinity, -Infinity];
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low >= 0 && high <= 1) return {low: 0, span: 1};
  if (low >= 0 && high <= 255) return {low: 0, span: 255};
  return {low, span: high - low || 1};
}
