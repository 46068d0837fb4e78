/**
 * What tfjs computes wrong or cannot compute, against PyTorch: first as tfjs does it, then repaired.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor3D, Tensor4D, Tensor5D} from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, test} from 'vitest';
import {useBackend} from '../../src/backend';
import oracle from '../oracle/backend.json';

type BackendName = 'wasm' | 'cpu';

interface OracleCase {
  readonly f: (...inputs: never[]) => Tensor;
  /** The backends of tfjs that give other numbers than PyTorch, or throw. */
  readonly wrongOn: readonly BackendName[];
}

interface Flat {
  readonly shape: number[];
  readonly values: number[];
}

interface Expected {
  readonly inputs: Flat[];
  readonly weights: Flat;
  readonly output: Flat;
  readonly gradients: Flat[];
}

const both: readonly BackendName[] = ['wasm', 'cpu'];

const cases: Record<keyof typeof oracle, OracleCase> = {
  conv3d: {f: (x: Tensor5D, w: Tensor5D) => tf.conv3d(x, w, 1, 'valid'), wrongOn: ['wasm']},
  'conv3d, stride 2': {f: (x: Tensor5D, w: Tensor5D) => tf.conv3d(x, w, 2, 'valid'), wrongOn: ['wasm']},
  'conv3dTranspose, stride 2': {
    f: (x: Tensor5D, w: Tensor5D) => tf.conv3dTranspose(x, w, [1, 4, 6, 4, 2], 2, 'valid'),
    wrongOn: both,
  },
  'maxPool3d of negative numbers': {f: (x: Tensor5D) => tf.maxPool3d(x, 2, 2, 'valid'), wrongOn: ['wasm']},
  'maxPool3d, window 2x3x2': {f: (x: Tensor5D) => tf.maxPool3d(x, [2, 3, 2], 1, 'valid'), wrongOn: ['cpu']},
  'avgPool3d, padded': {f: (x: Tensor5D) => tf.avgPool3d(x, 3, 1, 'same'), wrongOn: both},
  'avgPool, padded': {f: (x: Tensor4D) => tf.avgPool(x, 3, 1, 'same'), wrongOn: both},
  resizeNearestNeighbor: {f: (x: Tensor4D) => tf.image.resizeNearestNeighbor(x, [4, 6]), wrongOn: ['cpu']},
  'resizeNearestNeighbor, half-pixel centers': {
    f: (x: Tensor4D) => tf.image.resizeNearestNeighbor(x, [5, 3], false, true),
    wrongOn: both,
  },
  'resizeBilinear, half-pixel centers': {
    f: (x: Tensor4D) => tf.image.resizeBilinear(x, [5, 7], false, true),
    wrongOn: both,
  },
  'resizeBilinear, corners aligned': {
    f: (x: Tensor4D) => tf.image.resizeBilinear(x, [5, 7], true),
    wrongOn: ['cpu'],
  },
  'mirrorPad, reflect': {
    f: (x: Tensor) =>
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [2, 1],
        ],
        'reflect',
      ),
    wrongOn: both,
  },
  'einsum bthd,bshd->bhts': {f: (a: Tensor, b: Tensor) => tf.einsum('bthd,bshd->bhts', a, b), wrongOn: both},
  'einsum ij,j->': {f: (a: Tensor, b: Tensor) => tf.einsum('ij,j->', a, b), wrongOn: both},
  'einsum bijk,jl->lb': {f: (a: Tensor, b: Tensor) => tf.einsum('bijk,jl->lb', a, b), wrongOn: both},
  'cumprod with a zero': {f: (x: Tensor) => tf.cumprod(x, 1), wrongOn: both},
  'cumsum along the first axis': {f: (x: Tensor) => tf.cumsum(x, 0), wrongOn: both},
  topk: {f: (x: Tensor) => tf.topk(x, 2).values, wrongOn: both},
  'maximum, broadcast': {f: (a: Tensor, b: Tensor) => tf.maximum(a, b), wrongOn: both},
  'matMul, one batch for all': {f: (a: Tensor, b: Tensor) => tf.matMul(a, b), wrongOn: both},
  gatherND: {
    f: (x: Tensor) => tf.gatherND(x, tf.tensor([2, 1, 0, 0, 2, 1], [3, 2], 'int32')),
    wrongOn: both,
  },
  stridedSlice: {
    f: (x: Tensor) => tf.stridedSlice(x, [1, 0, 0], [2, 4, 2], [1, 2, 1], 0, 0, 0, 0, 1),
    wrongOn: both,
  },
  'dilation2d of negative numbers': {
    f: (x: Tensor4D, w: Tensor3D) => tf.dilation2d(x, w, 1, 'valid'),
    wrongOn: ['wasm'],
  },
};

const names = Object.keys(cases) as (keyof typeof cases)[];

/** The largest deviation of output and gradients from PyTorch's; infinite where tfjs throws. */
function deviation(name: keyof typeof cases): number {
  const expected: Expected = oracle[name];
  const {f} = cases[name];
  const tensorOf = ({values, shape}: Flat): Tensor => tf.tensor(values, shape);
  try {
    return tf.tidy(() => {
      const inputs = expected.inputs.map(tensorOf);
      const output = f(...(inputs as never[]));
      const scalar = (...xs: Tensor[]): Tensor =>
        tf.sum(tf.mul(f(...(xs as never[])), tensorOf(expected.weights)));
      const gradients = tf.grads(scalar)(inputs);
      const found = [output, ...gradients];
      const wanted = [expected.output, ...expected.gradients];
      return Math.max(...wanted.map((want, i) => difference(found[i]!, want)));
    });
  } catch {
    return Infinity;
  }
}

function difference(found: Tensor, {shape, values}: Flat): number {
  if (found.shape.join() !== shape.join()) return Infinity;
  const data = found.dataSync();
  const scale = Math.max(1, ...values.map(Math.abs));
  return Math.max(...values.map((value, i) => Math.abs(value - data[i]!))) / scale;
}

describe.each(both)('on %s', backend => {
  test.each(names)('tfjs: %s', async name => {
    await tf.setBackend(backend);
    const found = deviation(name);
    if (cases[name].wrongOn.includes(backend)) expect(found).toBeGreaterThan(1e-3);
    else expect(found).toBeLessThan(1e-5);
  });
});

describe.each(both)('on %s, repaired', backend => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(names)('%s equals PyTorch', name => {
    expect(deviation(name)).toBeLessThan(1e-5);
  });
});

test('gradients that have no formula yet say so', async () => {
  await useBackend('cpu');
  const boxes = tf.tensor2d([[0, 0, 1, 1]]);
  const crop = (b: Tensor): Tensor =>
    tf.image.cropAndResize(tf.ones([1, 2, 2, 1]), b as tf.Tensor2D, tf.tensor1d([0], 'int32'), [2, 2]);
  expect(() => tf.tidy(() => tf.grad(crop)(boxes))).toThrow('no gradient for its boxes');
  boxes.dispose();
});
