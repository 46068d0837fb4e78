/**
 * Functions of single elements.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {GradientCase} from './types';

type Range = readonly [number, number];

// tfjs names its functions 'abs__op' and so on.
const nameOf = (f: {name: string}): string => f.name.replace('__op', '');

const unary = (functions: ((x: Tensor) => Tensor)[], range?: Range): GradientCase[] =>
  functions.map(f => ({name: nameOf(f), shapes: [[2, 3]], kinksAtIntegers: true, f, ...(range && {range})}));

const binary = (functions: ((a: Tensor, b: Tensor) => Tensor)[], range?: Range): GradientCase[] =>
  functions.flatMap(f =>
    [
      [
        [2, 3],
        [2, 3],
      ],
      [[2, 3], [3]],
      [
        [2, 1],
        [1, 3],
      ],
    ].map(shapes => ({name: `${nameOf(f)} of ${JSON.stringify(shapes)}`, shapes, f, ...(range && {range})})),
  );

export const elementwise: readonly GradientCase[] = [
  ...unary([
    tf.abs,
    tf.atan,
    tf.elu,
    tf.erf,
    tf.exp,
    tf.expm1,
    tf.neg,
    tf.relu,
    tf.leakyRelu,
    tf.selu,
    tf.sigmoid,
    tf.sin,
    tf.cos,
    tf.sinh,
    tf.cosh,
    tf.softplus,
    tf.square,
    tf.tanh,
    tf.logSigmoid,
    tf.asinh,
    tf.softmax,
    tf.logSoftmax,
  ]),
  ...unary([tf.log, tf.log1p, tf.sqrt, tf.rsqrt, tf.reciprocal], [0.5, 2]),
  ...unary([tf.asin, tf.acos, tf.atanh, tf.tan], [-0.7, 0.7]),
  ...unary([tf.acosh], [1.5, 3]),
  ...unary([tf.relu6, tf.sign, tf.floor, tf.ceil, tf.round]),
  {name: 'clipByValue', shapes: [[2, 3]], kinksAtIntegers: true, f: (x: Tensor) => tf.clipByValue(x, -1, 1)},
  {name: 'prelu', shapes: [[2, 3], [3]], f: (x: Tensor, a: Tensor) => tf.prelu(x, a)},
  ...binary([tf.add, tf.sub, tf.mul, tf.maximum, tf.minimum, tf.squaredDifference]),
  ...binary([tf.div, tf.pow, tf.atan2], [0.5, 2]),
  ...[tf.add, tf.mul, tf.maximum].map(f => ({
    name: `${nameOf(f)} of five axes and a vector`,
    shapes: [[2, 1, 2, 2, 3], [3]],
    f: (a: Tensor, b: Tensor) => f(a, b),
  })),
  {name: 'mod', shapes: [[2, 3]], f: (x: Tensor) => tf.mod(x, tf.scalar(0.7)), range: [1, 1.3]},
  {name: 'addN', shapes: [[2], [2], [2]], f: (...xs: Tensor[]) => tf.addN(xs)},
  {
    name: 'addN of seventeen',
    shapes: Array.from({length: 17}, () => [2]),
    f: (...xs: Tensor[]) => tf.addN(xs),
  },
  {
    name: 'where',
    shapes: [[4], [4]],
    f: (a: Tensor, b: Tensor) => tf.where(tf.tensor1d([1, 0, 1, 0], 'bool'), a, b),
  },
];
