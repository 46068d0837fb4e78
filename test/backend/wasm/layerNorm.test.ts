/** The kernels of layer normalization against float64. */
import * as tf from '@tensorflow/tfjs-core';
import {beforeEach, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {expectNear, values} from './support';

const epsilon = 1e-3;

/** Widths that fill vectors, that do not, and that take several blocks; rows that fill groups, and one row. */
const shapes = [
  [1, 1],
  [1, 64],
  [7, 3],
  [33, 5],
  [64, 4],
  [20, 17],
  [5, 40],
  [100, 64],
  [3, 1031],
  [1000, 13],
  [700, 301],
] as const;

interface Parameters {
  gamma?: Float32Array;
  beta?: Float32Array;
}

function reference(x: Float32Array, dy: Float32Array, width: number, {gamma, beta}: Parameters) {
  const rows = x.length / width;
  const of = (length: number): number[] => Array.from({length}, () => 0);
  const [y, dx, mean, inverse] = [of(x.length), of(x.length), of(rows), of(rows)];
  const [dGamma, dBeta] = [of(width), of(width)];
  for (let i = 0; i < rows; i++) {
    const own = Array.from(x.subarray(i * width, (i + 1) * width));
    const centre = own.reduce((sum, value) => sum + value, 0) / width;
    const variance = own.reduce((sum, value) => sum + (value - centre) ** 2, 0) / width;
    const factor = 1 / Math.sqrt(variance + epsilon);
    mean[i] = centre;
    inverse[i] = factor;
    const normal = own.map(value => (value - centre) * factor);
    const slopes = own.map((_, j) => dy[i * width + j]! * (gamma?.[j] ?? 1));
    const sum = slopes.reduce((total, slope) => total + slope, 0);
    const products = slopes.reduce((total, slope, j) => total + slope * normal[j]!, 0);
    for (let j = 0; j < width; j++) {
      const at = i * width + j;
      y[at] = normal[j]! * (gamma?.[j] ?? 1) + (beta?.[j] ?? 0);
      dx[at] = factor * (slopes[j]! - (sum + normal[j]! * products) / width);
      dGamma[j]! += dy[at]! * normal[j]!;
      dBeta[j]! += dy[at]!;
    }
  }
  return {y, mean, inverse, dx, dGamma, dBeta};
}

/** Runs a kernel; what it returns is read and freed, and nothing else may stay. */
function run(
  name: string,
  inputs: Record<string, [values: Float32Array, shape: readonly number[]] | undefined>,
  attrs: tf.NamedAttrMap,
): Float32Array[] {
  const before = {tensors: tf.memory().numTensors, data: tf.backend().numDataIds()};
  const tensors: Record<string, tf.Tensor> = {};
  for (const [key, input] of Object.entries(inputs))
    if (input !== undefined) tensors[key] = tf.tensor(input[0], [...input[1]]);
  const list = tf.engine().runKernel<tf.Tensor[]>(name, tensors, attrs);
  const read = list.map(tensor => tensor.dataSync<'float32'>().slice());
  tf.dispose([...list, ...Object.values(tensors)]);
  expect({tensors: tf.memory().numTensors, data: tf.backend().numDataIds()}).toEqual(before);
  return read;
}

function forward(x: Float32Array, shape: readonly [number, number], {gamma, beta}: Parameters) {
  const inputs = {
    x: [x, shape] as const,
    gamma: gamma && ([gamma, [shape[1]]] as const),
    beta: beta && ([beta, [shape[1]]] as const),
  };
  const [y, mean, inverse] = run('GlassboxLayerNorm', inputs as never, {epsilon});
  return {y: y!, mean: mean!, inverse: inverse!};
}

function largestError(actual: Float32Array, expected: readonly number[]): number {
  return expected.reduce((largest, value, i) => Math.max(largest, Math.abs(actual[i]! - value)), 0);
}

beforeEach(async () => {
  await useBackend('wasm');
});

describe('the kernels of layer normalization', () => {
  const parameterSets: [string, (random: Random, width: number) => Parameters][] = [
    ['gamma and beta', (random, width) => ({gamma: values(random, width), beta: values(random, width)})],
    ['gamma', (random, width) => ({gamma: values(random, width)})],
    ['beta', (random, width) => ({beta: values(random, width)})],
    ['neither', () => ({})],
  ];

  it.each(shapes.flatMap(shape => parameterSets.map(([name, make]) => ({shape, name, make}))))(
    'compute $shape with $name, and the gradients',
    ({shape, make}) => {
      const random = new Random(3);
      const [rows, width] = shape;
      const [x, dy] = [values(random, rows * width), values(random, rows * width)];
      const parameters = make(random, width);
      const expected = reference(x, dy, width, parameters);
      const {y, mean, inverse} = forward(x, shape, parameters);
      expectNear(y, expected.y, 1e-6);
      // A mean is as exact as its terms, which reach to 1.
      expect(largestError(mean, expected.mean)).toBeLessThanOrEqual(5e-8);
      expectNear(inverse, expected.inverse, 2e-7);
      const inputs = {
        ...{dy: [dy, shape], x: [x, shape], mean: [mean, [rows]], inverse: [inverse, [rows]]},
        gamma: parameters.gamma && [parameters.gamma, [width]],
      };
      const gradients = run('GlassboxLayerNormGrad', inputs as never, {parameters: true});
      const [dx, dGamma, dBeta] = gradients as [Float32Array, Float32Array, Float32Array];
      // dx is the difference of terms of this size: with one number in a row nothing is left of them.
      expect(largestError(dx, expected.dx)).toBeLessThanOrEqual(1e-6 * Math.max(...inverse));
      expectNear(dGamma, expected.dGamma, 1e-6);
      expectNear(dBeta, expected.dBeta, 1e-6);
      const alone = run('GlassboxLayerNormGrad', inputs as never, {parameters: false});
      expect(alone.length).toBe(1);
      expect(largestError(alone[0]!, [...dx])).toBe(0);
    },
  );

  it('keep the digits of a variance beside a mean ten thousand times larger', () => {
    const random = new Random(5);
    const x = values(random, 6000).map(value => value + 10000);
    const expected = reference(x, x, 600, {});
    const {y, mean, inverse} = forward(x, [10, 600], {});
    expectNear(mean, expected.mean, 1e-7);
    expectNear(inverse, expected.inverse, 3e-7);
    // Half a unit in the last place of the mean, beside a deviation of about a half.
    expectNear(y, expected.y, 5e-4);
  });

  it('make zeros of rows that are the same all over', () => {
    const {y, inverse} = forward(new Float32Array(30).fill(0.1), [2, 15], {});
    expect([...y].every(value => Math.abs(value) < 1e-6)).toBe(true);
    expectNear(inverse, [1 / Math.sqrt(epsilon), 1 / Math.sqrt(epsilon)], 1e-6);
  });

  it('keep NaN and infinity to their own rows', () => {
    const x = Float32Array.from({length: 4 * 7}, (_, i) => i % 5);
    x[8] = NaN;
    x[27] = Infinity;
    const {y, mean, inverse} = forward(x, [4, 7], {});
    const finite = Array.from(y, Number.isFinite);
    expect(finite).toEqual(Array.from({length: 28}, (_, i) => i < 7 || (i >= 14 && i < 21)));
    const inputs = {
      ...{dy: [x.map(() => 1), [4, 7]], x: [x, [4, 7]], mean: [mean, [4]], inverse: [inverse, [4]]},
    };
    const [dx, dGamma] = run('GlassboxLayerNormGrad', inputs as never, {parameters: true});
    expect(Array.from(dx!, Number.isFinite)).toEqual(finite);
    expect([...dGamma!].every(Number.isNaN)).toBe(true);
  });

  it('have the gradients of central differences', () => {
    const random = new Random(8);
    const [rows, width] = [3, 6];
    const [x, dy] = [values(random, rows * width), values(random, rows * width)];
    const parameters = {gamma: values(random, width), beta: values(random, width)};
    const loss = (moved: Float64Array) =>
      reference(moved as never, dy, width, parameters).y.reduce((sum, value, i) => sum + value * dy[i]!, 0);
    const expected = Array.from(x, (_, i) => {
      const [above, below] = [1e-5, -1e-5].map(step => {
        const moved = Float64Array.from(x);
        moved[i]! += step;
        return loss(moved);
      });
      return (above! - below!) / 2e-5;
    });
    const {mean, inverse} = forward(x, [rows, width], parameters);
    const inputs = {
      ...{dy: [dy, [rows, width]], x: [x, [rows, width]], mean: [mean, [rows]], inverse: [inverse, [rows]]},
      gamma: [parameters.gamma, [width]],
    };
    const [dx] = run('GlassboxLayerNormGrad', inputs as never, {parameters: false});
    expectNear(dx!, expected, 2e-6);
  });
});
