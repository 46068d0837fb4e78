import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {at} from './reference';
import {expectNear, runKernel, sizeOf, values} from './support';

beforeAll(async () => {
  await useBackend('wasm');
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
