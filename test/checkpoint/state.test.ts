import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {CheckpointError} from '../../src/core';
import type {StateTree} from '../../src/core';
import {decodeState, disposeState, encodeState} from '../../src/checkpoint';
import {crc32} from '../../src/checkpoint/crc32';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

let before = 0;
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(before);
});

const roundTrip = async (tree: StateTree): Promise<StateTree> => decodeState(await encodeState(tree));

function codeOf(bytes: Uint8Array): string {
  try {
    disposeState(decodeState(bytes));
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as CheckpointError).hint).toBeTruthy();
    return (error as CheckpointError).code;
  }
  return 'decoded';
}

/** The header and data of a safetensors file, read by the format's description alone. */
function parts(bytes: Uint8Array): {
  header: Record<string, {dtype: string; shape: number[]; data_offsets: [number, number]}>;
  metadata: Record<string, string>;
  data: Uint8Array;
} {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const {__metadata__: metadata, ...header} = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, 8 + length)),
  );
  return {header, metadata, data: bytes.subarray(8 + length)};
}

/** A safetensors file with the given header, whatever it says. */
function file(header: unknown, data = new Uint8Array()): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

describe('a state tree', () => {
  it('survives with every number exact', async () => {
    const numbers = [
      0,
      -0,
      NaN,
      Infinity,
      -Infinity,
      0.1,
      5e-324,
      1.7976931348623157e308,
      -(2 ** 53) + 1,
      1e21,
    ];
    const again = (await roundTrip(numbers)) as number[];
    expect(again).toHaveLength(numbers.length);
    numbers.forEach((n, i) => expect(Object.is(again[i], n)).toBe(true));
  });

  it('survives with undefined, null, nesting and awkward keys', async () => {
    const tree = {
      a: undefined,
      b: [undefined, null, true, 'text \ud83d\ude00 \ud800', []],
      '': {},
      $number: 'NaN',
      c: {$tensor: 'no tensor'},
      d: {$$undefined: true},
      e: {$undefined: [{$float32Array: 1}]},
      __metadata__: new Int32Array([1]),
    };
    const again = await roundTrip(tree);
    expect(again).toStrictEqual(tree);
    expect(Object.keys(again as object)).toEqual(Object.keys(tree));
  });

  it('keeps a key named __proto__ a key', async () => {
    const tree = JSON.parse('{"__proto__": {"polluted": 1}}') as StateTree;
    const again = (await roundTrip(tree)) as object;
    expect(Object.keys(again)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(again)).toBe(Object.prototype);
  });

  it.each([3, 'word', null, undefined, false, NaN])('may be the plain value %s', async value => {
    expect(await roundTrip(value)).toBe(value);
  });

  it('keeps tensors with dtype, shape and every bit', async () => {
    const bits = new Uint32Array([0x7fc00001, 0x80000000, 0x00000001, 0x7f800000, 0x3f800000, 0xff7fffff]);
    const tree = {
      weights: tf.tensor(new Float32Array(bits.buffer), [2, 3], 'float32'),
      counts: tf.tensor1d([1, -2147483648, 2147483647], 'int32'),
      mask: tf.tensor1d([true, false, true], 'bool'),
      scalar: tf.scalar(3),
      empty: tf.zeros([0, 4]),
    };
    const again = (await roundTrip(tree)) as typeof tree;
    for (const [key, tensor] of Object.entries(tree)) {
      const other = again[key as keyof typeof tree];
      expect([other.dtype, other.shape]).toEqual([tensor.dtype, tensor.shape]);
    }
    expect(new Uint32Array((await again.weights.data()).slice().buffer)).toEqual(bits);
    expect([...(await again.counts.data())]).toEqual([1, -2147483648, 2147483647]);
    expect([...(await again.mask.data())]).toEqual([1, 0, 1]);
    expect([...(await again.scalar.data())]).toEqual([3]);
    disposeState([tree, again]);
  });

  // On the cpu backend such a tensor holds the array of the type that it was cast from.
  it('keeps tensors that were cast from another dtype', async () => {
    const numbers = tf.tensor1d([1, -2, 3], 'int32');
    const flags = tf.tensor1d([true, false, true], 'bool');
    const tree = {
      fromInt: tf.cast(numbers, 'float32'),
      fromBool: tf.cast(flags, 'float32'),
      intFromBool: tf.cast(flags, 'int32'),
      boolFromInt: tf.cast(numbers, 'bool'),
    };
    const bytes = await encodeState(tree);
    const {header, data} = parts(bytes);
    const stored = data.slice(...header['fromInt']!.data_offsets);
    expect([...new Float32Array(stored.buffer)]).toEqual([1, -2, 3]);
    const again = decodeState(bytes) as typeof tree;
    const found = Object.entries(again).map(([key, tensor]) => [key, tensor.dtype, [...tensor.dataSync()]]);
    expect(found).toEqual([
      ['fromInt', 'float32', [1, -2, 3]],
      ['fromBool', 'float32', [1, 0, 1]],
      ['intFromBool', 'int32', [1, 0, 1]],
      ['boolFromInt', 'bool', [1, 1, 1]],
    ]);
    disposeState([numbers, flags, tree, again]);
  });

  it('refuses a tensor of which the backend gives too little', async () => {
    const tensor = tf.tensor1d([1, 2, 3]);
    tensor.data = () => Promise.resolve(new Float32Array([1, 2])) as never;
    await expect(encodeState({slots: {m: tensor}})).rejects.toMatchObject({
      code: 'checkpoint/length',
      message: expect.stringContaining("8 bytes for 'slots.m' of shape [3], which takes 12"),
    });
    tensor.dispose();
  });

  it('keeps typed arrays, and copies them', async () => {
    const tree = {
      f: new Float32Array([1.5, -0]),
      i: new Int32Array([-1]),
      b: new Uint8Array([255, 0]),
      none: new Uint8Array(),
    };
    const pending = encodeState(tree);
    tree.f[0] = 9;
    const bytes = await pending;
    const again = decodeState(bytes);
    bytes.fill(0);
    expect(again).toStrictEqual({...tree, f: new Float32Array([1.5, -0])});
  });

  it('takes tensors as they are at the call', async () => {
    const weight = tf.variable(tf.tensor1d([1, 2]));
    const pending = encodeState({weight});
    tf.tidy(() => weight.assign(tf.tensor1d([7, 8])));
    weight.dispose();
    const again = decodeState(await pending) as {weight: tf.Tensor};
    expect([...(await again.weight.data())]).toEqual([1, 2]);
    disposeState(again);
    // The variable's first value is a tensor of its own.
    before = tf.memory().numTensors;
  });

  it('tells apart paths that read the same', async () => {
    const tree = {
      a: {'b.c': new Int32Array([1])},
      'a.b': {c: new Int32Array([2])},
      'a.b.c': new Int32Array([3]),
    };
    expect(await roundTrip(tree)).toStrictEqual(tree);
  });

  it('can be decoded from a view into a larger buffer', async () => {
    const bytes = await encodeState({x: new Float32Array([1, 2])});
    const larger = Buffer.alloc(bytes.length + 7, 0xff);
    larger.set(bytes, 3);
    expect(decodeState(larger.subarray(3, 3 + bytes.length))).toStrictEqual({x: new Float32Array([1, 2])});
  });

  it.each([
    ['a function', {a: {b: () => 1}}, 'a.b'],
    ['a bigint', [1n], '0'],
    ['a Map', {m: new Map()}, 'm'],
    ['a Float64Array', {d: new Float64Array(1)}, 'd'],
  ])('refuses %s and says where it lies', async (_, tree: unknown, where) => {
    await expect(encodeState(tree as StateTree)).rejects.toThrow(`'${where}'`);
  });

  it('refuses a tensor that is disposed', async () => {
    const tensor = tf.scalar(1);
    tensor.dispose();
    await expect(encodeState({tensor})).rejects.toThrow(CheckpointError);
  });
});

describe('the bytes', () => {
  it('are a safetensors file: aligned, contiguous, readable by name', async () => {
    const tree = {
      mask: tf.tensor1d([true], 'bool'),
      weights: {'0/kernel': tf.tensor2d([[1, 2]])},
      n: new Int32Array([5]),
    };
    const bytes = await encodeState(tree);
    const {header, metadata, data} = parts(bytes);
    expect((bytes.length - data.length) % 8).toBe(0);
    expect(header).toEqual({
      'weights.0/kernel': {dtype: 'F32', shape: [1, 2], data_offsets: [0, 8]},
      n: {dtype: 'I32', shape: [1], data_offsets: [8, 12]},
      mask: {dtype: 'BOOL', shape: [1], data_offsets: [12, 13]},
    });
    expect(Object.values(metadata).every(value => typeof value === 'string')).toBe(true);
    expect([...data]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 5, 0, 0, 0, 1]);
    disposeState(tree);
  });

  it('are the same for the same tree', async () => {
    const tree = {a: 1, b: new Float32Array([1])};
    expect(await encodeState(tree)).toEqual(await encodeState(tree));
  });

  it('are refused wherever they are cut', async () => {
    const bytes = await encodeState({epoch: 3, weights: new Float32Array([1, 2, 3]), more: {list: [1, 2]}});
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(bytes.subarray(0, length)), `${length} bytes`).toBe('checkpoint/truncated');
    }
  });

  it('are refused after any flipped bit', async () => {
    const tensor = tf.tensor1d([1, 2]);
    const bytes = await encodeState({epoch: 3, tensor});
    tensor.dispose();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(codeOf(flipped), `bit ${bit & 7} of byte ${bit >> 3}`).toMatch(/^checkpoint\//);
    }
  });

  it('are refused when more follows', async () => {
    const bytes = await encodeState({a: 1});
    expect(codeOf(new Uint8Array([...bytes, 0]))).toBe('checkpoint/damaged');
  });

  it('are refused when of a newer version', async () => {
    const {metadata} = parts(await encodeState(1));
    expect(codeOf(file({__metadata__: {...metadata, version: '2'}}))).toBe('checkpoint/version');
    expect(codeOf(file({__metadata__: {...metadata, version: '0'}}))).toBe('checkpoint/damaged');
    expect(codeOf(file({__metadata__: metadata}))).toBe('decoded');
  });

  it('are refused when not ours', () => {
    expect(codeOf(file({}))).toBe('checkpoint/foreign');
    expect(codeOf(file({__metadata__: {format: 'pt'}}))).toBe('checkpoint/foreign');
    expect(codeOf(new TextEncoder().encode('PK\u0003\u0004 some other kind of file'))).toBe(
      'checkpoint/foreign',
    );
  });

  it.each([
    ['a header that is no JSON', '{"a": '],
    ['a header that is an array', '{"__metadata__": {"format": 1}}'],
    ['an unknown dtype', {a: {dtype: 'Q4', shape: [], data_offsets: [0, 4]}}],
    ['an inherited name as dtype', {a: {dtype: 'toString', shape: [], data_offsets: [0, 4]}}],
    ['a negative size', {a: {dtype: 'F32', shape: [-1], data_offsets: [0, 4]}}],
    ['a gap', {a: {dtype: 'U8', shape: [1], data_offsets: [1, 2]}}],
    ['offsets that do not fit the shape', {a: {dtype: 'U8', shape: [3], data_offsets: [0, 2]}}],
    ['an entry that is null', {a: null}],
  ])('are refused with %s', (_, header) => {
    expect(codeOf(file(header, new Uint8Array(4)))).toBe('checkpoint/damaged');
  });
});

describe('crc32', () => {
  it('gives the check value of its standard, whole or in parts', () => {
    const bytes = new TextEncoder().encode('123456789');
    expect(crc32(bytes)).toBe(0xcbf43926);
    for (let cut = 0; cut <= 9; cut++)
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(0xcbf43926);
  });
});
