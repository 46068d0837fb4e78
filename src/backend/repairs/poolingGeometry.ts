/**
 * Where the windows of a pooling lie.
 */
import * as tf from '@tensorflow/tfjs-core';

type PerAxis = number | [number, number, number];

/** What tfjs calls its pooling kernels with. */
export interface PoolAttributes {
  readonly filterSize: PerAxis;
  readonly strides: PerAxis;
  readonly dilations?: PerAxis;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** One spatial axis of a pooling. */
interface PoolAxis {
  readonly size: number;
  readonly outSize: number;
  readonly window: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the first element. */
  readonly before: number;
}

/** A pooling of a tensor of shape [batch, depth, height, width, channels]. */
export interface PoolGeometry {
  readonly batch: number;
  readonly channels: number;
  readonly axes: readonly [PoolAxis, PoolAxis, PoolAxis];
  readonly outShape: number[];
}

/** The geometry of a pooling of a [batch, depth, height, width, channels] tensor. */
export function poolGeometry(shape: number[], attrs: PoolAttributes): PoolGeometry {
  const {filterSize, strides, dilations = 1, pad, dimRoundingMode} = attrs;
  const input = shape as [number, number, number, number, number];
  const info = tf.backend_util.computePool3DInfo(input, filterSize, strides, dilations, pad, dimRoundingMode);
  const depth: PoolAxis = {
    size: info.inDepth,
    outSize: info.outDepth,
    window: info.filterDepth,
    stride: info.strideDepth,
    dilation: info.dilationDepth,
    before: info.padInfo.front,
  };
  const height: PoolAxis = {
    size: info.inHeight,
    outSize: info.outHeight,
    window: info.filterHeight,
    stride: info.strideHeight,
    dilation: info.dilationHeight,
    before: info.padInfo.top,
  };
  const width: PoolAxis = {
    size: info.inWidth,
    outSize: info.outWidth,
    window: info.filterWidth,
    stride: info.strideWidth,
    dilation: info.dilationWidth,
    before: info.padInfo.left,
  };
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    axes: [depth, height, width],
    outShape: info.outShape,
  };
}

/**
 * Calls `visit` for each output element with its index and the indices of the input elements in its window
 * (row-major; only those that are not padding). The list is reused: copy what is kept.
 */
export function eachWindow(
  {batch, channels, axes}: PoolGeometry,
  visit: (out: number, inside: readonly number[]) => void,
): void {
  const [depths, rows, columns] = axes.map(windows) as [number[][], number[][], number[][]];
  const [, {size: height}, {size: width}] = axes;
  const image = axes.reduce((product, {size}) => product * size, 1);
  const inside: number[] = [];
  let out = 0;
  for (let b = 0; b < batch; b++) {
    for (const depth of depths) {
      for (const row of rows) {
        for (const column of columns) {
          for (let c = 0; c < channels; c++) {
            inside.length = 0;
            for (const z of depth) {
              for (const y of row) {
                const line = b * image + (z * height + y) * width;
                for (const x of column) inside.push((line + x) * channels + c);
              }
            }
            visit(out++, inside);
          }
        }
      }
    }
  }
}

/** For each output position of an axis, the input positions in its window. */
function windows({size, outSize, window, stride, dilation, before}: PoolAxis): number[][] {
  return Array.from({length: outSize}, (_, out) =>
    Array.from({length: window}, (_, k) => out * stride - before + k * dilation).filter(
      at => at >= 0 && at < size,
    ),
  );
}
