import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it, test} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {runKernel, sizeOf, values} from './support';

const names = ['Sum', 'Mean', 'Max', 'Min'] as const;
type Name = (typeof names)[number];

/** In float64, number by number. */
function reference(name: Name, x: ArrayLike<number>, shape: number[], axes: number[]): number[] {
  const outShape = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const count = sizeOf(shape) / sizeOf(outShape);
  const start = {Sum: 0, Mean: 0, Max: -Infinity, Min: Infinity}[name];
  const out = new Array<number>(sizeOf(outShape)).fill(start);
  for (let i = 0; i < x.length; i++) {
    let place = 0;
    let rest = i;
    let step = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (!axes.includes(axis)) {
        place += step * (rest % shape[axis]!);
        step *= shape[axis]!;
      }
      rest = Math.floor(rest / shape[axis]!);
    }
    if (name === 'Max') out[place] = Math.max(out[place]!, x[i]!);
    else if (name === 'Min') out[place] = Math.min(out[place]!, x[i]!);
    else out[place]! += x[i]! / (name === 'Mean' ? count : 1);
  }
  return out;
}

const axesKey = (name: Name) => (name === 'Max' ? 'reductionIndices' : 'axis');

function check(name: Name, shape: number[], axes: number[], keepDims = false): void {
  const x = values(new Random(2, `${name} ${shape.join()} ${axes.join()}`), sizeOf(shape));
  const found = runKernel(name, {x: [x, shape]}, {[axesKey(name)]: axes, axis: axes, keepDims});
  const expected = reference(name, x, shape, axes);
  const kept = shape.flatMap((length, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [length]));
  expect(found.shape).toEqual(kept);
  expect(found.values.length).toBe(expected.length);
  // A few float32 roundings of the sum of magnitudes that went into it.
  const terms = sizeOf(shape) / expected.length;
  const tolerance = name === 'Sum' ? 2e-7 * Math.sqrt(terms) + 4e-7 : 4e-7;
  expected.forEach((e, i) => {
    if (Math.abs(found.values[i]! - e) > tolerance * Math.max(1, Math.abs(e)))
      expect.fail(`${name} of [${shape}] over [${axes}], place ${i}: ${found.values[i]} instead of ${e}`);
  });
}

beforeAll(async () => {
  await useBackend('wasm');
});

describe.each(names)('%s', name => {
  const cases: [string, number[], number[]][] = [
    ['of one number', [1], [0]],
    ['over no axis', [3, 5], []],
    ['over an axis of one', [3, 1, 5], [1]],
    ['of a line', [1009], [0]],
    ['of a long line, in parts', [500_009], [0]],
    ['of many lines', [129, 67], [1]],
    ['of lines of one', [129, 1], [1]],
    ['of lines of three', [1001, 3], [1]],
    ['of columns', [67, 129], [0]],
    ['of few long columns, in parts', [30_011, 7], [0]],
    ['of columns as a bias has them', [16_384, 32], [0]],
    ['of two rows of many columns', [2, 100_003], [0]],
    ['over the middle', [7, 31, 19], [1]],
    ['over images', [4, 8, 8, 20], [1, 2]],
    ['over all but channels in front', [3, 5, 6, 7], [0, 2, 3]],
    ['over every second axis', [3, 4, 5, 6, 7], [0, 2, 4]],
    ['over all', [3, 4, 5], [0, 1, 2]],
  ];
  test.each(cases)('%s', (_, shape, axes) => {
    check(name, shape, axes);
    check(name, shape, axes, true);
  });

  it('reduces shapes at random', () => {
    const random = new Random(9, name);
    const pick = (count: number) => Math.floor(random.uniform() * count);
    for (let n = 0; n < 60; n++) {
      const shape = Array.from({length: 1 + pick(5)}, () => 1 + pick(9));
      check(
        name,
        shape,
        shape.map((_, axis) => axis).filter(() => pick(2) === 0),
        pick(2) === 0,
      );
    }
  });

  it('lets NaN and infinities pass', () => {
    const x = [1, NaN, 2, Infinity, -Infinity, 3, 4, 5, -Infinity];
    const attrs = {[axesKey(name)]: [1], axis: [1], keepDims: false};
    const {values: found} = runKernel(name, {x: [x, [3, 3]]}, attrs);
    const expected =
      {Sum: [NaN, NaN, -Infinity], Mean: [NaN, NaN, -Infinity]}[name as 'Sum'] ??
      {Max: [NaN, Infinity, 5], Min: [NaN, -Infinity, -Infinity]}[name as 'Max'];
    expect(Array.from(found)).toEqual(expected);
  });
});

test('a long sum of small numbers keeps its digits', () => {
  const x = new Float32Array(4_000_000).fill(0.1);
  const {values: found} = runKernel('Sum', {x: [x, [x.length]]}, {axis: [0], keepDims: false});
  expect(Math.abs(found[0]! / (x.length * Math.fround(0.1)) - 1)).toBeLessThan(2e-7);
});

test('sums of integers and of truth values stay integers', () => {
  const sum = tf.tidy(() => tf.sum(tf.tensor1d([3, 4, -9], 'int32')));
  expect(sum.dtype).toBe('int32');
  expect(sum.dataSync()[0]).toBe(-2);
  const count = tf.tidy(() => tf.sum(tf.tensor1d([true, false, true], 'bool')));
  expect(count.dataSync()[0]).toBe(2);
  tf.dispose([sum, count]);
});
