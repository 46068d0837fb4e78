import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it, test} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {runKernel, sizeOf, values} from './support';

beforeAll(async () => {
  await useBackend('wasm');
});

describe('gather', () => {
  const cases: [x: number[], indices: number[], axis: number][] = [
    [[7], [3], 0],
    [[5, 1], [4], 0],
    [[50, 64], [8, 33], 0],
    [[50, 67], [1], 0],
    [[500, 130], [2, 911], 0],
    [[3, 11, 5], [6], 1],
    [[3, 11, 5], [6], -1],
    [[4, 9], [0], 0],
    [[6, 3], [], 0],
  ];
  test.each(cases)('of %j by indices %j along axis %i', (xShape, indexShape, axis) => {
    const random = new Random(4, `${xShape.join()} ${indexShape.join()}`);
    const at = axis < 0 ? axis + xShape.length : axis;
    const length = xShape[at]!;
    const x = values(random, sizeOf(xShape));
    const indices = Array.from({length: sizeOf(indexShape)}, () => Math.floor(random.uniform() * length));
    const {values: found, shape} = runKernel(
      'GatherV2',
      {x: [x, xShape], indices: [indices, indexShape, 'int32']},
      {axis, batchDims: 0},
    );
    expect(shape).toEqual([...xShape.slice(0, at), ...indexShape, ...xShape.slice(at + 1)]);
    const width = sizeOf(xShape.slice(at + 1));
    const expected: number[] = [];
    for (let o = 0; o < sizeOf(xShape.slice(0, at)); o++)
      for (const index of indices)
        for (let j = 0; j < width; j++) expected.push(x[(o * length + index) * width + j]!);
    expect(Array.from(found)).toEqual(expected);
  });

  it('refuses an index out of bounds', () => {
    const found = (index: number) => () =>
      tf.tidy(() => tf.gather(tf.zeros([3, 2]), tf.tensor1d([0, index], 'int32')));
    expect(found(3)).toThrow(/GatherV2/);
    expect(found(-1)).toThrow(/GatherV2/);
  });

  it('gathers in batches, and integers, as tfjs does', () => {
    const [batched, whole] = tf.tidy(() => [
      tf
        .gather(
          tf.tensor2d([
            [1, 2],
            [3, 4],
          ]),
          tf.tensor2d(
            [
              [1, 1],
              [0, 1],
            ],
            [2, 2],
            'int32',
          ),
          1,
          1,
        )
        .dataSync(),
      tf.gather(tf.tensor1d([5, 6, 7], 'int32'), tf.tensor1d([2, 0], 'int32')).dataSync(),
    ]);
    expect(Array.from(batched)).toEqual([2, 2, 3, 4]);
    expect(Array.from(whole)).toEqual([7, 5]);
  });
});
