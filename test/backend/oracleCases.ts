/**
 * What tfjs computes wrong or cannot compute: functions that PyTorch has differentiated too (test/oracle/backend.py).
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor3D, Tensor4D, Tensor5D} from '@tensorflow/tfjs-core';
import type oracle from '../oracle/backend.json';

export type BackendName = 'wasm' | 'cpu';

export interface OracleCase {
  readonly f: (...inputs: never[]) => Tensor;
  /** The backends of tfjs that give other numbers than PyTorch, or throw. */
  readonly wrongOn: readonly BackendName[];
}

export interface Flat {
  readonly shape: number[];
  readonly values: number[];
}

export interface Expected {
  readonly inputs: Flat[];
  readonly weights: Flat;
  readonly output: Flat;
  readonly gradients: Flat[];
}

export const both: readonly BackendName[] = ['wasm', 'cpu'];

export const cases: Record<keyof typeof oracle, OracleCase> = {
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
