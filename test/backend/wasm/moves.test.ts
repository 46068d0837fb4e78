import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it, test} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {at} from './reference';
import {runKernel, sizeOf, values} from './support';

beforeAll(async () => {
  await useBackend('wasm');
});

const SPECIAL = [NaN, Infinity, -Infinity, -0];

/** What a tensor with numbers of these places holds. */
function moved(
  x: ArrayLike<number>,
  shape: number[],
  outShape: number[],
  from: (place: number[]) => number[],
): number[] {
  return Array.from({length: sizeOf(outShape)}, (_, i) => {
    let left = i;
    const place = outShape.map(() => 0);
    for (let axis = outShape.length - 1; axis >= 0; axis--) {
      place[axis] = left % outShape[axis]!;
      left = Math.floor(left / outShape[axis]!);
    }
    return x[at(shape, ...from(place))]!;
  });
}

function numbersFor(random: Random, size: number, dtype: tf.DataType): ArrayLike<number> {
  if (dtype === 'int32') return Int32Array.from({length: size}, () => (random.uniform() - 0.5) * 2 ** 31);
  if (dtype === 'bool') return Uint8Array.from({length: size}, () => Math.round(random.uniform()));
  const x = values(random, size);
  if (size > SPECIAL.length) x.set(SPECIAL);
  return x;
}

function checkTile(shape: number[], reps: number[], dtype: tf.DataType = 'float32'): void {
  const x = numbersFor(new Random(8, `${shape.join()} ${reps.join()}`), sizeOf(shape), dtype);
  const outShape = shape.map((length, axis) => length * reps[axis]!);
  const out = runKernel('Tile', {x: [x, shape, dtype]}, {reps});
  expect(out.shape).toEqual(outShape);
  const expected = moved(x, shape, outShape, place => place.map((i, axis) => i % shape[axis]!));
  expect(Array.from(out.values)).toEqual(expected);
}

describe('tile', () => {
  const cases: [shape: number[], reps: number[]][] = [
    [[1], [1]],
    [[5], [1]],
    [[1], [100003]],
    [[3], [41]],
    [[31], [1009]],
    [[32], [257]],
    [
      [7, 1, 1, 64],
      [1, 8, 9, 1],
    ],
    [
      [7, 1, 1, 67],
      [1, 3, 1, 1],
    ],
    [
      [211, 1],
      [1, 333],
    ],
    [
      [1, 67],
      [1999, 1],
    ],
    [
      [13, 1, 3],
      [1, 1501, 1],
    ],
    [
      [5, 7],
      [3, 11],
    ],
    [
      [1, 3, 1, 5, 1],
      [2, 1, 4, 3, 2],
    ],
    [
      [2, 3, 1, 1, 2],
      [3, 2, 1, 5, 2],
    ],
    [
      [0, 3],
      [2, 2],
    ],
    [
      [2, 3],
      [2, 0],
    ],
  ];
  test.each(cases)('of %j, %j times', (shape, reps) => checkTile(shape, reps));
  test.each(['int32', 'bool'] as const)('of %s', dtype => checkTile([5, 1, 3], [2, 7, 1], dtype));

  it('tiles shapes at random', () => {
    const random = new Random(9);
    const pick = (count: number) => Math.floor(random.uniform() * count);
    for (let n = 0; n < 60; n++) {
      const shape = Array.from({length: 1 + pick(5)}, () => 1 + pick(5));
      checkTile(
        shape,
        shape.map(() => 1 + pick(2) * pick(4)),
      );
    }
  });
});

function checkTranspose(shape: number[], perm: number[], dtype: tf.DataType = 'float32'): void {
  const x = numbersFor(new Random(10, `${shape.join()} ${perm.join()}`), sizeOf(shape), dtype);
  const outShape = perm.map(axis => shape[axis]!);
  const out = runKernel('Transpose', {x: [x, shape, dtype]}, {perm});
  expect(out.shape).toEqual(outShape);
  const expected = moved(x, shape, outShape, place => shape.map((_, axis) => place[perm.indexOf(axis)]!));
  expect(Array.from(out.values)).toEqual(expected);
}

describe('transpose', () => {
  const cases: [shape: number[], perm: number[]][] = [
    [
      [1, 1],
      [1, 0],
    ],
    [
      [1, 7],
      [1, 0],
    ],
    [
      [4, 4],
      [1, 0],
    ],
    [
      [3, 5],
      [1, 0],
    ],
    [
      [2, 4099],
      [1, 0],
    ],
    [
      [4099, 2],
      [1, 0],
    ],
    [
      [63, 65],
      [1, 0],
    ],
    [
      [129, 257],
      [1, 0],
    ],
    [
      [512, 300],
      [1, 0],
    ],
    [
      [5, 67, 31],
      [0, 2, 1],
    ],
    [
      [7, 33, 5, 16],
      [0, 2, 1, 3],
    ],
    [
      [7, 33, 5, 3],
      [0, 2, 1, 3],
    ],
    [
      [7, 33, 5, 16],
      [0, 2, 3, 1],
    ],
    [
      [7, 33, 5, 6],
      [0, 3, 1, 2],
    ],
    [
      [7, 19, 5, 6],
      [3, 2, 1, 0],
    ],
    [
      [3, 3, 17, 20],
      [0, 1, 3, 2],
    ],
    [
      [2, 3, 5, 4, 6],
      [4, 2, 0, 3, 1],
    ],
    [
      [2, 3, 5, 4, 6],
      [2, 1, 0, 3, 4],
    ],
    [
      [0, 3],
      [1, 0],
    ],
  ];
  test.each(cases)('of %j to axes %j', (shape, perm) => checkTranspose(shape, perm));
  test.each(['int32', 'bool'] as const)('of %s', dtype => {
    checkTranspose([9, 6], [1, 0], dtype);
    checkTranspose([9, 2, 6], [1, 0, 2], dtype);
  });
  it('of six axes, which it leaves to tfjs', () => checkTranspose([2, 3, 2, 3, 2, 3], [5, 3, 1, 4, 2, 0]));

  it('transposes shapes at random', () => {
    const random = new Random(11);
    const pick = (count: number) => Math.floor(random.uniform() * count);
    for (let n = 0; n < 80; n++) {
      const shape = Array.from({length: 1 + pick(5)}, () => 1 + pick(7));
      const axes = shape.map((_, axis) => axis);
      const perm = shape.map(() => axes.splice(pick(axes.length), 1)[0]!);
      checkTranspose(shape, perm);
    }
  });

  it('has itself for a gradient', () => {
    const dy = values(new Random(12), 6 * 35);
    const gradient = tf.tidy(() =>
      tf
        .grad(x => tf.transpose(x, [2, 0, 1]))(tf.ones([5, 7, 6]), tf.tensor(dy, [6, 5, 7]))
        .dataSync(),
    );
    expect(Array.from(gradient)).toEqual(moved(dy, [6, 5, 7], [5, 7, 6], ([i, j, k]) => [k!, i!, j!]));
  });
});
