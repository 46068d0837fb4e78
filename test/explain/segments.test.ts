import {describe, expect, it} from 'vitest';
import {Random} from '../../src/core';
import {grid, quickshift, slic} from '../../src/explain';
import type {ImagePixels, Segments} from '../../src/explain';
import {connected} from '../../src/explain/segments';

/** Two colours, divided by a slanted edge, with a little noise. */
function halves(channels: number): ImagePixels & {isLeft: (at: number) => boolean} {
  const [height, width] = [24, 32];
  const random = new Random(1, 'halves');
  const isLeft = (at: number): boolean => at % width < 11 + Math.floor(at / width) / 4;
  const data = Float32Array.from(
    {length: height * width * channels},
    (_, i) =>
      (isLeft(Math.floor(i / channels)) ? [0.1, 0.2, 0.7] : [0.9, 0.8, 0.2])[i % channels]! +
      0.03 * random.normal(),
  );
  return {data, height, width, channels, isLeft};
}

/** Whether each label is used, and each segment hangs together. */
function isWhole({labels, count}: Segments, {height, width}: ImagePixels): boolean {
  return new Set(labels).size === count && connected(labels, height, width, 0).count === count;
}

describe.each([1, 3])('superpixels of %i channels', channels => {
  const image = halves(channels);
  it.each([
    ['slic', () => slic(image, {segments: 24})],
    ['quickshift', () => quickshift(image, {kernelSize: 2})],
  ] as const)('by %s follow edges, hang together and never change', (_name, cut) => {
    const segments = cut();
    expect(isWhole(segments, image)).toBe(true);
    expect(segments.count).toBeGreaterThan(2);
    expect(segments.count).toBeLessThan(60);
    // Hardly a pixel is in a segment of the other side.
    const left = new Float64Array(segments.count);
    const all = new Float64Array(segments.count);
    segments.labels.forEach((segment, at) => {
      all[segment]! += 1;
      if (image.isLeft(at)) left[segment]! += 1;
    });
    const astray = left.reduce((sum, count, k) => sum + Math.min(count, all[k]! - count), 0);
    expect(astray / segments.labels.length).toBeLessThan(0.01);
    expect([...cut().labels]).toEqual([...segments.labels]);
  });

  // A field is one colour, densest in its middle and no wider than `maxDistance`; black and white are 0.2 · 100 apart.
  it('by quickshift are the fields of a chessboard', () => {
    const [height, width, side] = [18, 27, 9];
    const field = (at: number): number => 3 * Math.floor(at / width / side) + Math.floor((at % width) / side);
    const data = Float32Array.from({length: height * width * channels}, (_, i) => {
      return field(Math.floor(i / channels)) % 2;
    });
    const {labels, count} = quickshift({data, height, width, channels}, {kernelSize: 2});
    expect(count).toBe(6);
    expect([...labels]).toEqual(Array.from(labels, (_, at) => field(at)));
  });

  it('come about as many as asked', () => {
    for (const segments of [6, 24, 60]) {
      const {count} = slic(image, {segments});
      expect(count / segments).toBeGreaterThan(0.6);
      expect(count / segments).toBeLessThan(1.5);
    }
  });
});

describe('segments', () => {
  it('of a grid are rectangles of equal size', () => {
    const {labels, count} = grid(
      {data: new Float32Array(64), height: 8, width: 8, channels: 1},
      {segments: 4},
    );
    expect(count).toBe(4);
    expect([labels[0], labels[3], labels[4], labels[32], labels[63]]).toEqual([0, 0, 1, 2, 3]);
  });

  it('of one colour, one pixel or no contrast are segments all the same', () => {
    const flat = {data: new Float32Array(100).fill(0.5), height: 10, width: 10, channels: 1};
    expect(slic(flat, {segments: 4}).count).toBe(4);
    expect(isWhole(quickshift(flat), flat)).toBe(true);
    const pixel = {data: Float32Array.of(1), height: 1, width: 1, channels: 1};
    for (const cut of [slic, quickshift, grid])
      expect(cut(pixel)).toEqual({labels: Int32Array.of(0), count: 1});
  });

  it('are refused for sizes that cannot be', () => {
    const pixel = {data: Float32Array.of(1), height: 1, width: 1, channels: 1};
    expect(() => slic(pixel, {segments: 0})).toThrow(/segments of slic/);
    expect(() => quickshift(pixel, {ratio: -1})).toThrow(/ratio/);
    expect(() => slic(pixel, {compact: 1} as object)).toThrow(/compactness/);
  });
});
