/**
 * The gradients of morphological dilation where tfjs has no kernels for them. An output is the largest of its window's
 * sums of input and filter, so its gradient goes to the tap that the sum came from: the first among equals.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, Tensor, Tensor3D, Tensor4D} from '@tensorflow/tfjs-core';
import {kernelOfOps} from '../tfjsInternals';
import {spread} from './stridedSlice';

interface DilationAttributes {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number;
  readonly dilations: number | [number, number];
}

/** Both kernels, made of tfjs's operations. */
export function dilation2dGradients(backend: string): KernelConfig[] {
  return [
    kernelOfOps<DilationAttributes>(tf.Dilation2DBackpropInput, backend, ([x, filter, dy], attrs) => {
      const {taps, shares} = gradientByTap(x as Tensor4D, filter as Tensor3D, dy as Tensor4D, attrs);
      const placed = taps.map((tap, i) => spread(shares[i]!, tap.paddedShape, {...noMasks, ...tap}));
      const {before} = taps[0]!;
      return tf.slice(tf.addN(placed), before, x!.shape);
    }),
    kernelOfOps<DilationAttributes>(tf.Dilation2DBackpropFilter, backend, ([x, filter, dy], attrs) => {
      const {shares} = gradientByTap(x as Tensor4D, filter as Tensor3D, dy as Tensor4D, attrs);
      const sums = shares.map(share => tf.sum(share, [0, 1, 2]));
      return tf.reshape(tf.stack(sums), filter!.shape);
    }),
  ];
}

const noMasks = {beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0};

/** Less than any sum; infinity has no product with zero. */
const PADDING = -1e30;

/** What of the padded input one tap of the filter meets. */
interface Tap {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly paddedShape: number[];
  readonly before: number[];
}

/** For each tap, row by row, `dy` where its sum was the largest and zero elsewhere. */
function gradientByTap(
  x: Tensor4D,
  filter: Tensor3D,
  dy: Tensor4D,
  {strides, pad, dilations}: DilationAttributes,
): {taps: Tap[]; shares: Tensor[]} {
  const info = tf.backend_util.computeDilation2DInfo(x.shape, filter.shape, strides, pad, 'NHWC', dilations);
  const {padInfo, strideHeight, strideWidth, dilationHeight, dilationWidth} = info;
  const rows = (info.outHeight - 1) * strideHeight + 1;
  const columns = (info.outWidth - 1) * strideWidth + 1;
  // As far as the last tap reaches, which may be beyond the padding that tfjs names.
  const height = Math.max(padInfo.top + info.inHeight, rows + (info.filterHeight - 1) * dilationHeight);
  const width = Math.max(padInfo.left + info.inWidth, columns + (info.filterWidth - 1) * dilationWidth);
  const padded = tf.pad(
    x,
    [
      [0, 0],
      [padInfo.top, height - padInfo.top - info.inHeight],
      [padInfo.left, width - padInfo.left - info.inWidth],
      [0, 0],
    ],
    PADDING,
  );
  const taps: Tap[] = [];
  const sums: Tensor[] = [];
  for (let i = 0; i < info.filterHeight; i++) {
    for (let j = 0; j < info.filterWidth; j++) {
      const begin = [0, i * dilationHeight, j * dilationWidth, 0];
      const end = [info.batchSize, begin[1]! + rows, begin[2]! + columns, info.inChannels];
      const tap: Tap = {
        begin,
        end,
        strides: [1, strideHeight, strideWidth, 1],
        paddedShape: padded.shape,
        before: [0, padInfo.top, padInfo.left, 0],
      };
      const weights = tf.slice(filter, [i, j, 0], [1, 1, -1]);
      taps.push(tap);
      sums.push(tf.add(tf.stridedSlice(padded, begin, end, tap.strides), weights));
    }
  }
  const chosen = tf.argMax(tf.stack(sums), 0);
  const shares = taps.map((_, i) => tf.mul(dy, tf.cast(tf.equal(chosen, i), 'float32')));
  return {taps, shares};
}
