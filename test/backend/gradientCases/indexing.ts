/**
 * Images resized, and elements picked and placed by index.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import type {GradientCase} from './types';

const int = (values: number[], shape?: number[]): Tensor =>
  tf.tensor(values, shape ?? [values.length], 'int32');

export const indexing: readonly GradientCase[] = [
  {name: 'resizeBilinear', shapes: [[2, 2, 3, 2]], f: (x: Tensor4D) => tf.image.resizeBilinear(x, [4, 5])},
  {
    name: 'resizeBilinear, corners aligned',
    shapes: [[2, 3, 3, 1]],
    f: (x: Tensor4D) => tf.image.resizeBilinear(x, [5, 2], true),
  },
  {
    name: 'resizeBilinear, half-pixel centers',
    shapes: [[2, 3, 3, 1]],
    f: (x: Tensor4D) => tf.image.resizeBilinear(x, [5, 2], false, true),
  },
  {
    name: 'resizeNearestNeighbor',
    shapes: [[3, 2, 3, 2]],
    f: (x: Tensor4D) => tf.image.resizeNearestNeighbor(x, [4, 5]),
  },
  {
    name: 'resizeNearestNeighbor, smaller',
    shapes: [[2, 5, 4, 1]],
    f: (x: Tensor4D) => tf.image.resizeNearestNeighbor(x, [2, 3]),
  },
  {
    name: 'resizeNearestNeighbor, corners aligned',
    shapes: [[2, 2, 3, 1]],
    f: (x: Tensor4D) => tf.image.resizeNearestNeighbor(x, [4, 5], true),
  },
  {
    name: 'resizeNearestNeighbor of one column, corners aligned',
    shapes: [[2, 3, 1, 2]],
    f: (x: Tensor4D) => tf.image.resizeNearestNeighbor(x, [4, 5], true),
  },
  {
    name: 'resizeBilinear of one row, corners aligned',
    shapes: [[2, 1, 3, 2]],
    f: (x: Tensor4D) => tf.image.resizeBilinear(x, [4, 5], true),
  },
  {
    name: 'resizeNearestNeighbor, half-pixel centers',
    shapes: [[2, 3, 4, 1]],
    f: (x: Tensor4D) => tf.image.resizeNearestNeighbor(x, [5, 3], false, true),
  },
  {
    name: 'cropAndResize',
    shapes: [[2, 4, 5, 2]],
    f: (x: Tensor4D) =>
      tf.image.cropAndResize(
        x,
        tf.tensor2d([
          [0, 0, 1, 1],
          [0.1, 0.3, 0.8, 0.9],
          [0.9, 0.7, 0.2, 0.1],
          [-0.3, 0.2, 1.2, 0.6],
        ]),
        tf.tensor1d([0, 1, 1, 0], 'int32'),
        [3, 4],
      ),
  },
  {
    name: 'cropAndResize, nearest',
    shapes: [[2, 4, 5, 1]],
    f: (x: Tensor4D) =>
      tf.image.cropAndResize(
        x,
        tf.tensor2d([
          [0, 0, 1, 1],
          [0.1, 0.3, 0.8, 0.9],
        ]),
        tf.tensor1d([1, 0], 'int32'),
        [3, 2],
        'nearest',
      ),
  },
  {
    name: 'cropAndResize to one pixel',
    shapes: [[1, 4, 5, 1]],
    f: (x: Tensor4D) =>
      tf.image.cropAndResize(x, tf.tensor2d([[0.1, 0.3, 0.8, 0.9]]), tf.tensor1d([0], 'int32'), [1, 1]),
  },
  {name: 'gather', shapes: [[4, 2]], f: (x: Tensor) => tf.gather(x, int([3, 1, 3, 0, 3]))},
  {
    name: 'gather, along the last axis',
    shapes: [[2, 4]],
    f: (x: Tensor) => tf.gather(x, int([3, 1, 3, 0], [2, 2]), 1),
  },
  {
    name: 'gather, by batch',
    shapes: [[2, 3, 2]],
    f: (x: Tensor) => tf.gather(x, int([2, 0, 2, 1], [2, 2]), 1, 1),
  },
  {name: 'gatherND', shapes: [[3, 2, 2]], f: (x: Tensor) => tf.gatherND(x, int([2, 1, 0, 0, 2, 1], [3, 2]))},
  {name: 'scatterND', shapes: [[3, 2]], f: (x: Tensor) => tf.scatterND(int([2, 0, 2], [3, 1]), x, [4, 2])},
  {
    name: 'tensorScatterUpdate',
    shapes: [
      [4, 2],
      [2, 2],
    ],
    f: (x: Tensor, u: Tensor) => tf.tensorScatterUpdate(x, int([2, 0], [2, 1]), u),
  },
  {name: 'topk, values', shapes: [[3, 5]], f: (x: Tensor) => tf.topk(x, 2).values},
  {name: 'topk of a vector', shapes: [[5]], f: (x: Tensor) => tf.topk(x, 3).values},
  {name: 'topk of one', shapes: [[4, 1]], f: (x: Tensor) => tf.topk(x, 1).values},
  {
    name: 'unsortedSegmentSum',
    shapes: [[4, 2]],
    f: (x: Tensor) => tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1, 2], 'int32'), 3),
  },
  {name: 'oneHot times x', shapes: [[3]], f: (x: Tensor) => tf.mul(tf.oneHot(int([2, 0, 1]), 3), x)},
];
