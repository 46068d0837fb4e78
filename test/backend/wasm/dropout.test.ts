import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random, dropoutFactors} from '../../../src/core';
import {runKernel, values} from './support';

type Key = [number, number];

const dropout = (x: ArrayLike<number>, rate: number, key: Key) =>
  Array.from(runKernel('GlassboxDropout', {x: [x, [x.length]]}, {rate, key}).values);
const factors = (size: number, rate: number, key: Key) => dropout(new Float32Array(size).fill(1), rate, key);

beforeAll(async () => {
  await useBackend('wasm');
});
afterAll(async () => {
  await useBackend('wasm', {threads: 1});
});

describe('dropout on the engine', () => {
  it("follows the known answer of Philox's authors for a key and a counter of 0", () => {
    const words = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8];
    // The element is kept at a rate of exactly its word, and not at the next one.
    words.forEach((word, i) => {
      expect(factors(4, word / 2 ** 32, [0, 0])[i]).toBeGreaterThan(0);
      expect(factors(4, (word + 1) / 2 ** 32, [0, 0])[i]).toBe(0);
    });
  });

  it('draws what JavaScript draws, for any size, rate and key', () => {
    const random = new Random(1, 'dropout');
    const sizes = [0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 63, 1009, 5003];
    const ends = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff];
    for (const size of sizes) {
      for (const rate of [0, 0.1, 0.5, 0.9, 1 - 2 ** -20, 1 - 2 ** -53]) {
        const key: Key = [ends[random.integer(5)]!, random.bits()];
        const drawn = Float32Array.from(factors(size, rate, key));
        expect(String(drawn)).toBe(String(dropoutFactors(size, rate, key)));
      }
    }
  });

  it('multiplies, so that NaN is not hidden, and infinity is none where dropped', () => {
    const x = values(new Random(2), 101);
    x[3] = x[4] = x[5] = NaN;
    x[50] = x[51] = x[52] = Infinity;
    const expected = dropoutFactors(101, 0.5, [8, 9]).map((factor, i) => factor * x[i]!);
    expect(Float32Array.from(dropout(x, 0.5, [8, 9]))).toEqual(expected);
  });

  it('is the same for any number of threads', async () => {
    const expected = String(dropoutFactors(50_007, 0.3, [1, 2]));
    for (const threads of [1, 2, 3]) {
      await useBackend('wasm', {threads});
      expect(String(Float32Array.from(factors(50_007, 0.3, [1, 2])))).toBe(expected);
    }
  });

  it('keeps the shape', () => {
    const {shape} = runKernel(
      'GlassboxDropout',
      {x: [new Float32Array(24), [2, 3, 4]]},
      {rate: 0.5, key: [1, 2]},
    );
    expect(shape).toEqual([2, 3, 4]);
  });
});
