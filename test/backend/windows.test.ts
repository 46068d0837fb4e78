/** Windows that are larger than the image: nothing comes of them, or an error, on every backend alike. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {ShapeError} from '../../src/core';

const windows: Record<string, (x: Tensor4D, size: number) => Tensor> = {
  maxPool: (x, size) => tf.maxPool(x, size, 1, 'valid'),
  avgPool: (x, size) => tf.avgPool(x, size, 1, 'valid'),
  conv2d: (x, size) => tf.conv2d(x, tf.ones([size, size, 3, 2]), 1, 'valid'),
  depthwiseConv2d: (x, size) => tf.depthwiseConv2d(x, tf.ones([size, size, 3, 1]), 1, 'valid'),
};

describe.each([
  ['cpu', 'cpu', {}],
  ['wasm', 'wasm', {}],
  ['wasm without the engine', 'wasm', {engine: false}],
] as const)('on %s', (_, name, options) => {
  beforeAll(async () => {
    await useBackend(name, options);
    // What is freed here is what an unwritten output would show.
    tf.tidy(() => [6, 12, 24].map(size => tf.fill([size], 7)));
  });

  it.each(Object.keys(windows))('%s gives nothing where one column is missing, and no gradient', op => {
    const before = [tf.memory().numTensors, tf.backend().numDataIds()];
    const of = (x: Tensor): Tensor => windows[op]!(x as Tensor4D, 2);
    const x = tf.ones([1, 2, 1, 3]);
    const [y, dx] = [tf.tidy(() => of(x)), tf.tidy(() => tf.grad((t: Tensor) => tf.sum(of(t)))(x))];
    expect(y.shape.slice(0, 3)).toEqual([1, 1, 0]);
    expect([...y.dataSync()]).toEqual([]);
    expect([...dx.dataSync()]).toEqual([0, 0, 0, 0, 0, 0]);
    tf.dispose([x, y, dx]);
    expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
  });

  it('the filter of such a convolution has no gradient', () => {
    const x = tf.ones<tf.Rank.R4>([1, 2, 1, 3]);
    for (const conv of [tf.conv2d, tf.depthwiseConv2d]) {
      const f = (w: Tensor): Tensor => tf.sum(conv(x, w as Tensor4D, 1, 'valid'));
      const dw = tf.tidy(() => tf.grad(f)(tf.ones([2, 2, 3, 1])));
      expect([...dw.dataSync()]).toEqual(new Array(12).fill(0));
      dw.dispose();
    }
    x.dispose();
  });

  it.each(Object.keys(windows))('%s is refused where more is missing', op => {
    const before = tf.memory().numTensors;
    const run = (): Tensor => tf.tidy(() => windows[op]!(tf.ones([1, 2, 1, 3]), 4));
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(/has windows of 4 × 4, and images of 2 × 1.*padding: 'same'/);
    expect(tf.memory().numTensors).toBe(before);
  });
});
