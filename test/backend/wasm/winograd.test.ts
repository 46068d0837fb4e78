/** Winograd's algorithm against the definition of a convolution in float64. */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, test} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {startEngine, type Engine} from '../../../src/backend/wasm/engine';
import {convGeometry} from '../../../src/backend/wasm/geometry';
import type {Geometry} from '../../../src/backend/wasm/geometry';
import {asWasm} from '../../../src/backend/wasm/tfjsInternals';
import {
  winogradApplies,
  winogradFilterGradient,
  winogradForward,
  winogradInputGradient,
} from '../../../src/backend/wasm/winograd';
import {at, convGradients, forEachTap, outputSize, type Padding, type Window} from './reference';
import {expectNear, sizeOf, values} from './support';

let engine: Engine;

beforeAll(async () => {
  await useBackend('wasm');
  const start = await startEngine(asWasm(tf.backend()));
  engine = start.engine!;
});

interface Case {
  x: [number, number, number, number];
  outputs: number;
  pad: Padding;
}

/** Sizes around the block of 4 × 4 and the panel of 16, and paddings of every kind. */
const cases: Case[] = [
  {x: [1, 6, 6, 8], outputs: 8, pad: 'valid'},
  {x: [2, 7, 9, 8], outputs: 12, pad: 'valid'},
  {x: [3, 8, 8, 16], outputs: 16, pad: 'same'},
  {x: [2, 13, 5, 12], outputs: 20, pad: 'same'},
  {x: [1, 4, 17, 20], outputs: 8, pad: 1},
  {
    x: [1, 5, 6, 8],
    outputs: 36,
    pad: [
      [2, 0],
      [0, 3],
    ],
  },
  {
    x: [2, 9, 10, 20],
    outputs: 40,
    pad: [
      [0, 2],
      [1, 1],
    ],
  },
];

interface Setup {
  geometry: Geometry;
  window: Window;
  shapes: {x: number[]; w: number[]; y: number[]};
  numbers: {x: Float32Array; w: Float32Array; dy: Float32Array};
}

function setUp({x, outputs, pad}: Case): Setup {
  const random = new Random(3, 'winograd', ...x, outputs);
  const window: Window = {size: [3, 3], strides: [1, 1], pad};
  const w = [3, 3, x[3], outputs];
  const y = [x[0], ...outputSize(x, window), outputs];
  const tfjsPad = Array.isArray(pad) ? ([[0, 0], ...pad, [0, 0]] as tf.backend_util.ExplicitPadding) : pad;
  return {
    geometry: convGeometry(x, w, {strides: 1, pad: tfjsPad}),
    window,
    shapes: {x, w, y},
    numbers: {
      x: values(random, sizeOf(x)),
      w: values(random, sizeOf(w)),
      dy: values(random, sizeOf(y)),
    },
  };
}

/** What `compute` writes to a tensor of `shape`, given the addresses of the inputs. */
function written(
  inputs: Float32Array[],
  shape: number[],
  compute: (inputs: number[], out: number) => void,
): Float32Array {
  return tf.tidy(() => {
    const tensors = inputs.map(numbers => tf.tensor1d(numbers));
    const out = tf.fill(shape, NaN);
    tensors.forEach(tensor => void tensor.dataSync());
    compute(
      tensors.map(tensor => engine.address(tensor)),
      engine.address(out),
    );
    return out.dataSync<'float32'>().slice();
  });
}

function forward({shapes: {x, w, y}, numbers, window}: Setup, bias: Float32Array): Float64Array {
  const out = Float64Array.from({length: sizeOf(y)}, (_, i) => bias[i % y[3]!]!);
  forEachTap(x, window, (b, oy, ox, i, j, yy, xx) => {
    for (let o = 0; o < y[3]!; o++)
      for (let c = 0; c < x[3]!; c++)
        out[at(y, b, oy, ox, o)]! += numbers.x[at(x, b, yy, xx, c)]! * numbers.w[at(w, i, j, c, o)]!;
  });
  return out;
}

describe.each(cases)('a convolution of $x, $outputs filters, padding $pad', testCase => {
  const setup = setUp(testCase);
  const {geometry, shapes, numbers, window} = setup;

  test('is one that the algorithm knows', () => {
    expect(winogradApplies(geometry)).toBe(true);
  });

  test('has the right output, with bias and ReLU', () => {
    const bias = values(new Random(5), testCase.outputs);
    const plain = forward(setup, bias);
    for (const activation of [0, 1]) {
      const found = written([numbers.x, numbers.w, bias], shapes.y, ([x, filter, biasAt], y) => {
        winogradForward(engine, geometry, {x: x!, filter: filter!, y, bias: biasAt!, activation});
      });
      expectNear(found, activation === 0 ? plain : plain.map(v => Math.max(0, v)));
    }
  });

  test('has the right gradients', () => {
    const {dx, dw} = convGradients(numbers.x, shapes.x, numbers.w, shapes.w, numbers.dy, window);
    expectNear(
      written([numbers.dy, numbers.w], shapes.x, ([dy, filter], out) => {
        winogradInputGradient(engine, geometry, {dy: dy!, filter: filter!, dx: out});
      }),
      dx,
    );
    expectNear(
      written([numbers.x, numbers.dy], shapes.w, ([x, dy], out) => {
        winogradFilterGradient(engine, geometry, {x: x!, dy: dy!, dw: out});
      }),
      dw,
    );
  });

  test('has the right gradients behind ReLU6, which lets nothing pass where it is flat', () => {
    const y = values(new Random(9), sizeOf(shapes.y)).map(v => Math.min(6, Math.max(0, 9 * v)));
    const passed = numbers.dy.map((g, i) => (y[i]! > 0 && y[i]! < 6 ? g : 0));
    const {dx, dw} = convGradients(numbers.x, shapes.x, numbers.w, shapes.w, passed, window);
    expectNear(
      written([numbers.dy, numbers.w, y], shapes.x, ([dy, filter, yAt], out) => {
        const mask = {y: yAt!, activation: 2};
        winogradInputGradient(engine, geometry, {dy: dy!, filter: filter!, dx: out, mask});
      }),
      dx,
    );
    expectNear(
      written([numbers.x, numbers.dy, y], shapes.w, ([x, dy, yAt], out) => {
        const mask = {y: yAt!, activation: 2};
        winogradFilterGradient(engine, geometry, {x: x!, dy: dy!, dw: out, mask});
      }),
      dw,
    );
  });
});

test('gradients behind an output that is NaN are NaN', () => {
  const {geometry, shapes, numbers} = setUp({x: [1, 6, 6, 8], outputs: 8, pad: 'same'});
  const y = new Float32Array(sizeOf(shapes.y)).fill(1);
  y[0] = NaN;
  for (const activation of [1, 2]) {
    const dx = written([numbers.dy, numbers.w, y], shapes.x, ([dy, filter, yAt], out) => {
      const mask = {y: yAt!, activation};
      winogradInputGradient(engine, geometry, {dy: dy!, filter: filter!, dx: out, mask});
    });
    const dw = written([numbers.x, numbers.dy, y], shapes.w, ([x, dy, yAt], out) => {
      const mask = {y: yAt!, activation};
      winogradFilterGradient(engine, geometry, {x: x!, dy: dy!, dw: out, mask});
    });
    expect([dx[0], dw[at(shapes.w, 1, 1, 0, 0)]]).toEqual([NaN, NaN]);
  }
});

test('other convolutions are left to other algorithms', () => {
  const applies = (x: number[], w: number[], attrs = {}) =>
    winogradApplies(convGeometry(x, w, {strides: 1, pad: 'same', ...attrs}));
  expect(applies([1, 8, 8, 16], [3, 3, 16, 16])).toBe(true);
  expect(applies([1, 8, 8, 16], [3, 3, 16, 16], {strides: 2})).toBe(false);
  expect(applies([1, 8, 8, 16], [3, 3, 16, 16], {dilations: 2})).toBe(false);
  expect(applies([1, 8, 8, 16], [5, 5, 16, 16])).toBe(false);
  expect(applies([1, 8, 8, 3], [3, 3, 3, 16])).toBe(false);
});
