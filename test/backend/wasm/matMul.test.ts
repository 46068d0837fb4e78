import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {expectNear, runKernel, values} from './support';

beforeAll(async () => {
  await useBackend('wasm');
});

describe('products of matrices', () => {
  /** Batches of matrices, or one for all. */
  const product = (
    a: Float32Array,
    b: Float32Array,
    batch: [number, number],
    [m, k, n]: number[],
    ta: boolean,
    tb: boolean,
  ) => {
    const [rows, inner, columns] = [m!, k!, n!];
    const count = Math.max(...batch);
    const out = new Float64Array(count * rows * columns);
    for (let s = 0; s < count; s++)
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++)
          for (let l = 0; l < inner; l++) {
            const p = (batch[0] === 1 ? 0 : s) * rows * inner + (ta ? l * rows + i : i * inner + l);
            const q = (batch[1] === 1 ? 0 : s) * inner * columns + (tb ? j * inner + l : l * columns + j);
            out[(s * rows + i) * columns + j]! += a[p]! * b[q]!;
          }
    return out;
  };
  const sizes = [
    [1, 1, 1],
    [1, 67, 1],
    [3, 5, 7],
    [33, 37, 41],
    [64, 1, 64],
    [2, 97, 101],
    [101, 97, 2],
    [128, 10, 65],
    [61, 129, 31],
    // Few rows, whose right matrix is read as it is; sums in more than one part.
    [1, 300, 32],
    [5, 515, 16],
    [7, 513, 48],
  ];
  const batches: [number, number][] = [
    [1, 1],
    [5, 5],
    [1, 3],
    [3, 1],
  ];
  for (const ta of [false, true])
    for (const tb of [false, true])
      it(`are right${ta ? ', a transposed' : ''}${tb ? ', b transposed' : ''}`, () => {
        const random = new Random(1, 'matMul', Number(ta), Number(tb));
        for (const size of sizes)
          for (const batch of batches) {
            const [m, k, n] = size as [number, number, number];
            const [a, b] = [values(random, batch[0] * m * k), values(random, batch[1] * k * n)];
            const shapeA = [batch[0], ...(ta ? [k, m] : [m, k])];
            const shapeB = [batch[1], ...(tb ? [n, k] : [k, n])];
            const {values: out, shape} = runKernel(
              'BatchMatMul',
              {a: [a, shapeA], b: [b, shapeB]},
              {transposeA: ta, transposeB: tb},
            );
            expect(shape).toEqual([Math.max(...batch), m, n]);
            expectNear(out, product(a, b, batch, size, ta, tb));
          }
      });

  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])(
    'are right where rows, columns and sums go in several parts (a transposed: %s, b transposed: %s)',
    (ta, tb) => {
      const random = new Random(5, 'parts', Number(ta), Number(tb));
      // Three chunks of rows with one row over, as many of columns as there may be, two parts of the sum.
      const [m, k, n] = [257, 259, 275];
      const [a, b, bias] = [values(random, m * k), values(random, k * n), values(random, n)];
      const out = runKernel(
        '_FusedMatMul',
        {a: [a, [1, ...(ta ? [k, m] : [m, k])]], b: [b, [1, ...(tb ? [n, k] : [k, n])]], bias: [bias, [n]]},
        {transposeA: ta, transposeB: tb, activation: 'relu'},
      );
      const plain = product(a, b, [1, 1], [m, k, n], ta, tb);
      expectNear(
        out.values,
        plain.map((v, i) => Math.max(0, v + bias[i % n]!)),
      );
    },
  );

  it('are right for batches of several axes', () => {
    const random = new Random(2);
    const [a, b] = [values(random, 6 * 40 * 50), values(random, 6 * 50 * 30)];
    const out = runKernel(
      'BatchMatMul',
      {a: [a, [2, 3, 40, 50]], b: [b, [2, 3, 50, 30]]},
      {transposeA: false, transposeB: false},
    );
    expect(out.shape).toEqual([2, 3, 40, 30]);
    expectNear(out.values, product(a, b, [6, 6], [40, 50, 30], false, false));
  });

  it('are right with bias and activation, both transposed', () => {
    const random = new Random(3);
    const [a, b, bias] = [values(random, 61 * 43), values(random, 61 * 37), values(random, 37)];
    const out = runKernel(
      '_FusedMatMul',
      {a: [a, [1, 61, 43]], b: [b, [1, 37, 61]], bias: [bias, [37]]},
      {transposeA: true, transposeB: true, activation: 'relu'},
    );
    const plain = product(a, b, [1, 1], [43, 61, 37], true, true);
    expectNear(
      out.values,
      plain.map((v, i) => Math.max(0, v + bias[i % 37]!)),
    );
  });

  it('apply the activations that tfjs fuses, to few rows and many', () => {
    const random = new Random(4);
    for (const [m, k, n] of [
      [2, 300, 32],
      [64, 20, 19],
    ] as const) {
      const [a, b, bias] = [values(random, m * k), values(random, k * n), values(random, n)];
      const plain = product(a, b, [1, 1], [m, k, n], false, false).map((v, i) => v + bias[i % n]!);
      const functions: Record<string, (v: number) => number> = {
        linear: v => v,
        relu: v => Math.max(0, v),
        relu6: v => Math.min(6, Math.max(0, v)),
        sigmoid: v => 1 / (1 + Math.exp(-v)),
        elu: v => (v > 0 ? v : Math.expm1(v)),
      };
      for (const [activation, compute] of Object.entries(functions)) {
        const out = runKernel(
          '_FusedMatMul',
          {a: [a, [1, m, k]], b: [b, [1, k, n]], bias: [bias, [n]]},
          {transposeA: false, transposeB: false, activation},
        );
        expectNear(out.values, plain.map(compute));
      }
    }
  });

  it('carry NaN and infinity', () => {
    const a = new Float32Array(40 * 40).fill(1);
    a[3] = NaN;
    a[40] = Infinity;
    const {values: out} = runKernel(
      'BatchMatMul',
      {a: [a, [40, 40]], b: [new Float32Array(1600).fill(1), [40, 40]]},
      {transposeA: false, transposeB: true},
    );
    expect(out[0]).toBeNaN();
    expect(out[40]).toBe(Infinity);
    expect(out[80]).toBe(40);
  });
});
