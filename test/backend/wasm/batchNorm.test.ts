/** Batch normalization on the engine against float64 references. */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {expectNear, sizeOf, values} from './support';

/** Rows and channels: channels that fill vectors and some that do not, one row, rows that fill no wide row. */
const shapes = [
  [1, 1],
  [7, 1],
  [2, 3],
  [33, 5],
  [64, 4],
  [1, 16],
  [10, 16],
  [3, 40],
  [5, 7, 3, 6],
  [4, 32, 32, 16],
  [8, 8, 8, 64],
  [1000, 3],
  [19, 301],
];
const epsilon = 1e-3;

interface Reference extends Record<
  'y' | 'mean' | 'variance' | 'inverse' | 'dx' | 'dGamma' | 'dBeta',
  number[]
> {}

function reference(
  x: Float32Array,
  dy: Float32Array,
  gamma: Float32Array,
  beta: Float32Array,
  channels: number,
): Reference {
  const rows = x.length / channels;
  const of = (): number[] => Array.from({length: channels}, () => 0);
  const result: Reference = {
    ...{y: [], dx: [], mean: of(), variance: of(), inverse: of(), dGamma: of(), dBeta: of()},
  };
  const {mean, variance, inverse, dGamma, dBeta} = result;
  for (let i = 0; i < x.length; i++) mean[i % channels]! += x[i]! / rows;
  for (let i = 0; i < x.length; i++) variance[i % channels]! += (x[i]! - mean[i % channels]!) ** 2 / rows;
  for (let c = 0; c < channels; c++) inverse[c] = 1 / Math.sqrt(variance[c]! + epsilon);
  const normal = Array.from(x, (value, i) => (value - mean[i % channels]!) * inverse[i % channels]!);
  for (let i = 0; i < x.length; i++) {
    const c = i % channels;
    result.y.push(normal[i]! * gamma[c]! + beta[c]!);
    dGamma[c]! += dy[i]! * normal[i]!;
    dBeta[c]! += dy[i]!;
  }
  for (let i = 0; i < x.length; i++) {
    const c = i % channels;
    const shared = (dBeta[c]! + normal[i]! * dGamma[c]!) / rows;
    result.dx.push(gamma[c]! * inverse[c]! * (dy[i]! - shared));
  }
  return result;
}

/** Runs a kernel; what it returns is read and freed, and nothing else may stay. */
function run(
  name: string,
  inputs: Record<string, [values: Float32Array, shape: number[]]>,
  attrs = {},
): Float32Array[] {
  const before = {tensors: tf.memory().numTensors, data: tf.backend().numDataIds()};
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([key, [numbers, shape]]) => [key, tf.tensor(numbers, shape)]),
  );
  const out = tf.engine().runKernel<tf.Tensor | tf.Tensor[]>(name, tensors, attrs);
  const list = Array.isArray(out) ? out : [out];
  const read = list.map(tensor => tensor.dataSync<'float32'>().slice());
  tf.dispose([...list, ...Object.values(tensors)]);
  expect({tensors: tf.memory().numTensors, data: tf.backend().numDataIds()}).toEqual(before);
  return read;
}

describe('batch normalization on the engine', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  it.each(shapes.map(shape => [shape]))('computes %j and its gradient', shape => {
    const random = new Random(3);
    const channels = shape.at(-1)!;
    const [x, dy] = [values(random, sizeOf(shape)), values(random, sizeOf(shape))];
    const [gamma, beta] = [values(random, channels), values(random, channels)];
    const expected = reference(x, dy, gamma, beta, channels);
    const [y, mean, variance, inverse] = run(
      'GlassboxBatchNormForward',
      {x: [x, shape], gamma: [gamma, [channels]], beta: [beta, [channels]]},
      {epsilon},
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    expectNear(y, expected.y, 2e-6);
    expectNear(mean, expected.mean, 1e-6);
    expectNear(variance, expected.variance, 1e-6);
    expectNear(inverse, expected.inverse, 1e-6);
    const [dx, dGamma, dBeta] = run('GlassboxBatchNormBackward', {
      dy: [dy, shape],
      x: [x, shape],
      mean: [mean, [channels]],
      inverse: [inverse, [channels]],
      gamma: [gamma, [channels]],
    }) as [Float32Array, Float32Array, Float32Array];
    // dx is the difference of terms of this size: with one row nothing is left of them.
    const terms = Math.max(...gamma.map((g, c) => Math.abs(g * inverse[c]!)));
    for (const [i, value] of dx.entries())
      expect(Math.abs(value - expected.dx[i]!)).toBeLessThanOrEqual(1e-6 * terms);
    expectNear(dGamma, expected.dGamma, 5e-6);
    expectNear(dBeta, expected.dBeta, 5e-6);
  });

  it('keeps the digits of a variance beside a mean a thousand times larger', () => {
    const random = new Random(5);
    const x = values(random, 6000).map(value => value + 1000);
    const expected = reference(x, x, new Float32Array(3), new Float32Array(3), 3);
    const [, mean, variance] = run('GlassboxBatchNormForward', {x: [x, [2000, 3]]}, {epsilon});
    expectNear(mean!, expected.mean, 1e-7);
    expectNear(variance!, expected.variance, 1e-5);
  });

  it('keeps NaN and infinity to their own channels', () => {
    const x = Float32Array.from({length: 300}, (_, i) => i % 7);
    x[1] = NaN;
    x[299] = Infinity;
    const [y, mean, variance] = run('GlassboxBatchNormForward', {x: [x, [100, 3]]}, {epsilon});
    expect(y!.filter((_, i) => i % 3 === 0).every(Number.isFinite)).toBe(true);
    expect(y!.filter((_, i) => i % 3 === 1).every(Number.isNaN)).toBe(true);
    expect([...mean!].map(Number.isFinite)).toEqual([true, false, false]);
    expect([...variance!].map(Number.isFinite)).toEqual([true, false, false]);
  });

  it.each(shapes.map(shape => [shape]))('normalizes %j by given moments', shape => {
    const random = new Random(4);
    const channels = shape.at(-1)!;
    const x = values(random, sizeOf(shape));
    const [mean, scale, offset] = [1, 2, 3].map(() => values(random, channels)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const variance = values(random, channels).map(value => value * value);
    const expected = Array.from(x, (value, i) => {
      const c = i % channels;
      return ((value - mean[c]!) / Math.sqrt(variance[c]! + epsilon)) * scale[c]! + offset[c]!;
    });
    const inputs = {mean, scale, offset, variance};
    const [y] = run(
      tf.FusedBatchNorm,
      {
        x: [x, shape],
        ...Object.fromEntries(Object.entries(inputs).map(([name, v]) => [name, [v, [channels]]])),
      },
      {varianceEpsilon: epsilon},
    );
    expectNear(y!, expected, 1e-6);
  });
});
