/**
 * Differentiable functions of tfjs, each with inputs at which it is smooth.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Tensor5D} from '@tensorflow/tfjs-core';

/** One function of float tensors. */
export interface GradientCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly f: (...inputs: never[]) => Tensor;
  /** The same function by other means, where tfjs's forward pass is wrong on its CPU backend. */
  readonly reference?: (...inputs: never[]) => Tensor;
  /** Whether the function has kinks at integers, which the inputs then keep away from. */
  readonly kinksAtIntegers?: boolean;
  /** The range that the inputs are drawn from; [-2, 2] otherwise. */
  readonly range?: readonly [number, number];
}

type Function1 = (x: Tensor) => Tensor;

const unary = (names: string, range?: readonly [number, number]): GradientCase[] =>
  names.split(' ').map(name => ({
    name,
    shapes: [[2, 3]],
    kinksAtIntegers: true,
    f: (tf as unknown as Record<string, Function1>)[name] as Function1,
    ...(range === undefined ? {} : {range}),
  }));

const binary = (names: string, range?: readonly [number, number]): GradientCase[] =>
  names.split(' ').flatMap(name =>
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
    ].map(shapes => ({
      name: `${name} of ${JSON.stringify(shapes)}`,
      shapes,
      f: (tf as unknown as Record<string, (a: Tensor, b: Tensor) => Tensor>)[name]!,
      ...(range === undefined ? {} : {range}),
    })),
  );

const int = (values: number[], shape?: number[]): Tensor =>
  tf.tensor(values, shape ?? [values.length], 'int32');

export const gradientCases: readonly GradientCase[] = [
  ...unary(
    'abs atan elu erf exp expm1 neg relu leakyRelu selu sigmoid sin cos sinh cosh softplus square tanh logSigmoid asinh softmax logSoftmax',
  ),
  ...unary('log log1p sqrt rsqrt reciprocal', [0.5, 2]),
  ...unary('asin acos atanh tan', [-0.7, 0.7]),
  ...unary('acosh', [1.5, 3]),
  ...unary('clipByValue relu6 sign floor ceil round'.split(' ').slice(1).join(' ')),
  {name: 'clipByValue', shapes: [[2, 3]], kinksAtIntegers: true, f: (x: Tensor) => tf.clipByValue(x, -1, 1)},
  {name: 'prelu', shapes: [[2, 3], [3]], f: (x: Tensor, a: Tensor) => tf.prelu(x, a)},
  ...binary('add sub mul maximum minimum squaredDifference'),
  ...binary('div pow atan2', [0.5, 2]),
  {name: 'mod', shapes: [[2, 3]], f: (x: Tensor) => tf.mod(x, tf.scalar(0.7)), range: [1, 1.3]},
  {name: 'addN', shapes: [[2], [2], [2]], f: (...xs: Tensor[]) => tf.addN(xs)},
  {
    name: 'where',
    shapes: [[4], [4]],
    f: (a: Tensor, b: Tensor) => tf.where(tf.tensor1d([1, 0, 1, 0], 'bool'), a, b),
  },
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
  {
    name: 'unsortedSegmentSum',
    shapes: [[4, 2]],
    f: (x: Tensor) => tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1, 2], 'int32'), 3),
  },
  {name: 'oneHot times x', shapes: [[3]], f: (x: Tensor) => tf.mul(tf.oneHot(int([2, 0, 1]), 3), x)},
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
