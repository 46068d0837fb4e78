/** Segments of images: the parts that methods hide, instead of single pixels. */
import {checkPositive} from './options';

/** An image as numbers, `[height, width, channels]`, row by row. */
export interface ImagePixels {
  readonly data: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Which segment each pixel belongs to. */
export interface Segments {
  /** `[height, width]`, row by row: 0 … count − 1. */
  readonly labels: Int32Array;
  readonly count: number;
}

/**
 * Rectangles of about equal size.
 *
 * @param segments about how many
 * @throws ConfigurationError for a number of segments that is not positive.
 *
 * @example
 * grid({data: new Float32Array(64), height: 8, width: 8, channels: 1}, {segments: 4}).count; // 4
 */
export function grid({height, width}: ImagePixels, {segments = 50}: {segments?: number} = {}): Segments {
  checkPositive('grid', 'segments', segments);
  const side = Math.sqrt((height * width) / segments);
  const rows = Math.min(height, Math.max(1, Math.round(height / side)));
  const columns = Math.min(width, Math.max(1, Math.round(width / side)));
  const labels = Int32Array.from(
    {length: height * width},
    (_, i) =>
      Math.floor((Math.floor(i / width) * rows) / height) * columns +
      Math.floor(((i % width) * columns) / width),
  );
  return {labels, count: rows * columns};
}

/**
 * The colours of an image as a person sees distances between them: CIE Lab for three channels, 0 … 100 for others.
 * Images come in many ranges: the darkest number is black, the brightest white.
 */
export function perceptual({data, channels}: ImagePixels): Float64Array {
  let [least, most] = [Infinity, -Infinity];
  for (const value of data) [least, most] = [Math.min(least, value), Math.max(most, value)];
  const scale = most > least ? 1 / (most - least) : 0;
  const colours = Float64Array.from(data, value => (value - least) * scale);
  if (channels !== 3) return colours.map(value => 100 * value);
  for (let i = 0; i < colours.length; i += 3) {
    const [red, green, blue] = [linear(colours[i]!), linear(colours[i + 1]!), linear(colours[i + 2]!)];
    const x = root((0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047);
    const y = root(0.2126729 * red + 0.7151522 * green + 0.072175 * blue);
    const z = root((0.0193339 * red + 0.119192 * green + 0.9503041 * blue) / 1.08883);
    colours.set([116 * y - 16, 500 * (x - y), 200 * (y - z)], i);
  }
  return colours;
}

const linear = (value: number): number =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const root = (value: number): number =>
  value > 216 / 24389 ? Math.cbrt(value) : (841 / 108) * value + 4 / 29;

/** Splits segments that hang apart, and gives parts smaller than `smallest` to a neighbour. */
export function connected(labels: Int32Array, height: number, width: number, smallest: number): Segments {
  const result = new Int32Array(labels.length).fill(-1);
  let count = 0;
  const part: number[] = [];
  for (let start = 0; start < labels.length; start++) {
    if (result[start]! >= 0) continue;
    part.length = 0;
    part.push(start);
    result[start] = count;
    let neighbour = -1;
    for (let next = 0; next < part.length; next++) {
      const at = part[next]!;
      const x = at % width;
      for (const other of [
        ...(x > 0 ? [at - 1] : []),
        ...(x < width - 1 ? [at + 1] : []),
        ...(at >= width ? [at - width] : []),
        ...(at < width * (height - 1) ? [at + width] : []),
      ]) {
        if (result[other]! < 0 && labels[other] === labels[start]) {
          result[other] = count;
          part.push(other);
        } else if (result[other]! >= 0 && result[other] !== count) neighbour = result[other]!;
      }
    }
    if (part.length < smallest && neighbour >= 0) for (const at of part) result[at] = neighbour;
    else count++;
  }
  return {labels: result, count};
}
