import {describe, expect, it, test} from 'vitest';
import {Random, dropThreshold, dropoutFactors, philox} from '../../src/core';

const ones = 0xffffffff;

/** The known answers of Random123, the authors' own implementation. */
const known: [counter: number[], key: [number, number], words: number[]][] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [ones, ones, ones, ones],
    [ones, ones],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

test.each(known)("philox(%j, %j) gives the authors' words", (counter, key, words) => {
  const found = new Uint32Array(4);
  philox(counter, key, found);
  expect([...found]).toEqual(words);
});

describe('the factors of dropout', () => {
  it('are drawn from the words of the counters 0, 1, 2 …', () => {
    const key = [7, 11] as const;
    const words = [0, 1, 2].flatMap(counter => {
      const four = new Uint32Array(4);
      philox([counter, 0, 0, 0], key, four);
      return [...four];
    });
    const expected = words.map(word => (word >= 0.25 * 2 ** 32 ? Math.fround(1 / 0.75) : 0));
    expect([...dropoutFactors(12, 0.25, key)]).toEqual(expected);
  });

  it('do not depend on how many there are', () => {
    const all = dropoutFactors(64, 0.5, [1, 2]);
    for (let size = 0; size < 64; size++)
      expect(dropoutFactors(size, 0.5, [1, 2])).toEqual(all.slice(0, size));
  });

  it.each([0.001, 0.1, 0.25, 0.5, 0.9, 0.999])('drop %d of the elements, but for chance', rate => {
    const random = new Random(1, 'keys');
    const size = 20_000;
    const keys = 50;
    let statistic = 0;
    for (let draw = 0; draw < keys; draw++) {
      const factors = dropoutFactors(size, rate, [random.bits(), random.bits()]);
      const dropped = factors.reduce((count, factor) => count + (factor === 0 ? 1 : 0), 0);
      statistic += (dropped - size * rate) ** 2 / (size * rate * (1 - rate));
    }
    // Of the χ² distribution with 50 degrees of freedom, 0.1 % lies above 86.66 and 0.1 % below 24.67.
    expect(statistic).toBeGreaterThan(24.67);
    expect(statistic).toBeLessThan(86.66);
  });

  it('are independent of their neighbours, and of those of neighbouring keys', () => {
    const size = 100_000;
    const half = (key: [number, number]) => dropoutFactors(size, 0.5, key).map(factor => factor - 1);
    const first = half([3, 4]);
    const correlation = (other: Float32Array) =>
      first.reduce((sum, x, i) => sum + x * other[i]!, 0) / Math.sqrt(size);
    const shifted = [1, 2, 3, 4, 16].map(by => first.map((_, i) => first[(i + by) % size]!));
    for (const other of [...shifted, half([4, 4]), half([3, 5])])
      expect(Math.abs(correlation(other))).toBeLessThan(3.5);
  });

  it('are all 1 at a rate of 0, and never infinite', () => {
    expect(new Set(dropoutFactors(1000, 0, [5, 6]))).toEqual(new Set([1]));
    expect(new Set(dropoutFactors(1000, 1 - 2 ** -40, [5, 6]))).toEqual(new Set([0]));
    expect(dropThreshold(1 - 2 ** -53)).toBe(2 ** 32 - 1);
  });
});
