/** What batches hold: values, shapes and types, from every kind of source and by every route. */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {Dataset, hostArrayOf} from '../../src/data';
import type {HostArray} from '../../src/data';
import {plain, range, read} from './helpers';

beforeAll(async () => {
  await useBackend('wasm');
});

describe('batch', () => {
  it('keeps the structure and stacks each leaf, the last batch being what is left', async () => {
    const data = Dataset.fromArrays({
      inputs: [{values: Float32Array.from(range(12)), shape: [3, 2, 2]}, [[1], [2], [3]]],
      target: new Uint8Array([7, 8, 9]),
    });
    expect(data.batch(2).size).toBe(2);
    expect(data.batch(2).batchSize).toBe(2);
    expect(await read(data.batch(2))).toEqual([
      {
        inputs: [
          {dtype: 'float32', shape: [2, 2, 2], values: [0, 1, 2, 3, 4, 5, 6, 7]},
          {dtype: 'float32', shape: [2, 1], values: [1, 2]},
        ],
        target: {dtype: 'int32', shape: [2], values: [7, 8]},
      },
      {
        inputs: [
          {dtype: 'float32', shape: [1, 2, 2], values: [8, 9, 10, 11]},
          {dtype: 'float32', shape: [1, 1], values: [3]},
        ],
        target: {dtype: 'int32', shape: [1], values: [9]},
      },
    ]);
  });

  it('leaves out a smaller last batch when told so', async () => {
    const data = Dataset.fromArrays(range(7)).batch(3, {dropRemainder: true});
    expect(data.size).toBe(2);
    expect(await read(data)).toHaveLength(2);
    const stream = Dataset.fromIterable(() => range(7)).batch(3, {dropRemainder: true});
    expect(await read(stream)).toEqual(await read(data));
  });

  it.each([
    ['Float32Array', Float32Array, 'float32', 'float32'],
    ['Float64Array', Float64Array, 'float32', 'float32'],
    ['Int32Array', Int32Array, 'int32', 'int32'],
    ['Uint32Array', Uint32Array, 'int32', 'float32'],
    ['Int16Array', Int16Array, 'int32', 'float32'],
    ['Uint16Array', Uint16Array, 'int32', 'float32'],
    ['Int8Array', Int8Array, 'int32', 'float32'],
    ['Uint8Array', Uint8Array, 'int32', 'float32'],
    ['Uint8ClampedArray', Uint8ClampedArray, 'int32', 'float32'],
  ] as const)('makes %s labels and rows of the documented types', async (_, Type, flat, rows) => {
    const data = Dataset.fromArrays([Type.from([3, 1, 2]), {values: Type.from(range(6)), shape: [3, 2]}]);
    expect(await read(data.batch(3))).toEqual([
      [
        {dtype: flat, shape: [3], values: [3, 1, 2]},
        {dtype: rows, shape: [3, 2], values: [0, 1, 2, 3, 4, 5]},
      ],
    ]);
  });

  it('lets dtype decide, and keeps the types of tensors', async () => {
    const tensors = [tf.tensor1d([true, false], 'bool'), tf.tensor2d([[1], [2]], [2, 1], 'int32')] as const;
    const data = Dataset.fromArrays({
      tokens: {values: Uint8Array.of(1, 2, 3, 4), shape: [2, 2], dtype: 'int32'},
      mask: {values: Uint8Array.of(0, 1), shape: [2], dtype: 'bool'},
      tensors,
    });
    expect(await read(data.batch(2))).toEqual([
      {
        tokens: {dtype: 'int32', shape: [2, 2], values: [1, 2, 3, 4]},
        mask: {dtype: 'bool', shape: [2], values: [0, 1]},
        tensors: [
          {dtype: 'bool', shape: [2], values: [1, 0]},
          {dtype: 'int32', shape: [2, 1], values: [1, 2]},
        ],
      },
    ]);
    tf.dispose([...tensors]);
  });

  it('gives the same bits whether rows are gathered or elements stacked', async () => {
    const rows = (n: number): Dataset<unknown> =>
      Dataset.zip({
        left: Dataset.fromArrays({
          image: {values: Uint8Array.from(range(20 * n)), shape: [n, 5, 4]},
          label: Uint8Array.from(range(n)),
          pair: [Float64Array.from(range(n), i => i / 3), Int32Array.from(range(n))],
        }),
        right: Dataset.fromArrays(Int16Array.from(range(n))),
      });
    const gathered = rows(11).shuffle({seed: 4}).repeat(2).skip(3).batch(4);
    const stacked = rows(11)
      .shuffle({seed: 4})
      .repeat(2)
      .skip(3)
      .filter(() => true)
      .prefetch(2)
      .batch(4);
    expect(await read(stacked)).toEqual(await read(gathered));
    const cached = rows(11)
      .filter(() => true)
      .cache()
      .shuffle({seed: 4})
      .repeat(2)
      .skip(3)
      .batch(4);
    expect(await read(cached)).toEqual(await read(gathered));
  });

  it('stacks numbers, booleans, typed arrays, host arrays and tensors that a map makes', async () => {
    const data = Dataset.fromArrays(range(2)).map(i => ({
      number: i / 2,
      flag: i === 1,
      vector: Int32Array.of(i, 10),
      host: {values: Float64Array.of(i), shape: []},
      tensor: tf.fill([2], i),
      pair: [i, -i] as const,
    }));
    expect(await read(data.batch(2))).toEqual([
      {
        number: {dtype: 'float32', shape: [2], values: [0, 0.5]},
        flag: {dtype: 'bool', shape: [2], values: [0, 1]},
        vector: {dtype: 'int32', shape: [2, 2], values: [0, 10, 1, 10]},
        host: {dtype: 'float32', shape: [2], values: [0, 1]},
        tensor: {dtype: 'float32', shape: [2, 2], values: [0, 0, 1, 1]},
        pair: [
          {dtype: 'float32', shape: [2], values: [0, 1]},
          {dtype: 'float32', shape: [2], values: [-0, -1]},
        ],
      },
    ]);
  });

  it('batches batches', async () => {
    const [batch] = await Dataset.fromArrays(range(6)).batch(2).batch(3).toArray();
    expect(plain(batch)).toEqual({dtype: 'float32', shape: [3, 2], values: [0, 1, 2, 3, 4, 5]});
  });

  it('takes an outermost array as a tuple, and a lower one of numbers as data', async () => {
    expect(
      await read(
        Dataset.fromArrays([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toEqual([
      [1, 3],
      [2, 4],
    ]);
    const xor = Dataset.fromArrays([
      [
        [0, 0],
        [0, 1],
      ],
      [0, 1],
    ]);
    const [[row, label]] = (await xor.toArray()) as [[HostArray, number]];
    expect([[...row.values], row.shape, label]).toEqual([[0, 0], [2], 0]);
  });
});

describe('hostArrayOf', () => {
  it('makes one array of nested numbers, wherever it stands', async () => {
    const y = hostArrayOf([0, 1, 1]);
    const x = hostArrayOf([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect([y.shape, x.shape]).toEqual([[3], [3, 2]]);
    expect(await read(Dataset.fromArrays({xs: [x], ys: [y]}).batch(3))).toEqual([
      {
        xs: [{dtype: 'float32', shape: [3, 2], values: [1, 2, 3, 4, 5, 6]}],
        ys: [{dtype: 'float32', shape: [3], values: [0, 1, 1]}],
      },
    ]);
  });
});

describe('bad data is refused by name:', () => {
  it.each([
    ['no arrays', () => Dataset.fromArrays([]), /no arrays/],
    ['no samples', () => Dataset.fromArrays({x: new Float32Array(0)}), /0 samples/],
    [
      'different lengths',
      () => Dataset.fromArrays({x: new Float32Array(3), y: [new Float32Array(2)]}),
      /'x' has 3, 'y\[0\]' has 2/,
    ],
    [
      'a shape that does not fit',
      () => Dataset.fromArrays({x: {values: new Float32Array(5), shape: [2, 3]}}),
      /'x' has 5 values.*holds 6/,
    ],
    [
      'no first axis',
      () => Dataset.fromArrays({x: {values: new Float32Array(1), shape: []}}),
      /'x' has shape \[\]/,
    ],
    ['ragged rows', () => Dataset.fromArrays({x: [[1, 2], [3]]}), /'x' is ragged.*\[2, 2\]/],
    ['a word', () => Dataset.fromArrays({x: 'abc'} as never), /'x' is of type String/],
    [
      'nothing',
      () => Dataset.fromArrays([new Float32Array(1), undefined] as never),
      /'\[1\]' is of type undefined/,
    ],
    [
      'big integers',
      () => Dataset.fromArrays({x: new BigInt64Array(2)} as never),
      /'x' is of type BigInt64Array/,
    ],
    ['string tensors', () => Dataset.fromArrays({x: tf.tensor1d(['a'])}), /'x' is of type string/],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({name: expect.stringMatching(/^(Data|Shape)Error$/)}));
  });

  it.each([
    ['words', ['a', 'b'], /is the string 'a', expected a number/],
    ['mixed kinds', [1, Float32Array.of(1)], /differ in shape/],
    ['mixed types', [1, true], /is bool, expected float32/],
    ['missing entries', [{a: 1}, {b: 1}], /differ in structure/],
    ['a tuple in place of a number', [1, [1]], /expected a number/],
    ['longer tuples', [[1], [1, 2]], /differ in structure/],
    ['vectors as plain arrays', [range(40), range(40)], /Float32Array\.from/],
    ['null', [null], /is null/],
  ])('%s in a batch', async (_, elements, message) => {
    const data = Dataset.fromIterable<unknown>(() => elements).batch(2);
    await expect(data.toArray()).rejects.toThrow(message);
  });
});
