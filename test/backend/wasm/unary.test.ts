import {beforeAll, describe, expect, it, test} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {onPlainCpu} from './plainCpu';
import {runKernel} from './support';

const reciprocalRoot = (x: number) => 1 / Math.sqrt(x);

/** Each function in float64, where it is to be tried, and by how many ulp it may be off. */
const functions: Record<
  string,
  [of: (x: number) => number, from: number, to: number, ulp: number, attrs?: object]
> = {
  Exp: [Math.exp, -103, 88.7, 2],
  Log: [Math.log, 1e-30, 1e30, 2],
  Tanh: [Math.tanh, -12, 12, 3],
  Sigmoid: [x => 1 / (1 + Math.exp(-x)), -86, 20, 3],
  Softplus: [x => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))), -86, 86, 3],
  Elu: [x => (x >= 0 ? x : Math.expm1(x)), -90, 90, 2],
  Selu: [x => 1.0507009873554805 * (x >= 0 ? x : 1.6732632423543772 * Math.expm1(x)), -90, 90, 3],
  Sqrt: [Math.sqrt, 0, 1e30, 0.5],
  Rsqrt: [reciprocalRoot, 1e-30, 1e30, 2],
  Reciprocal: [x => 1 / x, -1e20, 1e20, 0.5],
  Square: [x => x * x, -1e10, 1e10, 0.5],
  Neg: [x => -x, -1e10, 1e10, 0],
  Abs: [Math.abs, -1e10, 1e10, 0],
  Relu: [x => Math.max(0, x), -10, 10, 0],
  Relu6: [x => Math.min(6, Math.max(0, x)), -10, 10, 0],
  LeakyRelu: [x => (x < 0 ? 0.25 * x : x), -10, 10, 0, {alpha: 0.25}],
  Step: [x => (x > 0 ? 1 : 0.5), -10, 10, 0, {alpha: 0.5}],
};

/** The distance between a float32 and the next one. */
function ulpAt(x: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(x))));
  return 2 ** ((Number.isFinite(exponent) ? exponent : -126) - 23);
}

/** Numbers from `from` to `to`, evenly, and some of every magnitude between. */
function grid(from: number, to: number): Float32Array {
  const random = new Random(1);
  const magnitudes = Array.from({length: 20_000}, () => {
    const size = 2 ** (random.uniform() * 200 - 100);
    return random.uniform() < 0.5 ? -size : size;
  });
  const even = Array.from({length: 40_001}, (_, i) => from + ((to - from) * i) / 40_000);
  return Float32Array.from([...even, ...magnitudes]).filter(x => x >= from && x <= to);
}

beforeAll(async () => {
  await useBackend('wasm');
});

describe('functions of one tensor', () => {
  test.each(Object.entries(functions))(
    '%s is right to a few ulp',
    (name, [of, from, to, ulp, attrs = {}]) => {
      const x = grid(from, to);
      const {values} = runKernel(name, {x: [x, [x.length]]}, attrs);
      let worst = 0;
      let where = 0;
      x.forEach((xi, i) => {
        const error = Math.abs(values[i]! - of(xi)) / ulpAt(of(xi));
        if (error <= worst) return;
        worst = error;
        where = xi;
      });
      expect(worst, `at ${where}`).toBeLessThanOrEqual(ulp);
    },
  );

  test.each(Object.entries(functions))(
    '%s is a number wherever that fits into a float32',
    (name, [of, , , , attrs = {}]) => {
      const x = Float32Array.from({length: 240_001}, (_, i) => (i - 120_000) / 1000);
      const {values} = runKernel(name, {x: [x, [x.length]]}, attrs);
      const wrong = x.filter((xi, i) => Number.isFinite(Math.fround(of(xi))) !== Number.isFinite(values[i]!));
      expect([...wrong]).toEqual([]);
    },
  );

  test.each(Object.entries(functions))(
    '%s of NaN, infinities and zeros is what tfjs says',
    async (name, [, , , , attrs = {}]) => {
      const special = [NaN, Infinity, -Infinity, 0, -0, 3e38, -3e38, 1e-40, -1e-40, 1e-30, -1e-30];
      const x = Float32Array.from({length: 33_333}, (_, i) => special[i % special.length]!);
      const {values} = runKernel(name, {x: [x, [x.length]]}, attrs);
      const expected = await onPlainCpu(name, {x: [x, [x.length]]}, attrs);
      expected.forEach((e, i) => {
        const actual = values[i]!;
        // tfjs's elu loses small numbers where it takes 1 from e^x; ours keeps them.
        if (Math.abs(actual - e) <= 3 * ulpAt(e) + 1e-29 || Object.is(actual, e)) return;
        expect.fail(`of ${x[i]}: ${actual} instead of ${e}`);
      });
    },
  );

  it('computes tensors of any size', () => {
    for (const size of [0, 1, 3, 4, 5, 15, 16, 17, 63, 65, 127, 33_333]) {
      const x = Float32Array.from({length: size}, (_, i) => Math.sin(i) * 5);
      const {values, shape} = runKernel('Tanh', {x: [x, [size, 1]]}, {});
      expect(shape).toEqual([size, 1]);
      x.forEach((xi, i) => expect(Math.abs(values[i]! - Math.tanh(xi))).toBeLessThan(2e-7));
    }
  });

  test('erf is right to a few units of 1e-7', () => {
    // Abramowitz and Stegun (1964), table 7.1.
    const table = [
      [0, 0],
      [0.5, 0.5204998778],
      [1, 0.8427007929],
      [1.5, 0.9661051465],
      [2, 0.995322265],
      [3.5, 0.9999992569],
    ];
    const x = Float32Array.from(table.flatMap(([at]) => [at!, -at!]));
    const {values} = runKernel('Erf', {x: [x, [x.length]]}, {});
    table.forEach(([, erf], i) => {
      expect(values[2 * i]).toBeCloseTo(erf!, 6);
      expect(values[2 * i + 1]).toBeCloseTo(-erf!, 6);
    });
  });

  test('integers stay integers', () => {
    const {values} = runKernel('Square', {x: [[-3, 0, 70_000], [3], 'int32']}, {});
    expect(Array.from(values).slice(0, 2)).toEqual([9, 0]);
    expect(values).toBeInstanceOf(Int32Array);
  });
});
