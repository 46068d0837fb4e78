/**
 * Tensors of five and six axes.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {GradientCase} from './types';

const five = [2, 1, 3, 2, 2];
const six = [2, 1, 2, 1, 3, 2];
const byRank = [
  ['five', five],
  ['six', six],
] as const;

type Padding = [before: number, after: number];

/** `value` for one axis, and `others` for the rest. */
const only = <T>(shape: readonly number[], axis: number, value: T, others: T): T[] =>
  shape.map((_, i) => (i === axis ? value : others));

const moved = byRank.flatMap(([rank, shape]): GradientCase[] => [
  {
    name: `pad, ${rank} axes`,
    shapes: [shape],
    f: (x: Tensor) =>
      tf.pad(
        x,
        shape.map((_, axis): Padding => (axis % 2 === 0 ? [1, 0] : [0, 2])),
        0.5,
      ),
  },
  {
    name: `slice, ${rank} axes`,
    shapes: [shape],
    f: (x: Tensor) => tf.slice(x, only(shape, shape.length - 2, 1, 0), only(shape, shape.length - 2, 1, -1)),
  },
  {
    name: `stridedSlice, ${rank} axes`,
    shapes: [shape],
    f: (x: Tensor) =>
      tf.stridedSlice(
        x,
        only(shape, shape.length - 1, 1, 0),
        shape,
        shape.map(length => (length === 3 ? 2 : 1)),
      ),
  },
  {
    name: `stridedSlice, ${rank} axes, backwards`,
    shapes: [shape],
    f: (x: Tensor) =>
      tf.stridedSlice(
        x,
        shape.map(length => length - 1),
        shape.map(() => 0),
        shape.map(() => -1),
        0,
        2 ** shape.length - 1,
      ),
    reference: (x: Tensor) => tf.reverse(x),
  },
  {
    name: `mirrorPad, ${rank} axes`,
    shapes: [shape],
    f: (x: Tensor) =>
      tf.mirrorPad(
        x,
        shape.map((length): Padding => (length === 1 ? [0, 0] : [1, length - 2])),
        'reflect',
      ),
  },
  {
    name: `mirrorPad, ${rank} axes, symmetric`,
    shapes: [shape],
    f: (x: Tensor) =>
      tf.mirrorPad(
        x,
        shape.map((length): Padding => [length - 1, 1]),
        'symmetric',
      ),
  },
  {name: `reverse, ${rank} axes`, shapes: [shape], f: (x: Tensor) => tf.reverse(x, [0, -2])},
  {name: `cumsum, ${rank} axes`, shapes: [shape], f: (x: Tensor) => tf.cumsum(x, shape.length - 2)},
  {
    name: `cumsum, ${rank} axes, exclusive and from the end`,
    shapes: [shape],
    f: (x: Tensor) => tf.cumsum(x, 2, true, true),
  },
  {name: `cumprod, ${rank} axes`, shapes: [shape], f: (x: Tensor) => tf.cumprod(x, shape.length - 2)},
  {
    name: `where, ${rank} axes`,
    shapes: [shape, shape.with(0, 1)],
    f: (x: Tensor, y: Tensor) => tf.where(tf.greater(x, 0.1), x, y),
  },
  {
    name: `tile, ${rank} axes`,
    shapes: [shape],
    f: (x: Tensor) => tf.tile(x, only(shape, 1, 3, 2)),
  },
  {
    name: `broadcastTo, ${rank} axes`,
    shapes: [shape],
    f: (x: Tensor) =>
      tf.broadcastTo(
        x,
        shape.map(length => (length === 1 ? 3 : length)),
      ),
  },
  {
    name: `concat, ${rank} axes`,
    shapes: [shape, shape.with(2, 1)],
    f: (a: Tensor, b: Tensor) => tf.concat([a, b], 2),
  },
  {
    name: `gather, ${rank} axes`,
    shapes: [shape],
    f: (x: Tensor) => tf.gather(x, tf.tensor1d([1, 0, 1], 'int32'), -1),
  },
  {
    name: `transpose, ${rank} axes`,
    shapes: [shape],
    f: (x: Tensor) =>
      tf.transpose(
        x,
        shape.map((_, axis) => (axis + 2) % shape.length),
      ),
  },
  {name: `max, ${rank} axes`, shapes: [shape], f: (x: Tensor) => tf.max(x, [0, -2])},
  {
    name: `argMax, ${rank} axes`,
    shapes: [shape],
    f: (x: Tensor) => tf.mul(tf.cast(tf.argMax(x, -2), 'float32'), tf.max(x, -2)),
  },
  {name: `sum and mul, ${rank} axes`, shapes: [shape], f: (x: Tensor) => tf.mul(x, tf.sum(x, 2, true))},
]);

export const highRanks: readonly GradientCase[] = [
  ...moved,
  {
    name: 'einsum, five axes',
    shapes: [
      [2, 1, 2, 2, 2],
      [2, 1],
    ],
    f: (a: Tensor, b: Tensor) => tf.einsum('abcde,ab->a', a, b),
    reference: (a: Tensor, b: Tensor) => tf.sum(tf.mul(tf.sum(a, [2, 3, 4]), b), 1),
  },
];
