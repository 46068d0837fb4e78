/**
 * The gradients of conv3d. A convolution is one matrix product for each position in the window (a tap),
 * between the input elements that meet it and the filter's weights there; so are its two gradients.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {floats, stockKernel, wasmKernel} from '../wasm/tfjsInternals';
import type {Scratch} from '../wasm/tfjsInternals';
import {gradientConfig, runKernel} from '../tfjsInternals';
import {everyBackend, type Repair} from './types';

type Shape5D = [number, number, number, number, number];

interface ConvAttributes {
  readonly strides: [number, number, number] | number;
  readonly pad: 'valid' | 'same';
}

export const conv3dKernels: Repair = {
  id: 'wasm/conv-3d-gradients',
  description: "tfjs's gradients of conv3d are wrong on WASM; they are matrix products now.",
  backends: ['wasm'],
  kernels: () => [filterGradient(), inputGradient()],
};

export const conv3dTransposeGradient: Repair = {
  id: 'conv-3d-transpose-gradient',
  description: 'tfjs has no gradient for conv3dTranspose; it has one now.',
  backends: everyBackend,
  gradients: () => [
    gradientConfig<ConvAttributes>({
      kernelName: tf.Conv3DBackpropInputV2,
      inputsToSave: ['dy', 'filter'],
      // The transposed convolution is linear in both: its gradients are the convolution and its filter's gradient.
      gradient: (g, [x, filter], {strides, pad}) => ({
        dy: () => tf.conv3d(g as tf.Tensor5D, filter as tf.Tensor5D, strides, pad),
        filter: () =>
          runKernel(tf.Conv3DBackpropFilterV2, {x: g, dy: x!}, {strides, pad, filterShape: filter!.shape}),
      }),
    }),
  ],
};

function filterGradient(): KernelConfig {
  const matMul = stockKernel(tf.BatchMatMul);
  return wasmKernel<{x: TensorInfo; dy: TensorInfo}, ConvAttributes & {filterShape: Shape5D}>(
    tf.Conv3DBackpropFilterV2,
    ({inputs: {x, dy}, attrs: {filterShape, strides, pad}, backend, scratch}) => {
      const geometry = convGeometry(x.shape, filterShape, strides, pad);
      const dw = scratch.make(filterShape);
      const gathered = scratch.make([geometry.outPixels, geometry.inChannels]);
      const gradient = scratch.reshape(dy, [1, geometry.outPixels, geometry.outChannels]);
      eachTap(geometry, (tap, pixels) => {
        gatherPixels(floats(backend, x), floats(backend, gathered), pixels, geometry.inChannels);
        const a = scratch.reshape(gathered, [1, geometry.outPixels, geometry.inChannels]);
        const product = matMul(scratch, {a, b: gradient}, {transposeA: true, transposeB: false});
        floats(backend, dw).set(floats(backend, product), tap * geometry.inChannels * geometry.outChannels);
        scratch.free(product);
      });
      return dw;
    },
  );
}

function inputGradient(): KernelConfig {
  const matMul = stockKernel(tf.BatchMatMul);
  return wasmKernel<{dy: TensorInfo; filter: TensorInfo}, ConvAttributes & {inputShape: Shape5D}>(
    tf.Conv3DBackpropInputV2,
    ({inputs: {dy, filter}, attrs: {inputShape, strides, pad}, backend, scratch}) => {
      const geometry = convGeometry(inputShape, filter.shape, strides, pad);
      const dx = scratch.make(inputShape);
      floats(backend, dx).fill(0);
      const gradient = scratch.reshape(dy, [1, geometry.outPixels, geometry.outChannels]);
      eachTap(geometry, (tap, pixels) => {
        const b = tapWeights(scratch, filter, tap, geometry);
        const product = matMul(scratch, {a: gradient, b}, {transposeA: false, transposeB: true});
        scatterPixels(floats(backend, product), floats(backend, dx), pixels, geometry.inChannels);
        scratch.free(product);
      });
      return dx;
    },
  );
}

function tapWeights(
  scratch: Scratch,
  filter: TensorInfo,
  tap: number,
  {inChannels, outChannels}: ConvGeometry,
): TensorInfo {
  return scratch.view(filter, tap * inChannels * outChannels, [1, inChannels, outChannels]);
}

interface ConvGeometry {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Batch × depth × height × width of the output. */
  readonly outPixels: number;
  readonly info: tf.backend_util.Conv3DInfo;
}

function convGeometry(
  shape: number[],
  filter: number[],
  strides: number | [number, number, number],
  pad: 'valid' | 'same',
): ConvGeometry {
  const info = tf.backend_util.computeConv3DInfo(shape as Shape5D, filter as Shape5D, strides, 1, pad);
  const outPixels = info.batchSize * info.outDepth * info.outHeight * info.outWidth;
  return {inChannels: info.inChannels, outChannels: info.outChannels, outPixels, info};
}

/** Calls `visit` for each tap with the input pixel that each output pixel meets there; -1 for padding. */
function eachTap({info, outPixels}: ConvGeometry, visit: (tap: number, pixels: Int32Array) => void): void {
  const pixels = new Int32Array(outPixels);
  let tap = 0;
  for (let kz = 0; kz < info.filterDepth; kz++) {
    for (let ky = 0; ky < info.filterHeight; ky++) {
      for (let kx = 0; kx < info.filterWidth; kx++) {
        let out = 0;
        for (let b = 0; b < info.batchSize; b++) {
          for (let oz = 0; oz < info.outDepth; oz++) {
            const z = oz * info.strideDepth - info.padInfo.front + kz;
            for (let oy = 0; oy < info.outHeight; oy++) {
              const y = oy * info.strideHeight - info.padInfo.top + ky;
              const isLine = z >= 0 && z < info.inDepth && y >= 0 && y < info.inHeight;
              const line = ((b * info.inDepth + z) * info.inHeight + y) * info.inWidth;
              for (let ox = 0; ox < info.outWidth; ox++) {
                const x = ox * info.strideWidth - info.padInfo.left + kx;
                pixels[out++] = isLine && x >= 0 && x < info.inWidth ? line + x : -1;
              }
            }
          }
        }
        visit(tap++, pixels);
      }
    }
  }
}

function gatherPixels(from: Float32Array, to: Float32Array, pixels: Int32Array, channels: number): void {
  for (let out = 0, at = 0; out < pixels.length; out++) {
    const start = pixels[out]! * channels;
    for (let c = 0; c < channels; c++) to[at++] = start < 0 ? 0 : from[start + c]!;
  }
}

function scatterPixels(from: Float32Array, to: Float32Array, pixels: Int32Array, channels: number): void {
  for (let out = 0, at = 0; out < pixels.length; out++) {
    const start = pixels[out]! * channels;
    for (let c = 0; c < channels; c++, at++) if (start >= 0) to[start + c]! += from[at]!;
  }
}
