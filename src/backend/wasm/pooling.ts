import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {fromConvInfo} from './geometry';
import type {Axis, ConvAttrs, Geometry} from './geometry';
import {floats, wasmKernel} from './tfjsInternals';

/** How a pooling's windows lie. */
export interface PoolAttrs extends Pick<ConvAttrs, 'strides' | 'pad' | 'dimRoundingMode'> {
  filterSize: [number, number] | number;
}

/** The geometry of a pooling of images of `shape`. */
export function geometryOf(
  shape: number[],
  {filterSize, strides, pad, dimRoundingMode}: PoolAttrs,
): Geometry {
  return fromConvInfo(
    tf.backend_util.computePool2DInfo(
      shape as [number, number, number, number],
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    ),
  );
}

/**
 * `MaxPoolGrad`: the first of the largest elements of a window gets the window's gradient, as on tfjs's cpu
 * backend. tfjs's own kernel loses it where no element is above zero.
 */
export function maxPoolGrad(): KernelConfig {
  return wasmKernel<Record<'dy' | 'input', TensorInfo>, PoolAttrs>(
    tf.MaxPoolGrad,
    ({inputs: {dy, input}, attrs, backend, scratch}) => {
      const geometry = geometryOf(input.shape, attrs);
      const out = scratch.make(input.shape);
      const dx = floats(backend, out).fill(0);
      const x = floats(backend, input);
      const gradient = floats(backend, dy);
      const {height, width} = geometry;
      const isPlain = [height, width].every(
        ({taps, pad, stride, output, input: length}) =>
          taps === 2 && pad === 0 && (output - 1) * stride + 2 <= length,
      );
      if (isPlain) maxOfFour(geometry, x, gradient, dx);
      else maxOfWindow(geometry, x, gradient, dx);
      return out;
    },
  );
}

/** Windows of 2 × 2 that lie inside the image. */
function maxOfFour(geometry: Geometry, x: Float32Array, dy: Float32Array, dx: Float32Array): void {
  const {batch, inChannels: channels, height, width} = geometry;
  const line = width.input * channels;
  let out = 0;
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < height.output; oy++) {
      for (let ox = 0; ox < width.output; ox++) {
        const start = (b * height.input + oy * height.stride) * line + ox * width.stride * channels;
        for (let p = start; p < start + channels; p++, out++) {
          let best = -Infinity;
          let where = -1;
          if (x[p]! > best) best = x[(where = p)]!;
          if (x[p + channels]! > best) best = x[(where = p + channels)]!;
          if (x[p + line]! > best) best = x[(where = p + line)]!;
          if (x[p + line + channels]! > best) where = p + line + channels;
          if (where >= 0) dx[where]! += dy[out]!;
        }
      }
    }
  }
}

function maxOfWindow(geometry: Geometry, x: Float32Array, dy: Float32Array, dx: Float32Array): void {
  const {batch, inChannels: channels, height, width} = geometry;
  const best = new Float32Array(channels);
  const where = new Int32Array(channels);
  let out = 0;
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < height.output; oy++) {
      for (let ox = 0; ox < width.output; ox++) {
        best.fill(-Infinity);
        where.fill(-1);
        for (let i = 0; i < height.taps; i++) {
          const y = oy * height.stride + i - height.pad;
          if (y < 0 || y >= height.input) continue;
          for (let j = 0; j < width.taps; j++) {
            const column = ox * width.stride + j - width.pad;
            if (column < 0 || column >= width.input) continue;
            const start = ((b * height.input + y) * width.input + column) * channels;
            for (let c = 0; c < channels; c++) {
              const value = x[start + c]!;
              if (value > best[c]!) {
                best[c] = value;
                where[c] = start + c;
              }
            }
          }
        }
        for (let c = 0; c < channels; c++, out++) if (where[c]! >= 0) dx[where[c]!]! += dy[out]!;
      }
    }
  }
}

/**
 * `AvgPoolGrad`: every element of a window gets its share, of those inside the image, by whose number the forward
 * kernels divide. tfjs divides by the whole window, which is too much where it hangs over the edge.
 */
export function avgPoolGrad(): KernelConfig {
  return wasmKernel<Record<'dy' | 'input', TensorInfo>, PoolAttrs>(
    tf.AvgPoolGrad,
    ({inputs: {dy, input}, attrs, backend, scratch}) => {
      const out = scratch.make(input.shape);
      averagePoolGradient(input.shape, attrs, floats(backend, dy), floats(backend, out).fill(0));
      return out;
    },
  );
}

/** Adds to `dx`, of shape `shape`, what `dy` gives it. */
export function averagePoolGradient(
  shape: number[],
  attrs: PoolAttrs,
  dy: Float32Array,
  dx: Float32Array,
): void {
  const {batch, inChannels: channels, height, width} = geometryOf(shape, attrs);
  let source = 0;
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < height.output; oy++) {
      const [top, bottom] = inside(height, oy);
      for (let ox = 0; ox < width.output; ox++, source += channels) {
        const [left, right] = inside(width, ox);
        const share = 1 / ((bottom - top) * (right - left));
        for (let y = top; y < bottom; y++) {
          for (let x = left; x < right; x++) {
            const start = ((b * height.input + y) * width.input + x) * channels;
            for (let c = 0; c < channels; c++) dx[start + c]! += share * dy[source + c]!;
          }
        }
      }
    }
  }
}

/** The first and one past the last element of a window that lie inside. */
function inside({input, stride, pad, taps}: Axis, output: number): [number, number] {
  const start = output * stride - pad;
  return [Math.max(0, start), Math.min(input, start + taps)];
}
