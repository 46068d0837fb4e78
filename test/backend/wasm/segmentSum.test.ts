import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it, test} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {expectNear, runKernel, sizeOf, values} from './support';

beforeAll(async () => {
  await useBackend('wasm');
});

/** Rows added by their ids, in float64. */
function segmentSums(x: ArrayLike<number>, ids: number[], segments: number, width: number): Float64Array {
  const sums = new Float64Array(segments * width);
  ids.forEach((id, i) => {
    if (id < 0 || id >= segments) return;
    for (let j = 0; j < width; j++) sums[id * width + j]! += x[i * width + j]!;
  });
  return sums;
}

describe('the sum of segments', () => {
  const cases: [ids: number[], row: number[], segments: number][] = [
    [[1], [1], 1],
    [[7], [], 3],
    [[7], [1], 3],
    [[13], [5], 1],
    [[13], [4], 29],
    [[8, 33], [64], 50],
    [[3, 5, 7], [3, 11], 17],
    [[1999], [67], 499],
    [[911], [130], 3001],
    [[0], [6], 4],
  ];
  test.each(cases)('of ids %j, rows %j, in %i segments', (idShape, rowShape, segments) => {
    const random = new Random(6, `${idShape.join()} ${rowShape.join()}`);
    const [count, width] = [sizeOf(idShape), sizeOf(rowShape)];
    const x = values(random, count * width);
    // Some belong nowhere.
    const ids = Array.from({length: count}, () => Math.floor(random.uniform() * (segments + 2)) - 1);
    const {values: found, shape} = runKernel(
      'UnsortedSegmentSum',
      {x: [x, [...idShape, ...rowShape]], segmentIds: [ids, idShape, 'int32']},
      {numSegments: segments},
    );
    expect(shape).toEqual([segments, ...rowShape]);
    expectNear(found, segmentSums(x, ids, segments, width), 1e-5);
  });

  it('keeps NaN and infinities in their segments, and passes over ids beyond them', () => {
    const {values: found} = runKernel(
      'UnsortedSegmentSum',
      {
        x: [
          [1, NaN, 2, 3, Infinity, -Infinity, 4, 5],
          [8, 1],
        ],
        segmentIds: [[0, 1, 0, 2, 3, 3, -1, 2 ** 31 - 1], [8], 'int32'],
      },
      {numSegments: 5},
    );
    expect(Array.from(found)).toEqual([3, NaN, 3, NaN, 0]);
  });

  it('adds integers as tfjs does', () => {
    const {values: found} = runKernel(
      'UnsortedSegmentSum',
      {x: [[1, 2, 3, 4, 5, 6], [3, 2], 'int32'], segmentIds: [[1, 0, 1], [3], 'int32']},
      {numSegments: 2},
    );
    expect(Array.from(found)).toEqual([3, 4, 6, 8]);
  });

  it('is the gradient of a look-up', () => {
    const ids = [2, 0, 2, 2, 4];
    const dy = values(new Random(7), 15);
    const gradient = tf.tidy(() =>
      tf
        .grad(table => tf.gather(table, tf.tensor1d(ids, 'int32')))(tf.ones([5, 3]), tf.tensor(dy, [5, 3]))
        .dataSync(),
    );
    expectNear(gradient, segmentSums(dy, ids, 5, 3));
  });
});
