/** Plain values of elements, for comparison; their tensors are disposed. */
import * as tf from '@tensorflow/tfjs-core';
import type {DataIterator, Dataset, IterateOptions} from '../../src/data';

export function plain(element: unknown): unknown {
  if (element instanceof tf.Tensor) {
    const values = {dtype: element.dtype, shape: element.shape, values: [...element.dataSync()]};
    element.dispose();
    return values;
  }
  if (ArrayBuffer.isView(element)) return [...(element as Float32Array)];
  if (Array.isArray(element)) return element.map(plain);
  if (typeof element === 'object' && element !== null) {
    return Object.fromEntries(Object.entries(element).map(([key, value]) => [key, plain(value)]));
  }
  return element;
}

/** Reads up to `limit` elements as plain values, then ends the pass. */
export async function read(
  dataset: Dataset<unknown>,
  options: IterateOptions = {},
  limit = Infinity,
): Promise<unknown[]> {
  return readIterator(dataset.iterate(options), limit);
}

export async function readIterator(iterator: DataIterator<unknown>, limit = Infinity): Promise<unknown[]> {
  const values: unknown[] = [];
  while (values.length < limit) {
    const item = await iterator.next();
    if (item.done === true) return values;
    values.push(plain(item.value));
  }
  await iterator.return();
  return values;
}

/** The numbers from 0 to `count` − 1. */
export function range(count: number): number[] {
  return Array.from({length: count}, (_, i) => i);
}

/** A wait: without a time, one turn of the event loop. */
export function pause(milliseconds?: number): Promise<void> {
  return new Promise(resolve => {
    if (milliseconds === undefined) setImmediate(resolve);
    else setTimeout(resolve, milliseconds);
  });
}
