/** Pooling of images and its gradients on the engine. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel, isFloat} from './engine';
import type {Engine, EngineKernel} from './engine';
import {isEmpty} from './geometry';
import type {Axis, Geometry} from './geometry';
import {geometryOf} from './pooling';
import type {PoolAttrs} from './pooling';

/** `MaxPool` of float32. NaN never is the maximum, as on tfjs's cpu backend; −∞ is where there is none. */
export const engineMaxPool = forward(tf.MaxPool, 0);

/** `AvgPool` of float32: the mean of what lies inside the image. */
export const engineAvgPool = forward(tf.AvgPool, 1);

function forward(kernelName: string, isMean: 0 | 1): EngineKernel {
  return engineKernel<{x: TensorInfo}, PoolAttrs>(kernelName, ({inputs: {x}, attrs, engine, make}) => {
    if (!isFloat(x)) return undefined;
    const geometry = geometryOf(x.shape, attrs);
    const {batch, inChannels: channels, height, width} = geometry;
    if (isEmpty(geometry)) return undefined;
    const out = make([batch, height.output, width.output, channels]);
    const rows = batch * height.output;
    const chunks = chunksFor(rows, width.output * channels * height.taps * width.taps);
    const axes = [height, width].flatMap(sizes);
    const args = [engine.address(x), engine.address(out), isMean, batch, channels, ...axes, chunks];
    engine.run('pool', args, {chunks});
    return out;
  });
}

/** `MaxPoolGrad`: the first of the largest numbers of a window gets its gradient. */
export const engineMaxPoolGradient = engineKernel<Record<'dy' | 'input', TensorInfo>, PoolAttrs>(
  tf.MaxPoolGrad,
  ({inputs: {dy, input}, attrs, engine, make}) =>
    isFloat(input) ? gradient(engine, make, geometryOf(input.shape, attrs), dy, input) : undefined,
);

/** `AvgPoolGrad`: every number inside the image gets its share. */
export const engineAvgPoolGradient = engineKernel<Record<'dy' | 'input', TensorInfo>, PoolAttrs>(
  tf.AvgPoolGrad,
  ({inputs: {dy, input}, attrs, engine, make}) =>
    gradient(engine, make, geometryOf(input.shape, attrs), dy, undefined),
);

/** Channels of a block; as in kernels/poolGradient.ts. */
const BLOCK = 16;
/** From so many images on they are cut up between threads, not their channels. */
const MANY_IMAGES = 8;

/** @param x what is pooled, for the gradient of the maximum */
function gradient(
  engine: Engine,
  make: (shape: readonly number[]) => TensorInfo,
  geometry: Geometry,
  dy: TensorInfo,
  x: TensorInfo | undefined,
): TensorInfo | undefined {
  const {batch, inChannels: channels, height, width} = geometry;
  if (!isFloat(dy) || isEmpty(geometry)) return undefined;
  const dx = make([batch, height.input, width.input, channels]);
  const addresses = [x === undefined ? 0 : engine.address(x), engine.address(dy), engine.address(dx)];
  if (isSideBySide(height) && isSideBySide(width)) {
    const rows = batch * height.output;
    const chunks = chunksFor(rows, 4 * width.output * channels);
    const sizes = [height.input, width.input, height.output, width.output];
    engine.run('poolGradientTwo', [...addresses, batch, channels, ...sizes, chunks], {chunks});
    return dx;
  }
  const blocks = batch >= MANY_IMAGES ? 1 : Math.ceil(channels / BLOCK);
  const windows = height.output * width.output * height.taps * width.taps;
  const chunks = chunksFor(batch * blocks, (windows * channels) / blocks);
  const axes = [height, width].flatMap(sizes);
  engine.run('poolGradient', [...addresses, batch, channels, ...axes, blocks, chunks], {chunks});
  return dx;
}

/** Windows of two that begin with the image and follow one another; the last may hang over the edge. */
function isSideBySide({taps, stride, pad, input, output}: Axis): boolean {
  return taps === 2 && stride === 2 && pad === 0 && 2 * (output - 1) < input;
}

function sizes({input, output, taps, stride, pad}: Axis): number[] {
  return [input, output, taps, stride, pad];
}
