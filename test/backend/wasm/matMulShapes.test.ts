/** Products of matrices of unequal ranks and of no length, and biases of unusual shapes. */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it, vi} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {wasmInternals} from '../../../src/backend/wasm/engine/tfjsInternals';
import {asWasm} from '../../../src/backend/wasm/tfjsInternals';
import {onPlainCpu} from './plainCpu';
import {expectNear, runKernel, sizeOf, values} from './support';

/** Batch shapes with leading ones, of every rank. */
const outers = [[], [1], [4], [1, 1], [1, 4], [2, 3], [1, 1, 4], [1, 2, 3], [1, 1, 1]];

function broadcasts(a: number[], b: number[]): boolean {
  return tf.util.arraysEqual(a, b) || sizeOf(a) === 1 || sizeOf(b) === 1;
}

for (const engine of [true, false])
  describe(engine ? 'on the engine' : 'without the engine', () => {
    beforeAll(async () => {
      await useBackend('wasm', {engine});
    });

    for (const [ta, tb] of [
      [false, false],
      [true, false],
      [false, true],
    ] as const)
      it(`batches of any ranks multiply${ta ? ', a transposed' : ''}${tb ? ', b transposed' : ''}`, () => {
        const random = new Random(11);
        const [m, k, n] = [34, 35, 36];
        for (const outerA of outers)
          for (const outerB of outers) {
            if (!broadcasts(outerA, outerB)) continue;
            const [a, b] = [values(random, sizeOf(outerA) * m * k), values(random, sizeOf(outerB) * k * n)];
            const found = runKernel(
              'BatchMatMul',
              {
                a: [a, [...outerA, ...(ta ? [k, m] : [m, k])]],
                b: [b, [...outerB, ...(tb ? [n, k] : [k, n])]],
              },
              {transposeA: ta, transposeB: tb},
            );
            expect(found.shape).toEqual([
              ...tf.broadcast_util.assertAndGetBroadcastShape(outerA, outerB),
              ...[m, n],
            ]);
            const batch = Math.max(sizeOf(outerA), sizeOf(outerB));
            const expected = new Float64Array(batch * m * n);
            for (let s = 0; s < batch; s++) {
              const fromA = sizeOf(outerA) === 1 ? 0 : s * m * k;
              const fromB = sizeOf(outerB) === 1 ? 0 : s * k * n;
              for (let i = 0; i < m; i++)
                for (let j = 0; j < n; j++)
                  for (let l = 0; l < k; l++)
                    expected[(s * m + i) * n + j]! +=
                      a[fromA + (ta ? l * m + i : i * k + l)]! * b[fromB + (tb ? j * k + l : l * n + j)]!;
            }
            expectNear(found.values, expected);
          }
      });

    it('sums of nothing are zero', () => {
      tf.dispose([tf.fill([6], 7), tf.fill([6], 7)]);
      const found = runKernel(
        'BatchMatMul',
        {a: [[], [2, 0]], b: [[], [0, 3]]},
        {transposeA: false, transposeB: false},
      );
      expect(found).toEqual({values: new Float32Array(6), shape: [2, 3]});
    });

    it('reductions of nothing are those of the cpu backend', async () => {
      const all = {Sum: [0, 0, 0], Mean: [0, 0, 0], Max: [NaN, NaN, NaN], Min: [NaN, NaN, NaN]};
      for (const [name, expected] of Object.entries(all)) {
        const key = name === 'Max' ? 'reductionIndices' : 'axis';
        const attrs = {[key]: [0], axis: [0], keepDims: false};
        expect([...(await onPlainCpu(name, {x: [[], [0, 3]]}, attrs))], name).toEqual(expected);
        // tfjs's own largest and smallest of nothing are what the memory held.
        if (!engine && name.startsWith('M') && name !== 'Mean') continue;
        tf.dispose([tf.fill([3], 7), tf.fill([3], 7)]);
        const found = runKernel(name, {x: [[], [0, 3]]}, attrs);
        expect([...Array.from(found.values)], name).toEqual(expected);
        expect(found.shape).toEqual([3]);
      }
    });

    it('a bias for rows is not taken for one of columns', () => {
      const fused = () =>
        tf.tidy(() =>
          tf.fused.matMul({a: tf.eye(3), b: tf.eye(3), bias: tf.tensor2d([[1], [2], [3]])}).arraySync(),
        );
      expect(fused).toThrow('rank-1 bias');
    });

    it('neither is one of rows taken for one of channels', () => {
      const fused = () =>
        tf.tidy(() =>
          tf.fused
            .depthwiseConv2d({
              x: tf.ones<tf.Rank.R4>([1, 3, 3, 3]),
              filter: tf.ones<tf.Rank.R4>([1, 1, 3, 1]),
              ...{strides: 1, pad: 0, bias: tf.tensor2d([[1], [2], [3]])},
            })
            .arraySync(),
        );
      expect(fused).toThrow('rank-1 bias');
    });

    it('a bias for columns may have leading ones', () => {
      if (!engine) return;
      const out = tf.tidy(() =>
        tf.fused.matMul({a: tf.eye(3), b: tf.eye(3), bias: tf.tensor2d([[1, 2, 3]])}).arraySync(),
      );
      expect(out).toEqual([
        [2, 2, 3],
        [1, 3, 3],
        [1, 2, 4],
      ]);
    });
  });

describe('right matrices of few columns', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  for (const [rows, columns] of [
    [1, 1],
    [5, 3],
    [7, 3],
  ] as const)
    it(`take no workspace of many times their size, [${rows}, depth] · [depth, ${columns}]`, () => {
      const [batch, depth] = [300, 4096];
      const numbers = (size: number, step: number) =>
        Float32Array.from({length: size}, (_, i) => ((i * step) % 101) / 50 - 1);
      const [a, b] = [numbers(batch * rows * depth, 37), numbers(batch * depth * columns, 59)];
      const malloc = vi.spyOn(wasmInternals(asWasm(tf.backend())), 'malloc');
      const out = tf.tidy(() =>
        tf.matMul(tf.tensor(a, [batch, rows, depth]), tf.tensor(b, [batch, depth, columns])).dataSync(),
      );
      const largest = Math.max(0, ...malloc.mock.calls.map(([bytes]) => bytes));
      malloc.mockRestore();
      expect(largest).toBeLessThanOrEqual(32 << 20);
      const expected = new Float64Array(batch * rows * columns);
      for (let s = 0; s < batch; s++)
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++)
            for (let l = 0; l < depth; l++)
              expected[(s * rows + i) * columns + j]! +=
                a[(s * rows + i) * depth + l]! * b[(s * depth + l) * columns + j]!;
      expectNear(out, expected);
    });
});
