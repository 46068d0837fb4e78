/** What only some backends compute wrong, held to plain loops in float64. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D, Tensor4D} from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from 'glassbox';
import {backendUnderTest} from '../backendUnderTest';
import {computeOnDevice} from '../onDevice';
import {valuesOf} from '../valuesOf';
import {distance, uniforms} from './numbers';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe(`values on ${backendUnderTest}`, () => {
  beforeAll(async () => {
    await useBackend(backendUnderTest);
  });
  computeOnDevice(backendUnderTest);

  // Sizes beyond those that tfjs computes on the CPU whatever the backend.
  describe.each([1, 5, 8, 33])('of products over %i terms', terms => {
    const [rows, columns] = [40, 30];
    const left = Float32Array.from({length: rows * terms}, (_, i) => Math.sin(i * 7.1 + 1));
    const right = Float32Array.from({length: terms * columns}, (_, i) => Math.sin(i * 3.7 + 2));
    const expected = Float64Array.from({length: rows * columns}, (_, i) => {
      let sum = 0;
      for (let k = 0; k < terms; k++) {
        const [a, b] = [left[Math.floor(i / columns) * terms + k]!, right[k * columns + (i % columns)]!];
        sum += sigmoid(a) * Math.exp(b);
      }
      return sum;
    });
    /** Neither is zero where its argument is. */
    const factors = (): [Tensor, Tensor] => [
      tf.sigmoid(tf.tensor(left, [rows, terms])),
      tf.exp(tf.tensor(right, [terms, columns])),
    ];

    it('matMul sums up those and no others', async () => {
      const product = await valuesOf(() => {
        const [a, b] = factors();
        return tf.matMul(a, b);
      });
      expect(distance([product], [expected])).toBeLessThan(1e-5);
      const transposed = await valuesOf(() => {
        const [a, b] = factors().map(factor => tf.transpose(factor)) as [Tensor2D, Tensor2D];
        return tf.matMul(a, b, true, true);
      });
      expect(distance([transposed], [expected])).toBeLessThan(1e-5);
    });

    it('a convolution by single pixels sums up those and no others', async () => {
      const product = await valuesOf(() => {
        const [a, b] = factors();
        const filter = tf.reshape<tf.Rank.R4>(b, [1, 1, terms, columns]);
        return tf.conv2d(tf.reshape<tf.Rank.R4>(a, [1, 8, 5, terms]), filter, 1, 'valid');
      });
      expect(distance([product], [expected])).toBeLessThan(1e-5);
    });

    it('a transposed convolution sums up those and no others', async () => {
      const product = await valuesOf(() => {
        const [a, b] = factors();
        const filter = tf.reshape<tf.Rank.R4>(tf.transpose(b), [1, 1, columns, terms]);
        const x = tf.reshape<tf.Rank.R4>(a, [1, 8, 5, terms]);
        return tf.conv2dTranspose(x, filter, [1, 8, 5, columns], 1, 'valid');
      });
      expect(distance([product], [expected])).toBeLessThan(1e-5);
    });
  });

  it('of asinh are right at both ends', async () => {
    const x = Float32Array.from(
      {length: 2001},
      (_, i) => Math.sign(i - 1000) * 1e-3 * 1.014 ** Math.abs(i - 1000),
    );
    const values = await valuesOf(() => tf.asinh(tf.tensor1d(x)));
    const worst = Math.max(...Array.from(x, (xi, i) => Math.abs(values[i]! - Math.asinh(xi))));
    expect(worst).toBeLessThan(2e-6);
  });

  it.each(['sin', 'cos', 'tan'] as const)('of %s have the digits of a float32', async name => {
    const range = name === 'tan' ? 1.4 : 300;
    const x = Float32Array.from({length: 997}, (_, i) => ((i - 498) / 498) * range);
    const values = await valuesOf(() => tf[name](tf.tensor1d(x)));
    expect(distance([values], [Float64Array.from(x, Math[name])])).toBeLessThan(1e-6);
  });

  describe('of cropAndResize', () => {
    it('are those of the image that a box names', async () => {
      const values = await valuesOf(() => {
        const image = tf.mul<Tensor4D>(tf.ones([3, 8, 8, 4]), tf.reshape(tf.range(1, 4), [3, 1, 1, 1]));
        const boxes = tf.tensor2d(Array.from({length: 5}, () => [0.1, 0.2, 0.8, 0.7]));
        return tf.image.cropAndResize(image, boxes, tf.tensor1d([2, 0, 1, 2, 2], 'int32'), [2, 2]);
      });
      const images = [3, 1, 2, 3, 3].flatMap(image => new Array<number>(16).fill(image));
      expect(distance([values], [images])).toBeLessThan(1e-6);
    });

    it.each([
      [28, 14],
      [8, 26],
      [4, 22],
      [7, 6],
    ])('reach the last pixel of a whole image of %i, cropped to %i', async (size, crop) => {
      const ramp = uniforms('ramp', [1, size, size, 4]) as Tensor4D;
      const whole = await ramp.data();
      for (const method of ['bilinear', 'nearest'] as const) {
        const values = await valuesOf(() =>
          tf.image.cropAndResize(
            ramp,
            tf.tensor2d([[0, 0, 1, 1]]),
            tf.tensor1d([0], 'int32'),
            [crop, crop],
            method,
            -9,
          ),
        );
        expect(Math.min(...Array.from(values))).toBeGreaterThan(-1.001);
        expect(distance([Array.from(values).slice(-4)], [Array.from(whole).slice(-4)])).toBeLessThan(1e-4);
      }
      ramp.dispose();
    });

    it('are the given value outside of the image', async () => {
      const values = await valuesOf(() =>
        tf.image.cropAndResize(
          tf.ones([1, 8, 8, 4]),
          tf.tensor2d([[0, 0, 1.2, 1]]),
          tf.tensor1d([0], 'int32'),
          [7, 2],
          'bilinear',
          5,
        ),
      );
      // Rows lie at 0, 1.4 … 7, 8.4.
      expect([...Array.from(values)]).toEqual([
        ...new Array<number>(48).fill(1),
        ...new Array<number>(8).fill(5),
      ]);
    });
  });

  it('of a crop of no image are zeros, whatever the memory held', async () => {
    const crop = (images: number[]): Promise<Float32Array> =>
      valuesOf(() => {
        const boxes = tf.tensor2d(Array.from({length: 4}, () => [0, 0, 1, 1]));
        const image = tf.mul<Tensor4D>(tf.ones([2, 8, 8, 4]), 3);
        return tf.image.cropAndResize(image, boxes, tf.tensor1d(images, 'int32'), [6, 6]);
      });
    // The memory of its result is free for the next.
    await crop([0, 1, 0, 1]);
    const values = await crop([1, 2, -1, 0]);
    const expected = [3, 0, 0, 3].flatMap(value => new Array<number>(144).fill(value));
    expect(distance([values], [expected])).toBeLessThan(1e-6);
  });

  it('of poolings send their gradients to the first of equal numbers', async () => {
    const gradient = await valuesOf(() =>
      tf.grad((x: Tensor) => tf.sum(tf.maxPool(x as Tensor4D, 2, 2, 'valid')))(tf.ones([1, 16, 16, 1])),
    );
    const first = (i: number): number => (i % 2 === 0 && Math.floor(i / 16) % 2 === 0 ? 1 : 0);
    expect(Array.from(gradient)).toEqual(Array.from({length: 256}, (_, i) => first(i)));
    const deep = await valuesOf(() =>
      tf.grad((x: Tensor) => tf.sum(tf.maxPool3d(x as tf.Tensor5D, 2, 2, 'valid')))(tf.ones([1, 8, 8, 8, 1])),
    );
    const withPlaces = await valuesOf(
      () => tf.maxPoolWithArgmax(tf.ones<tf.Rank.R4>([1, 16, 16, 1]), 2, 2, 'valid')['indexes']!,
    );
    const corner = (i: number): number => 32 * Math.floor(i / 8) + 2 * (i % 8);
    expect(Array.from(withPlaces)).toEqual(Array.from({length: 64}, (_, i) => corner(i)));
    const isFirst = (i: number): boolean => [1, 8, 64].every(step => Math.floor(i / step) % 2 === 0);
    expect(Array.from(deep)).toEqual(Array.from({length: 512}, (_, i) => (isFirst(i) ? 1 : 0)));
  });

  describe('of whole numbers that are cast to floats', () => {
    // On the device before they are cast.
    const counts = (): Tensor => tf.reshape(tf.floorDiv(tf.range(0, 1200, 1, 'int32'), 7), [3, 4, 10, 10]);
    const bits = (): Tensor => tf.greater(counts(), 20);
    const at = (i: number): number => Math.floor(i / 7);
    const cases: [string, () => Tensor, (i: number) => number][] = [
      ['int32', counts, at],
      ['bool', bits, i => (at(i) > 20 ? 1 : 0)],
    ];

    it.each(cases)('are the same after transposing: %s', async (_, make, value) => {
      const values = await valuesOf(() => tf.transpose(tf.cast(make(), 'float32'), [0, 2, 3, 1]));
      const places = (i: number): number =>
        Math.floor(i / 400) * 400 + (i % 4) * 100 + Math.floor((i % 400) / 4);
      expect(values).toEqual(Float32Array.from({length: 1200}, (_value, i) => value(places(i))));
    });

    it.each(cases)('are summed up over any axes: %s', async (_, make, value) => {
      const sums = await valuesOf(() => tf.sum(tf.cast(make(), 'float32'), [0, 1]));
      const expected = Float32Array.from({length: 100}, (_value, i) =>
        Array.from({length: 12}, (_other, j) => value(100 * j + i)).reduce((a, b) => a + b),
      );
      expect(sums).toEqual(expected);
    });
  });

  describe('of whole numbers', () => {
    const counts = (): Tensor => tf.reshape(tf.floorDiv(tf.range(0, 1200, 1, 'int32'), 7), [30, 10, 4]);
    const at = (i: number): number => Math.floor(i / 7);

    it('are the same after transposing', async () => {
      const values = await valuesOf(() => tf.transpose(counts(), [2, 0, 1]));
      expect([...values]).toEqual(
        Array.from({length: 1200}, (_, i) => at((i % 300) * 4 + Math.floor(i / 300))),
      );
    });

    it('are reduced and added up along any axis', async () => {
      const columns = Array.from({length: 40}, (_, i) => i);
      const rows = Array.from({length: 30}, (_, i) => i);
      expect([...(await valuesOf(() => tf.max(counts(), 0)))]).toEqual(columns.map(i => at(29 * 40 + i)));
      expect([...(await valuesOf(() => tf.min(counts(), 0)))]).toEqual(columns.map(at));
      const sum = (i: number): number => rows.reduce((total, row) => total + at(row * 40 + i), 0);
      expect([...(await valuesOf(() => tf.sum(counts(), 0)))]).toEqual(columns.map(sum));
      const running = await valuesOf(() => tf.cumsum(counts(), 0));
      expect([...running.slice(-40)]).toEqual(columns.map(sum));
      const bits = (): Tensor => tf.greater(counts(), 100);
      const share = (i: number): number => rows.filter(row => at(row * 40 + i) > 100).length / 30;
      const shares = await valuesOf(() => tf.mean(bits(), 0));
      columns.forEach(i => expect(shares[i]).toBeCloseTo(share(i), 6));
      expect([...(await valuesOf(() => tf.any(bits(), 0)))]).toEqual(columns.map(() => 1));
      expect([...(await valuesOf(() => tf.all(bits(), 0)))]).toEqual(columns.map(() => 0));
      expect([...(await valuesOf(() => tf.argMax(counts(), 0)))]).toEqual(columns.map(() => 29));
      expect(tf.tidy(() => tf.argMax(tf.range(0, 1500)).shape)).toEqual([]);
    });
  });

  it('of nothing are sums of 0, means of 0, products of 1, and no largest number', async () => {
    const nothing = (): Tensor => tf.zeros([0, 3]);
    expect([...(await valuesOf(() => tf.sum(nothing(), 0)))]).toEqual([0, 0, 0]);
    expect([...(await valuesOf(() => tf.mean(nothing(), 0)))]).toEqual([0, 0, 0]);
    expect([...(await valuesOf(() => tf.prod(nothing(), 0)))]).toEqual([1, 1, 1]);
    expect([...(await valuesOf(() => tf.max(nothing(), 0)))]).toEqual([NaN, NaN, NaN]);
    expect([...(await valuesOf(() => tf.all(tf.cast(nothing(), 'bool'), 0)))]).toEqual([1, 1, 1]);
    const product = (): Tensor => tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3]));
    expect([...(await valuesOf(product))]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('of argMax and argMin are the first of equal numbers', async () => {
    const row = Array.from({length: 200}, (_, i) => i % 3);
    const places = await valuesOf(() => {
      const rows = tf.tensor2d([...row, ...row], [2, 200]);
      return tf.concat([tf.argMax(rows, 1), tf.argMin(rows, -1)]);
    });
    expect(Array.from(places)).toEqual([2, 2, 0, 0]);
  });

  it.each([5, 40, 200, 1000])(
    'of argMax and argMin of %i numbers are the first, along any axis',
    async length => {
      const shape = [2, 3, length, 1, 2];
      const numbers = Float32Array.from({length: 12 * length}, (_, i) => Math.round(3 * Math.sin(i * i)));
      const first = (isBetter: (a: number, b: number) => boolean): number[] =>
        Array.from({length: 12}, (_, row) => {
          const at = (i: number): number => numbers[(Math.floor(row / 2) * length + i) * 2 + (row % 2)]!;
          return Array.from({length}, (_value, i) => i).reduce((best, i) =>
            isBetter(at(i), at(best)) ? i : best,
          );
        });
      const x = tf.tensor(numbers, shape);
      expect(Array.from(await valuesOf(() => tf.argMax(x, 2)))).toEqual(first((a, b) => a > b));
      expect(Array.from(await valuesOf(() => tf.argMin(x, -3)))).toEqual(first((a, b) => a < b));
      x.dispose();
    },
  );

  it('of argMax are places, also where no number is the largest', async () => {
    const places = await valuesOf(() => {
      const rows = tf.tensor2d(
        [NaN, -Infinity, Infinity, 7].flatMap(value => new Array<number>(70).fill(value)),
        [4, 70],
      );
      return tf.argMax(rows, 1);
    });
    expect(Array.from(places).every(place => place >= 0 && place < 70)).toBe(true);
    expect(Array.from(places).slice(1)).toEqual([0, 0, 0]);
  });

  describe('of bincount', () => {
    const ids = Int32Array.from({length: 300}, (_, i) => i % 7);
    const shares = Float32Array.from({length: 300}, (_, i) => (i % 5) / 4);
    /** The numbers up to 4, where there are some up to 6, in one row or two. */
    const expected = (rows: number, weight: (i: number) => number): number[] => {
      const sums = new Array<number>(5 * rows).fill(0);
      ids.forEach((id, i) => {
        if (id < 5) sums[Math.floor((i * rows) / 300) * 5 + id]! += weight(i);
      });
      return sums;
    };
    const none = (): Tensor => tf.tensor1d([]);
    const vector = (): tf.Tensor1D => tf.tensor1d(ids, 'int32');
    const matrix = (): Tensor2D => tf.tensor2d(ids, [2, 150], 'int32');

    it.each<[string, () => Tensor, number[]]>([
      ['of a vector', () => tf.bincount(vector(), none() as tf.Tensor1D, 5), expected(1, () => 1)],
      ['with weights', () => tf.bincount(vector(), tf.tensor1d(shares), 5), expected(1, i => shares[i]!)],
      [
        'with whole weights',
        () => tf.bincount(vector(), tf.tensor1d(ids, 'int32'), 5),
        expected(1, i => ids[i]!),
      ],
      ['of rows', () => tf.denseBincount(matrix(), none() as Tensor2D, 5), expected(2, () => 1)],
      [
        'of rows with weights',
        () => tf.denseBincount(matrix(), tf.tensor2d(shares, [2, 150]), 5),
        expected(2, i => shares[i]!),
      ],
      [
        'with binary output',
        () => tf.denseBincount(vector(), none() as tf.Tensor1D, 5, true),
        expected(1, () => 1).map(n => Math.min(n, 1)),
      ],
      [
        'of rows, binary',
        () => tf.denseBincount(matrix(), none() as Tensor2D, 5, true),
        expected(2, () => 1).map(n => Math.min(n, 1)),
      ],
    ])('%s leave out what is in no bin', async (_, compute, sums) => {
      expect(distance([await valuesOf(compute)], [sums])).toBeLessThan(1e-6);
    });

    it('are finite where the weights of the others are not', async () => {
      const values = await valuesOf(() =>
        tf.bincount(
          tf.tensor1d([0, 1, 2, 1], 'int32'),
          tf.div<tf.Tensor1D>(tf.tensor1d([0, 1, 2, 3]), tf.tensor1d([0, 1, 0, 1])),
          3,
        ),
      );
      expect(Array.from(values)).toEqual([NaN, 4, Infinity]);
    });
  });

  // Each number over and over: tfjs computes few numbers on the CPU whatever the backend.
  const many = (...numbers: number[]): Tensor =>
    tf.tensor1d(Array.from({length: 50 * numbers.length}, (_, i) => numbers[i % numbers.length]!));

  it.each<[string, () => Tensor, number[]]>([
    ['0/0', () => tf.div(many(0, 1, 4), many(0, 0, 4)), [NaN, Infinity, 1]],
    [
      '0/0 in a matrix',
      () => tf.div(tf.reshape(many(0, 4), [4, 25]), tf.reshape(many(0, 4), [4, 25])),
      [NaN, 1],
    ],
    ['∞/∞', () => tf.div(many(Infinity, 2, 1), many(Infinity, Infinity, 4)), [NaN, 0, 0.25]],
    [
      '∞/∞ in a matrix',
      () => tf.div(tf.reshape(many(Infinity, 1), [4, 25]), tf.reshape(many(Infinity, 1), [4, 25])),
      [NaN, 1],
    ],
    ['log', () => tf.log(many(0, 1, -1)), [-Infinity, 0, NaN]],
    ['log of a matrix', () => tf.log(tf.reshape(many(0, 1), [4, 25])), [-Infinity, 0]],
    ['log1p', () => tf.log1p(many(0, -1, -2)), [0, -Infinity, NaN]],
    ['sign', () => tf.sign(many(1e-9, -1e-20, 0, 3)), [1, -1, 0, 1]],
    ['floorDiv', () => tf.floorDiv(many(1, -1, 7), many(0.5, 0.5, 2)), [2, -2, 3]],
  ])('of %s are those of IEEE 754', async (_, compute, expected) => {
    expect([...Array.from(await valuesOf(compute))].slice(0, expected.length)).toEqual(expected);
  });
});
