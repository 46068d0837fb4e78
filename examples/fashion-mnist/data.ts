/**
 * The 10,000 images of Fashion-MNIST in `examples/data`, resized to 32×32 and split in the order of the files.
 */
import {readFileSync} from 'node:fs';
import {gunzipSync} from 'node:zlib';

export const CLASSES = [
  'T-shirt',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];
export const SIZE = 32;

/** Images as 32-bit floats from 0 to 1, `[samples, 32, 32, 1]`, and their classes. */
export interface LabelledImages {
  images: {values: Float32Array; shape: number[]};
  labels: Int32Array;
}

const FOLDER = new URL('../data/fashion-mnist/', import.meta.url);

/** 7,500 images to train on, 500 to validate on, 2,000 to test on. */
export function loadFashionMnist(): {
  train: LabelledImages;
  validation: LabelledImages;
  test: LabelledImages;
} {
  const pixels = readIdx('t10k-images-idx3-ubyte.gz', 16);
  const labels = readIdx('t10k-labels-idx1-ubyte.gz', 8);
  const part = (from: number, to: number): LabelledImages => ({
    images: resizeAll(pixels.subarray(from * 28 * 28, to * 28 * 28), 28, SIZE),
    labels: Int32Array.from(labels.subarray(from, to)),
  });
  return {train: part(0, 7500), validation: part(7500, 8000), test: part(8000, 10000)};
}

/** The bytes of an IDX file behind its header. */
function readIdx(name: string, header: number): Uint8Array {
  return gunzipSync(readFileSync(new URL(name, FOLDER))).subarray(header);
}

/** Square grey images resized bilinearly, with pixels' centres at half positions, as TensorFlow 2 and PIL place them. */
function resizeAll(pixels: Uint8Array, from: number, to: number): LabelledImages['images'] {
  const samples = pixels.length / (from * from);
  const values = new Float32Array(samples * to * to);
  const axis = Array.from({length: to}, (_, i) => {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    return {low, high: Math.min(low + 1, from - 1), share: position - low};
  });
  for (let n = 0, out = 0; n < samples; n++) {
    const image = pixels.subarray(n * from * from, (n + 1) * from * from);
    for (const y of axis) {
      for (const x of axis) {
        const upper = image[y.low * from + x.low]! * (1 - x.share) + image[y.low * from + x.high]! * x.share;
        const lower =
          image[y.high * from + x.low]! * (1 - x.share) + image[y.high * from + x.high]! * x.share;
        values[out++] = (upper * (1 - y.share) + lower * y.share) / 255;
      }
    }
  }
  return {values, shape: [samples, to, to, 1]};
}
