import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';

/** What numpy gives, and tfjs on the CPU where numpy refuses: no largest number is NaN, and 0 among whole ones. */
const ofNothing = {sum: 0, mean: 0, max: NaN, min: NaN, prod: 1} as const;
const shapes: [shape: number[], axis: number[], outShape: number[]][] = [
  [[0], [0], []],
  [[2, 0], [1], [2]],
  [[0, 3], [0], [3]],
  [[2, 0, 3], [1], [2, 3]],
  [[2, 0, 3], [0, 1], [3]],
  [[2, 0], [0], [0]],
];

describe.each([
  ['cpu', 'cpu', {}],
  ['wasm', 'wasm', {}],
  ['wasm without the engine', 'wasm', {engine: false}],
] as const)('on %s', (_, name, options) => {
  beforeAll(async () => {
    await useBackend(name, options);
    // What is freed here is what an unwritten output would show.
    tf.tidy(() => [1, 2, 3, 6, 12].map(size => tf.fill([size], 7)));
  });

  describe.each(Object.keys(ofNothing) as (keyof typeof ofNothing)[])('%s of nothing', op => {
    it.each(['float32', 'int32'] as const)('of %s is what it has to be', dtype => {
      const before = [tf.memory().numTensors, tf.backend().numDataIds()];
      for (const [shape, axis, outShape] of shapes) {
        const out = tf.tidy(() => tf[op](tf.tensor([], shape, dtype), axis));
        const expected = op !== 'mean' && dtype === 'int32' ? ofNothing[op] || 0 : ofNothing[op];
        expect(out.shape).toEqual(outShape);
        expect(out.dtype).toBe(op === 'mean' ? 'float32' : dtype);
        expect(Array.from(out.dataSync())).toEqual(new Array(out.size).fill(expected));
        out.dispose();
      }
      expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
    });
  });

  it('all of nothing are true, and any of nothing is false', () => {
    for (const [shape, axis, outShape] of shapes) {
      const nothing = tf.tensor([], shape, 'bool');
      const [all, any] = [tf.all(nothing, axis, true), tf.any(nothing, axis)];
      expect(all.rank).toBe(shape.length);
      expect(any.shape).toEqual(outShape);
      expect([...all.dataSync()].every(Boolean)).toBe(true);
      expect([...any.dataSync()].some(Boolean)).toBe(false);
      tf.dispose([nothing, all, any]);
    }
  });

  it('a fused product without terms is the bias, activated', () => {
    for (const [transposeA, transposeB] of [
      [false, false],
      [true, false],
      [false, true],
    ]) {
      const a = tf.zeros<tf.Rank.R2>(transposeA ? [0, 2] : [2, 0]);
      const b = tf.zeros<tf.Rank.R2>(transposeB ? [3, 0] : [0, 3]);
      const bias = tf.tensor1d([1, -2, 3]);
      const run = (activation: 'linear' | 'relu' | 'sigmoid', withBias: boolean) =>
        tf.tidy(() => [
          ...tf.fused
            .matMul({a, b, ...{transposeA, transposeB, activation}, ...(withBias && {bias})})
            .dataSync<'float32'>(),
        ]);
      expect(run('linear', false)).toEqual([0, 0, 0, 0, 0, 0]);
      expect(run('linear', true)).toEqual([1, -2, 3, 1, -2, 3]);
      expect(run('relu', true)).toEqual([1, 0, 3, 1, 0, 3]);
      const sigmoid = [1, -2, 3, 1, -2, 3].map(x => 1 / (1 + Math.exp(-x)));
      run('sigmoid', true).forEach((value, i) => expect(value).toBeCloseTo(sigmoid[i]!, 6));
      tf.dispose([a, b, bias]);
    }
  });
});
