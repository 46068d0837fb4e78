/**
 * Convolutions, pooling and normalization.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Tensor5D} from '@tensorflow/tfjs-core';
import type {GradientCase} from './types';

export const windows: readonly GradientCase[] = [
  {
    name: 'conv1d',
    shapes: [
      [2, 5, 2],
      [3, 2, 2],
    ],
    f: (x: Tensor3D, w: Tensor3D) => tf.conv1d(x, w, 1, 'same'),
  },
  {
    name: 'conv2d',
    shapes: [
      [2, 5, 4, 2],
      [3, 2, 2, 3],
    ],
    f: (x: Tensor4D, w: Tensor4D) => tf.conv2d(x, w, 1, 'same'),
  },
  {
    name: 'conv2d, stride 2',
    shapes: [
      [2, 5, 6, 2],
      [3, 2, 2, 2],
    ],
    f: (x: Tensor4D, w: Tensor4D) => tf.conv2d(x, w, 2, 'valid'),
  },
  {
    name: 'conv2d, stride larger than the filter',
    shapes: [
      [1, 4, 6, 2],
      [2, 1, 2, 2],
    ],
    f: (x: Tensor4D, w: Tensor4D) => tf.conv2d(x, w, 2, 'same'),
  },
  {
    name: 'depthwiseConv2d, stride larger than the filter',
    shapes: [
      [1, 4, 6, 2],
      [2, 1, 2, 2],
    ],
    f: (x: Tensor4D, w: Tensor4D) => tf.depthwiseConv2d(x, w, 2, 'same'),
  },
  {
    name: 'conv2d, padded by hand',
    shapes: [
      [1, 4, 4, 1],
      [3, 3, 1, 2],
    ],
    f: (x: Tensor4D, w: Tensor4D) => tf.conv2d(x, w, 1, 1),
  },
  {
    name: 'conv2dTranspose',
    shapes: [
      [2, 3, 3, 2],
      [3, 3, 2, 2],
    ],
    f: (x: Tensor4D, w: Tensor4D) => tf.conv2dTranspose(x, w, [2, 6, 6, 2], 2, 'same'),
  },
  {
    name: 'depthwiseConv2d',
    shapes: [
      [2, 4, 5, 2],
      [3, 3, 2, 2],
    ],
    f: (x: Tensor4D, w: Tensor4D) => tf.depthwiseConv2d(x, w, 1, 'same'),
  },
  {
    name: 'depthwiseConv2d, stride 2',
    shapes: [
      [1, 5, 5, 2],
      [2, 2, 2, 1],
    ],
    f: (x: Tensor4D, w: Tensor4D) => tf.depthwiseConv2d(x, w, 2, 'valid'),
  },
  {
    name: 'separableConv2d',
    shapes: [
      [1, 4, 4, 2],
      [3, 3, 2, 1],
      [1, 1, 2, 3],
    ],
    f: (x: Tensor4D, d: Tensor4D, p: Tensor4D) => tf.separableConv2d(x, d, p, 1, 'same'),
  },
  {
    name: 'conv3d',
    shapes: [
      [2, 3, 4, 3, 2],
      [2, 2, 2, 2, 3],
    ],
    f: (x: Tensor5D, w: Tensor5D) => tf.conv3d(x, w, 1, 'same'),
  },
  {
    name: 'conv3d, stride 2',
    shapes: [
      [1, 4, 5, 4, 2],
      [2, 3, 2, 2, 2],
    ],
    f: (x: Tensor5D, w: Tensor5D) => tf.conv3d(x, w, 2, 'same'),
  },
  {
    name: 'conv3d, valid',
    shapes: [
      [1, 3, 3, 4, 1],
      [2, 2, 3, 1, 2],
    ],
    f: (x: Tensor5D, w: Tensor5D) => tf.conv3d(x, w, [1, 1, 1], 'valid'),
  },
  {
    name: 'conv3dTranspose',
    shapes: [
      [1, 2, 2, 2, 2],
      [2, 2, 2, 1, 2],
    ],
    f: (x: Tensor5D, w: Tensor5D) => tf.conv3dTranspose(x, w, [1, 4, 4, 4, 1], 2, 'same'),
  },
  {
    name: 'dilation2d, same',
    shapes: [
      [1, 4, 4, 2],
      [2, 2, 2],
    ],
    f: (x: Tensor4D, w: Tensor3D) => tf.dilation2d(x, w, 1, 'same'),
  },
  {name: 'maxPool', shapes: [[2, 4, 5, 2]], f: (x: Tensor4D) => tf.maxPool(x, 2, 2, 'same')},
  {name: 'maxPool, overlapping', shapes: [[1, 5, 5, 2]], f: (x: Tensor4D) => tf.maxPool(x, 3, 1, 'valid')},
  {
    name: 'maxPool of negative numbers',
    shapes: [[2, 4, 4, 2]],
    f: (x: Tensor4D) => tf.maxPool(x, 2, 2, 'valid'),
    range: [-4, -1],
  },
  {name: 'avgPool', shapes: [[2, 4, 5, 2]], f: (x: Tensor4D) => tf.avgPool(x, 2, 2, 'same')},
  {name: 'avgPool, overlapping', shapes: [[1, 5, 5, 2]], f: (x: Tensor4D) => tf.avgPool(x, 3, 1, 'same')},
  {name: 'maxPool3d', shapes: [[2, 3, 4, 4, 2]], f: (x: Tensor5D) => tf.maxPool3d(x, 2, 2, 'same')},
  {
    name: 'maxPool3d of negative numbers',
    shapes: [[1, 4, 4, 4, 2]],
    f: (x: Tensor5D) => tf.maxPool3d(x, 2, 2, 'valid'),
    range: [-4, -1],
  },
  {
    name: 'maxPool3d, overlapping',
    shapes: [[1, 4, 4, 4, 1]],
    f: (x: Tensor5D) => tf.maxPool3d(x, [2, 3, 2], [1, 2, 1], 'same'),
  },
  {name: 'avgPool3d', shapes: [[2, 3, 4, 4, 2]], f: (x: Tensor5D) => tf.avgPool3d(x, 2, 2, 'same')},
  {
    name: 'avgPool3d, overlapping',
    shapes: [[1, 4, 4, 3, 1]],
    f: (x: Tensor5D) => tf.avgPool3d(x, [2, 3, 2], 1, 'valid'),
  },
  {
    name: 'pool, dilated',
    shapes: [[1, 5, 5, 2]],
    f: (x: Tensor4D) => tf.pool(x, [2, 2], 'max', 'valid', [2, 2]),
  },
  {
    name: 'localResponseNormalization',
    shapes: [[1, 2, 2, 4]],
    f: (x: Tensor4D) => tf.localResponseNormalization(x, 2),
  },
  {
    name: 'batchNorm',
    shapes: [[3, 2], [2], [2], [2], [2]],
    f: (x: Tensor, m: Tensor1D, v: Tensor1D, o: Tensor1D, s: Tensor1D) =>
      tf.batchNorm(x as Tensor2D, m, v, o, s),
    range: [0.5, 2],
  },
  {
    name: 'batchNorm4d',
    shapes: [[2, 2, 2, 2], [2], [2], [2], [2]],
    f: (x: Tensor4D, m: Tensor1D, v: Tensor1D, o: Tensor1D, s: Tensor1D) => tf.batchNorm4d(x, m, v, o, s),
    range: [0.5, 2],
  },
  {
    name: 'fused.matMul with bias and relu',
    shapes: [[2, 3], [3, 2], [2]],
    f: (a: Tensor2D, b: Tensor2D, bias: Tensor) => tf.fused.matMul({a, b, bias, activation: 'relu'}),
  },
  {
    name: 'fused.matMul with sigmoid',
    shapes: [[2, 3], [3, 2], [2]],
    f: (a: Tensor2D, b: Tensor2D, bias: Tensor) => tf.fused.matMul({a, b, bias, activation: 'sigmoid'}),
  },
  {
    name: 'fused.conv2d with bias',
    shapes: [[1, 4, 4, 2], [2, 2, 2, 2], [2]],
    f: (x: Tensor4D, filter: Tensor4D, bias: Tensor) =>
      tf.fused.conv2d({x, filter, bias, strides: 1, pad: 'same'}),
  },
  {
    name: 'fused.conv2d with relu',
    shapes: [[1, 4, 4, 2], [2, 2, 2, 2], [2]],
    f: (x: Tensor4D, filter: Tensor4D, bias: Tensor) =>
      tf.fused.conv2d({x, filter, bias, strides: 1, pad: 'valid', activation: 'relu'}),
  },
  {
    name: 'fused.depthwiseConv2d with bias',
    shapes: [[1, 4, 4, 2], [2, 2, 2, 1], [2]],
    f: (x: Tensor4D, filter: Tensor4D, bias: Tensor) =>
      tf.fused.depthwiseConv2d({x, filter, bias, strides: 1, pad: 'same'}),
  },
];
