/** Fashion-MNIST in the page: the files of `examples/data`, unpacked by the browser. */

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
export const SIZE = 28;

/** The images from place `from` to `to`, `[images, 28, 28, 1]` from 0 to 1, and their classes. */
export async function loadImages(from, to) {
  const [pixels, labels] = await Promise.all([
    readIdx('t10k-images-idx3-ubyte.gz', 16),
    readIdx('t10k-labels-idx1-ubyte.gz', 8),
  ]);
  const size = SIZE * SIZE;
  return {
    images: {
      values: Float32Array.from(pixels.subarray(from * size, to * size), value => value / 255),
      shape: [to - from, SIZE, SIZE, 1],
    },
    labels: Int32Array.from(labels.subarray(from, to)),
  };
}

/** The bytes of an IDX file behind its header. */
async function readIdx(name, header) {
  const response = await fetch(new URL(`../data/fashion-mnist/${name}`, import.meta.url));
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  const unpacked = response.body.pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unpacked).arrayBuffer()).subarray(header);
}
