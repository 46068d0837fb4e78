/**
 * Elements moved around, and losses.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import type {GradientCase} from './types';

const int = (values: number[], shape?: number[]): Tensor =>
  tf.tensor(values, shape ?? [values.length], 'int32');

export const layout: readonly GradientCase[] = [
  {
    name: 'concat',
    shapes: [
      [2, 1],
      [2, 3],
    ],
    f: (a: Tensor, b: Tensor) => tf.concat([a, b], 1),
  },
  {
    name: 'stack',
    shapes: [
      [2, 2],
      [2, 2],
    ],
    f: (a: Tensor, b: Tensor) => tf.stack([a, b], 1),
  },
  {name: 'unstack', shapes: [[2, 3]], f: (x: Tensor) => tf.unstack(x, 1)[1]!},
  {name: 'split', shapes: [[2, 5]], f: (x: Tensor) => tf.split(x, [2, 3], 1)[1]!},
  {name: 'slice', shapes: [[3, 4]], f: (x: Tensor) => tf.slice(x, [1, 0], [2, 3])},
  {name: 'stridedSlice', shapes: [[5, 6]], f: (x: Tensor) => tf.stridedSlice(x, [0, 1], [5, 6], [2, 3])},
  {
    name: 'stridedSlice, backwards',
    shapes: [[5, 4]],
    f: (x: Tensor) => tf.stridedSlice(x, [4, 3], [0, 0], [-2, -1]),
  },
  {
    name: 'stridedSlice, an axis dropped',
    shapes: [[3, 4, 2]],
    f: (x: Tensor) => tf.stridedSlice(x, [1, 0, 0], [2, 4, 2], [1, 2, 1], 0, 0, 0, 0, 1),
    reference: (x: Tensor) => tf.gather(tf.unstack(x)[1]!, int([0, 2])),
  },
  {
    name: 'stridedSlice, an axis added',
    shapes: [[3, 4]],
    f: (x: Tensor) => tf.stridedSlice(x, [0, 0, 1], [3, 0, 4], [1, 1, 2], 0, 0, 0, 2),
  },
  {name: 'reverse', shapes: [[2, 3]], f: (x: Tensor) => tf.reverse(x, 1)},
  {name: 'transpose', shapes: [[2, 3, 2]], f: (x: Tensor) => tf.transpose(x, [2, 0, 1])},
  {name: 'reshape', shapes: [[2, 3]], f: (x: Tensor) => tf.reshape(x, [3, 2])},
  {name: 'expandDims', shapes: [[2, 3]], f: (x: Tensor) => tf.expandDims(x, 1)},
  {name: 'squeeze', shapes: [[2, 1, 3]], f: (x: Tensor) => tf.squeeze(x, [1])},
  {name: 'tile', shapes: [[2, 3]], f: (x: Tensor) => tf.tile(x, [2, 2])},
  {name: 'broadcastTo', shapes: [[2, 1]], f: (x: Tensor) => tf.broadcastTo(x, [3, 2, 4])},
  {
    name: 'pad',
    shapes: [[2, 3]],
    f: (x: Tensor) =>
      tf.pad(x, [
        [1, 0],
        [0, 2],
      ]),
  },
  {
    name: 'mirrorPad',
    shapes: [[3, 3]],
    f: (x: Tensor) =>
      tf.mirrorPad(
        x,
        [
          [1, 1],
          [2, 0],
        ],
        'reflect',
      ),
  },
  {
    name: 'spaceToBatchND',
    shapes: [[1, 4, 4, 1]],
    f: (x: Tensor) =>
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
  },
  {
    name: 'batchToSpaceND',
    shapes: [[4, 2, 2, 1]],
    f: (x: Tensor) =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
  },
  {name: 'depthToSpace', shapes: [[1, 2, 2, 4]], f: (x: Tensor) => tf.depthToSpace(x as Tensor4D, 2)},
  {name: 'linalg.bandPart', shapes: [[3, 3]], f: (x: Tensor) => tf.linalg.bandPart(x, 1, 0)},
  {name: 'diag', shapes: [[3]], f: (x: Tensor) => tf.diag(x)},
  {name: 'cast', shapes: [[3]], f: (x: Tensor) => tf.cast(x, 'float32')},
  {name: 'dropout rate 0', shapes: [[3]], f: (x: Tensor) => tf.dropout(x, 0)},
  {
    name: 'losses.softmaxCrossEntropy',
    shapes: [[2, 3]],
    f: (x: Tensor) =>
      tf.losses.softmaxCrossEntropy(
        tf.tensor2d([
          [0, 1, 0],
          [1, 0, 0],
        ]),
        x,
      ),
  },
  {
    name: 'losses.sigmoidCrossEntropy',
    shapes: [[2, 3]],
    f: (x: Tensor) =>
      tf.losses.sigmoidCrossEntropy(
        tf.tensor2d([
          [0, 1, 0],
          [1, 0, 1],
        ]),
        x,
      ),
  },
  {
    name: 'losses.huberLoss',
    shapes: [[2, 3]],
    f: (x: Tensor) =>
      tf.losses.huberLoss(
        tf.tensor2d([
          [0, 1, 0],
          [1, 0, 1],
        ]),
        x,
      ),
  },
  {
    name: 'losses.cosineDistance',
    shapes: [[2, 3]],
    f: (x: Tensor) =>
      tf.losses.cosineDistance(
        tf.tensor2d([
          [0, 1, 0],
          [1, 0, 1],
        ]),
        x,
        1,
      ),
  },
];
