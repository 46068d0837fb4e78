import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {at, avgPoolGradient, maxPoolGradient, outputSize} from './reference';
import type {Window} from './reference';
import {expectNear, runKernel, sizeOf, values} from './support';

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

describe('sums and means', () => {
  const reduced = (x: Float32Array, shape: number[], axes: number[]) => {
    const kept = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
    const out = new Float64Array(sizeOf(kept));
    x.forEach((v, i) => {
      let rest = i;
      const index = shape.map(() => 0);
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        index[axis] = axes.includes(axis) ? 0 : rest % shape[axis]!;
        rest = Math.floor(rest / shape[axis]!);
      }
      out[at(kept, ...index)]! += v;
    });
    return out;
  };
  const cases: [number[], number[]][] = [
    [[7], [0]],
    [[4099], [0]],
    [[1031, 3], [0]],
    [
      [8, 17, 13, 5],
      [0, 1, 2],
    ],
    [[3, 97, 41], [1]],
    [[3, 97, 41], [2]],
    [
      [31, 7, 29],
      [0, 2],
    ],
    [
      [1, 64, 1, 33],
      [0, 1],
    ],
    [[64, 1, 33], [1]],
    [
      [2, 3, 5, 211],
      [0, 1, 2, 3],
    ],
    [[12289, 2], [0]],
  ];
  for (const [shape, axes] of cases)
    it(`of [${shape}] over axes ${axes}`, () => {
      const x = values(new Random(4, ...shape), sizeOf(shape));
      const expected = reduced(x, shape, axes);
      const count = axes.reduce((n, axis) => n * shape[axis]!, 1);
      for (const keepDims of [false, true]) {
        const outShape = shape
          .map((n, axis) => (axes.includes(axis) ? 1 : n))
          .filter((_, axis) => keepDims || !axes.includes(axis));
        const sum = runKernel('Sum', {x: [x, shape]}, {axis: axes, keepDims});
        expect(sum.shape).toEqual(outShape);
        expectNear(sum.values, expected, 1e-6);
        const mean = runKernel('Mean', {x: [x, shape]}, {axis: axes, keepDims});
        expectNear(
          mean.values,
          expected.map(v => v / count),
          1e-6,
        );
      }
    });

  it('keep their digits over a million terms', () => {
    const x = new Float32Array(1 << 20).fill(0.1);
    expect(
      runKernel('Sum', {x: [x, [1 << 20]]}, {axis: [0], keepDims: false}).values[0]! / (x[0]! * (1 << 20)),
    ).toBeCloseTo(1, 6);
  });

  it('of integers stay integers', () => {
    const x = Int32Array.from({length: 3000}, (_, i) => i);
    expect(
      Array.from(runKernel('Sum', {x: [x, [1000, 3], 'int32']}, {axis: [0], keepDims: false}).values),
    ).toEqual([1498500, 1499500, 1500500]);
  });
});

describe('moving elements', () => {
  const moved = (
    shape: number[],
    outShape: number[],
    from: (index: number[]) => number[],
    x: Float32Array,
  ) => {
    const out = new Float32Array(sizeOf(outShape));
    for (let i = 0; i < out.length; i++) {
      let rest = i;
      const index = outShape.map(() => 0);
      for (let axis = outShape.length - 1; axis >= 0; axis--) {
        index[axis] = rest % outShape[axis]!;
        rest = Math.floor(rest / outShape[axis]!);
      }
      out[i] = x[at(shape, ...from(index))]!;
    }
    return out;
  };

  it('tiles', () => {
    const cases: [number[], number[]][] = [
      [[1], [7]],
      [[3], [1]],
      [[3], [4]],
      [
        [1, 1, 1, 5],
        [2, 3, 4, 1],
      ],
      [
        [4, 1, 1, 3],
        [1, 5, 2, 1],
      ],
      [
        [2, 3],
        [3, 2],
      ],
      [
        [2, 1, 3],
        [1, 4, 2],
      ],
      [
        [5, 1],
        [1, 9],
      ],
      [
        [2, 3, 2, 3],
        [2, 1, 3, 2],
      ],
    ];
    for (const [shape, reps] of cases) {
      const x = values(new Random(5, ...shape), sizeOf(shape));
      const outShape = shape.map((n, axis) => n * reps[axis]!);
      const out = runKernel('Tile', {x: [x, shape]}, {reps});
      expect(out.shape).toEqual(outShape);
      expect(Array.from(out.values)).toEqual(
        Array.from(moved(shape, outShape, index => index.map((i, axis) => i % shape[axis]!), x)),
      );
    }
  });

  it('tiles to nothing', () => {
    expect(runKernel('Tile', {x: [new Float32Array(3), [3]]}, {reps: [0]}).shape).toEqual([0]);
  });

  it('transposes, in every order of up to five axes', () => {
    const orders = (axes: number[]): number[][] =>
      axes.length === 0
        ? [[]]
        : axes.flatMap(axis => orders(axes.filter(other => other !== axis)).map(rest => [axis, ...rest]));
    for (const shape of [[7], [5, 3], [1, 6], [4, 3, 5], [3, 1, 2, 4], [2, 3, 1, 2, 3]]) {
      const x = values(new Random(6, ...shape), sizeOf(shape));
      for (const perm of orders(shape.map((_, axis) => axis))) {
        const outShape = perm.map(axis => shape[axis]!);
        const out = runKernel('Transpose', {x: [x, shape]}, {perm});
        expect(out.shape).toEqual(outShape);
        const expected = moved(
          shape,
          outShape,
          index => shape.map((_, axis) => index[perm.indexOf(axis)]!),
          x,
        );
        expect(Array.from(out.values)).toEqual(Array.from(expected));
      }
    }
  });

  it('casts', () => {
    const x = new Float32Array([-1.7, -0, 0, 0.5, 2.9, NaN]);
    expect(Array.from(runKernel('Cast', {x: [x, [6]]}, {dtype: 'int32'}).values)).toEqual([
      -1, 0, 0, 0, 2, 0,
    ]);
    expect(Array.from(runKernel('Cast', {x: [x, [6]]}, {dtype: 'bool'}).values)).toEqual([1, 0, 0, 1, 1, 1]);
    expect(Array.from(runKernel('Cast', {x: [x, [6]]}, {dtype: 'float32'}).values)).toEqual(Array.from(x));
    expect(Array.from(runKernel('Cast', {x: [[1, 0, 1], [3], 'bool']}, {dtype: 'float32'}).values)).toEqual([
      1, 0, 1,
    ]);
  });

  it('adds rows by segment; ids beyond the segments go nowhere', () => {
    const x = values(new Random(7), 6 * 5);
    const ids = [2, 0, 2, 3, -1, 9];
    const expected = new Float64Array(4 * 5);
    ids.forEach((id, i) => {
      if (id >= 0 && id < 4) for (let j = 0; j < 5; j++) expected[id * 5 + j]! += x[i * 5 + j]!;
    });
    const out = runKernel(
      'UnsortedSegmentSum',
      {x: [x, [6, 5]], segmentIds: [ids, [6], 'int32']},
      {numSegments: 4},
    );
    expect(out.shape).toEqual([4, 5]);
    expectNear(out.values, expected, 1e-6);
  });
});

describe('batch normalization', () => {
  for (const [scale, offset] of [
    [true, true],
    [false, true],
    [true, false],
    [false, false],
  ])
    it(`${scale ? 'with' : 'without'} scale, ${offset ? 'with' : 'without'} offset`, () => {
      const random = new Random(8);
      const x = values(random, 3 * 5 * 2 * 7).map(v => 100 + v);
      const [mean, gamma, beta] = [values(random, 7).map(v => 100 + v), values(random, 7), values(random, 7)];
      const variance = values(random, 7).map(Math.abs);
      const expected = Array.from(x, (v, i) => {
        const c = i % 7;
        return (
          ((v - mean[c]!) / Math.sqrt(variance[c]! + 1e-3)) * (scale ? gamma[c]! : 1) +
          (offset ? beta[c]! : 0)
        );
      });
      const out = runKernel(
        'FusedBatchNorm',
        {
          x: [x, [3, 5, 2, 7]],
          mean: [mean, [7]],
          variance: [variance, [7]],
          ...(scale && {scale: [gamma, [7]]}),
          ...(offset && {offset: [beta, [7]]}),
        },
        {varianceEpsilon: 1e-3},
      );
      expectNear(out.values, expected, 1e-6);
    });
});

describe('the gradients of pooling', () => {
  const cases: Record<string, Window & {x: number[]}> = {
    'one pixel': {x: [1, 1, 1, 1], size: [1, 1], strides: [1, 1], pad: 'valid'},
    'two by two': {x: [2, 8, 6, 5], size: [2, 2], strides: [2, 2], pad: 'valid'},
    'a row too many': {x: [2, 7, 5, 3], size: [2, 2], strides: [2, 2], pad: 'valid'},
    'windows over the edge': {x: [2, 7, 5, 3], size: [2, 2], strides: [2, 2], pad: 'same'},
    'windows that overlap': {x: [2, 7, 8, 3], size: [3, 3], strides: [2, 1], pad: 'same'},
    'two by two that overlap': {x: [2, 7, 8, 3], size: [2, 2], strides: [1, 1], pad: 'valid'},
    'windows that leave gaps': {x: [1, 11, 13, 2], size: [2, 3], strides: [3, 5], pad: 'valid'},
    'the whole image': {x: [3, 5, 7, 11], size: [5, 7], strides: [1, 1], pad: 'valid'},
    'a padding of its own': {x: [2, 6, 6, 2], size: [3, 3], strides: [2, 2], pad: 1},
  };
  const contents: Record<string, (random: Random) => number> = {
    'all sorts': random => random.uniform() * 2 - 1,
    'negative numbers': random => -random.uniform() - 0.1,
    'equal numbers': random => random.integer(3) - 1,
    'only zeros': () => 0,
    'not-a-numbers and infinities': random => [NaN, -Infinity, Infinity, 0.5, -0.5][random.integer(5)]!,
  };
  for (const [name, test] of Object.entries(cases))
    for (const [content, draw] of Object.entries(contents))
      it(`of ${name}, ${content}`, () => {
        const random = new Random(9, name, content);
        const x = Float32Array.from({length: sizeOf(test.x)}, () => draw(random));
        const output = [test.x[0]!, ...outputSize(test.x, test), test.x[3]!];
        const dy = values(random, sizeOf(output));
        const attrs = {filterSize: test.size, strides: test.strides, pad: test.pad};
        const inputs = {dy: [dy, output], input: [x, test.x], output: [dy, output]} as const;
        const max = runKernel(
          'MaxPoolGrad',
          {dy: [...inputs.dy], input: [...inputs.input], output: [...inputs.output]},
          attrs,
        );
        expectNear(max.values, maxPoolGradient(x, test.x, dy, test), 1e-6);
        const average = runKernel('AvgPoolGrad', {dy: [...inputs.dy], input: [...inputs.input]}, attrs);
        expectNear(average.values, avgPoolGradient(test.x, dy, test), 1e-6);
      });
});

describe('memory', () => {
  it('may grow between and inside kernels', () => {
    const random = new Random(10);
    const [x, dy] = [values(random, 2 * 9 * 9 * 3), values(random, 2 * 9 * 9 * 4)];
    const inputs = {x: [x, [2, 9, 9, 3]], dy: [dy, [2, 9, 9, 4]]} as const;
    const attrs = {strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape: [3, 3, 3, 4]};
    const run = () =>
      Array.from(
        runKernel('Conv2DBackpropFilter', {x: [x, [...inputs.x[1]]], dy: [dy, [...inputs.dy[1]]]}, attrs)
          .values,
      );
    const before = run();
    const held: tf.Tensor[] = [];
    for (let i = 0; i < 12; i++) {
      held.push(tf.zeros([1 << 21])); // 8 MB each, beyond what the heap starts with
      expect(run()).toEqual(before);
    }
    tf.dispose(held);
    const big = tf.tidy(() => tf.sum(tf.tile(tf.ones([1, 64]), [1 << 18, 1]), 0));
    expect(Array.from(big.dataSync())).toEqual(new Array(64).fill(1 << 18));
    big.dispose();
  });
});
