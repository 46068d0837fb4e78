/**
 * Sums, scans and products.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {GradientCase} from './types';

export const products: readonly GradientCase[] = [
  {name: 'sum', shapes: [[2, 3, 2]], f: (x: Tensor) => tf.sum(x, [0, 2])},
  {name: 'mean', shapes: [[2, 3, 2]], f: (x: Tensor) => tf.mean(x, 1)},
  {name: 'prod', shapes: [[2, 3]], f: (x: Tensor) => tf.prod(x, 1)},
  {name: 'max', shapes: [[2, 3]], f: (x: Tensor) => tf.max(x, 1)},
  {name: 'min', shapes: [[2, 3]], f: (x: Tensor) => tf.min(x, 0)},
  {name: 'logSumExp', shapes: [[2, 3]], f: (x: Tensor) => tf.logSumExp(x, 1)},
  {name: 'norm', shapes: [[2, 3]], f: (x: Tensor) => tf.norm(x)},
  {name: 'moments', shapes: [[2, 3]], f: (x: Tensor) => tf.moments(x, 0).variance},
  {name: 'cumsum', shapes: [[2, 3]], f: (x: Tensor) => tf.cumsum(x, 1)},
  {name: 'cumsum, exclusive and reverse', shapes: [[2, 3]], f: (x: Tensor) => tf.cumsum(x, 0, true, true)},
  {name: 'cumprod', shapes: [[2, 4]], f: (x: Tensor) => tf.cumprod(x, 1)},
  {name: 'cumprod, exclusive', shapes: [[4, 2]], f: (x: Tensor) => tf.cumprod(x, 0, true)},
  {name: 'cumprod, reverse', shapes: [[4, 2]], f: (x: Tensor) => tf.cumprod(x, 0, false, true)},
  {
    name: 'cumprod, exclusive and reverse',
    shapes: [[2, 4, 2]],
    f: (x: Tensor) => tf.cumprod(x, 1, true, true),
  },
  {
    name: 'matMul',
    shapes: [
      [2, 3],
      [3, 4],
    ],
    f: (a: Tensor, b: Tensor) => tf.matMul(a, b),
  },
  {
    name: 'matMul, a transposed',
    shapes: [
      [3, 2],
      [3, 4],
    ],
    f: (a: Tensor, b: Tensor) => tf.matMul(a, b, true),
  },
  {
    name: 'matMul, b transposed',
    shapes: [
      [2, 3],
      [4, 3],
    ],
    f: (a: Tensor, b: Tensor) => tf.matMul(a, b, false, true),
  },
  {
    name: 'matMul, both transposed',
    shapes: [
      [3, 2],
      [4, 3],
    ],
    f: (a: Tensor, b: Tensor) => tf.matMul(a, b, true, true),
  },
  {
    name: 'matMul, in batches',
    shapes: [
      [2, 2, 3],
      [2, 3, 2],
    ],
    f: (a: Tensor, b: Tensor) => tf.matMul(a, b),
  },
  {
    name: 'matMul, one batch for all',
    shapes: [
      [2, 2, 3],
      [1, 3, 2],
    ],
    f: (a: Tensor, b: Tensor) => tf.matMul(a, b),
  },
  {name: 'dot', shapes: [[3], [3]], f: (a: Tensor, b: Tensor) => tf.dot(a, b)},
  {
    name: 'einsum ij,jk->ik',
    shapes: [
      [2, 3],
      [3, 4],
    ],
    f: (a: Tensor, b: Tensor) => tf.einsum('ij,jk->ik', a, b),
  },
  {
    name: 'einsum ij,j->',
    shapes: [[2, 3], [3]],
    f: (a: Tensor, b: Tensor) => tf.einsum('ij,j->', a, b),
    reference: (a: Tensor, b: Tensor) => tf.sum(tf.mul(a, b)),
  },
  {name: 'einsum ij->ji', shapes: [[2, 3]], f: (a: Tensor) => tf.einsum('ij->ji', a)},
  {name: 'einsum ijk->j', shapes: [[2, 3, 2]], f: (a: Tensor) => tf.einsum('ijk->j', a)},
  {
    name: 'einsum bthd,bshd->bhts',
    shapes: [
      [2, 2, 2, 3],
      [2, 3, 2, 3],
    ],
    f: (a: Tensor, b: Tensor) => tf.einsum('bthd,bshd->bhts', a, b),
  },
  {
    name: 'einsum bijk,jl->lb',
    shapes: [
      [2, 2, 3, 2],
      [3, 2],
    ],
    f: (a: Tensor, b: Tensor) => tf.einsum('bijk,jl->lb', a, b),
    reference: (a: Tensor, b: Tensor) => tf.transpose(tf.matMul(tf.sum(a, [1, 3]), b)),
  },
  {name: 'einsum i,j->ij', shapes: [[2], [3]], f: (a: Tensor, b: Tensor) => tf.einsum('i,j->ij', a, b)},
  {name: 'einsum i,i->i', shapes: [[3], [3]], f: (a: Tensor, b: Tensor) => tf.einsum('i,i->i', a, b)},
  {
    name: 'einsum ab,cd->c',
    shapes: [
      [2, 3],
      [3, 2],
    ],
    f: (a: Tensor, b: Tensor) => tf.einsum('ab,cd->c', a, b),
    reference: (a: Tensor, b: Tensor) => tf.mul(tf.sum(a), tf.sum(b, 1)),
  },
];
