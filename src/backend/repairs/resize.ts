/**
 * The gradients of image resizing. Both resizings are separable: along one axis, an output pixel is a
 * weighted sum of at most two input pixels, and the gradient sends it back to the same two.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, Tensor, TensorInfo} from '@tensorflow/tfjs-core';
import {attrsAs, kernelOfOps} from '../tfjsInternals';
import {hostKernel} from './hostKernel';
import {everyJavaScriptBackend, isOnHost, type HostBackend, type Repair} from './types';

interface ResizeAttributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

/** The input pixels that an output pixel is made of, along one axis. */
interface Tap {
  readonly low: number;
  readonly high: number;
  /** Weight of `high`; `low` has the rest. */
  readonly weight: number;
}

type TapRule = (
  size: number,
  outSize: number,
  attrs: ResizeAttributes,
  round: (x: number) => number,
) => Tap[];

export const resizeGradients: Repair = {
  id: 'resize-gradients',
  description:
    'tfjs computes wrong gradients of resizeNearestNeighbor (and so of upSampling2d) for batches on CPU, of resizeBilinear for images that are not square there, of both with halfPixelCenters everywhere, and of both with alignCorners on WebGPU for images that are one pixel high or wide.',
  backends: everyJavaScriptBackend,
  kernels: (backend, {current}) =>
    isOnHost(backend)
      ? [
          resizeGradient(tf.ResizeBilinearGrad, backend, bilinearTaps),
          resizeGradient(tf.ResizeNearestNeighborGrad, backend, nearestTaps),
        ]
      : [
          gradientOnDevice(current(tf.ResizeBilinearGrad)!, bilinearTaps),
          gradientOnDevice(current(tf.ResizeNearestNeighborGrad)!, nearestTaps),
        ],
};

function resizeGradient(kernelName: string, backend: HostBackend, taps: TapRule): KernelConfig {
  // The forward kernels compute positions in float32 on WASM and in float64 on CPU.
  const round = backend === 'wasm' ? Math.fround : (x: number): number => x;
  return hostKernel<ResizeAttributes>(kernelName, backend, ({images, dy}, attrs) => {
    const [batch, height, width, channels] = images!.shape as [number, number, number, number];
    const [, outHeight, outWidth] = dy!.shape as [number, number, number, number];
    const rows = taps(height, outHeight, attrs, round);
    const columns = taps(width, outWidth, attrs, round);
    const fill = (dx: Float32Array, gradient: Float32Array): void => {
      let at = 0;
      for (let b = 0; b < batch; b++) {
        for (const row of rows) {
          const low = (b * height + row.low) * width;
          const high = (b * height + row.high) * width;
          for (const column of columns) {
            for (let c = 0; c < channels; c++) {
              const bottom = gradient[at]! * row.weight;
              const top = gradient[at++]! - bottom;
              dx[(low + column.low) * channels + c]! += top * (1 - column.weight);
              dx[(low + column.high) * channels + c]! += top * column.weight;
              dx[(high + column.low) * channels + c]! += bottom * (1 - column.weight);
              dx[(high + column.high) * channels + c]! += bottom * column.weight;
            }
          }
        }
      }
    };
    return {shape: images!.shape, fill: (dx, values) => fill(dx, values['dy']!)};
  });
}

/** On a GPU, where tfjs's kernel is right but for half-pixel centers and single pixels: one matrix product an axis. */
function gradientOnDevice(kernel: KernelConfig, taps: TapRule): KernelConfig {
  const composed = kernelOfOps<ResizeAttributes>(
    kernel.kernelName,
    kernel.backendName,
    ([images, dy], attrs) => {
      const [batch, height, width, channels] = images!.shape as [number, number, number, number];
      const [, outHeight, outWidth] = dy!.shape as [number, number, number, number];
      const rows = samplingMatrix(height, taps(height, outHeight, attrs, Math.fround));
      const columns = samplingMatrix(width, taps(width, outWidth, attrs, Math.fround));
      const byRow = tf.matMul(rows, tf.reshape(dy!, [batch, outHeight, outWidth * channels]), true);
      const aside = tf.transpose(tf.reshape(byRow, [batch, height, outWidth, channels]), [0, 2, 1, 3]);
      const byColumn = tf.matMul(columns, tf.reshape(aside, [batch, outWidth, height * channels]), true);
      return tf.transpose(tf.reshape(byColumn, [batch, width, height, channels]), [0, 2, 1, 3]);
    },
  );
  return {
    ...kernel,
    kernelFunc: call => {
      const {images, dy} = call.inputs as {images: TensorInfo; dy: TensorInfo};
      const {alignCorners, halfPixelCenters} = attrsAs<ResizeAttributes>(call.attrs);
      const isWrong = halfPixelCenters === true || (alignCorners && images.shape.slice(1, 3).includes(1));
      return (isWrong ? composed : kernel).kernelFunc({...call, inputs: {images, dy}});
    },
  };
}

/** The matrix [1, outSize, size] that samples an axis. */
function samplingMatrix(size: number, taps: Tap[]): Tensor {
  const weights = new Float32Array(taps.length * size);
  taps.forEach(({low, high, weight}, out) => {
    weights[out * size + low]! += 1 - weight;
    weights[out * size + high]! += weight;
  });
  return tf.tensor(weights, [1, taps.length, size]);
}

function scale(size: number, outSize: number, alignCorners: boolean): number {
  return alignCorners && outSize > 1 ? (size - 1) / (outSize - 1) : size / outSize;
}

function bilinearTaps(
  size: number,
  outSize: number,
  attrs: ResizeAttributes,
  round: (x: number) => number,
): Tap[] {
  const ratio = round(scale(size, outSize, attrs.alignCorners));
  return Array.from({length: outSize}, (_, i) => {
    const position = attrs.halfPixelCenters ? round(round(ratio * (i + 0.5)) - 0.5) : round(ratio * i);
    const low = Math.max(0, Math.floor(position));
    return {low, high: Math.min(size - 1, Math.ceil(position)), weight: position - low};
  });
}

function nearestTaps(
  size: number,
  outSize: number,
  attrs: ResizeAttributes,
  round: (x: number) => number,
): Tap[] {
  const ratio = round(scale(size, outSize, attrs.alignCorners));
  return Array.from({length: outSize}, (_, i) => {
    const position = round(ratio * (attrs.halfPixelCenters ? i + 0.5 : i));
    const nearest = attrs.alignCorners ? Math.round(position) : Math.floor(position);
    const low = Math.min(size - 1, attrs.halfPixelCenters ? Math.max(0, nearest) : nearest);
    return {low, high: low, weight: 0};
  });
}
