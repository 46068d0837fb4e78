/**
 * What a convolution layer computes while gradients are recorded: on the engine one kernel that applies bias and
 * activation on the way, so that one tensor is kept for the way back instead of three; elsewhere tfjs's operations.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Rank, Tensor, Tensor3D, Tensor4D} from '@tensorflow/tfjs-core';
import type {LayerVariable} from '@tensorflow/tfjs-layers';
import {hasKernel, mayFuse} from '../../core';
import {runKernel} from '../tfjsInternals';
import type {FusedConvAttrs} from './gradients/conv';
import {gradientDepth} from './tfjsInternals';

interface Activation {
  apply(x: Tensor): Tensor;
  getClassName(): string;
}

/** What a convolution layer over images holds, or over sequences if that is its rank. */
export interface ConvolutionLayer {
  readonly kernel: LayerVariable;
  readonly bias: LayerVariable | null;
  readonly strides: readonly number[];
  readonly dilationRate: number | readonly number[];
  readonly padding: string;
  readonly dataFormat: string;
  readonly activation: Activation | null;
}

/** Activations that the kernels have, by their names in tfjs-layers. */
const FUSED: ReadonlySet<string> = new Set(['linear', 'relu', 'relu6']);

/** The output of a Conv2D layer. */
export function convolveImages(layer: ConvolutionLayer, input: Tensor): Tensor {
  const [strideY = 1, strideX = strideY] = layer.strides;
  const [dilationY = 1, dilationX = dilationY] = dilationsOf(layer);
  return arranged(layer, input, [0, 2, 3, 1], x =>
    convolve(layer, x as Tensor4D, layer.kernel.read() as Tensor4D, {
      strides: [strideY, strideX],
      dilations: [dilationY, dilationX],
    }),
  );
}

/** The output of a Conv1D layer: its sequences are images of one row. */
export function convolveSequence(layer: ConvolutionLayer, input: Tensor): Tensor {
  const kernel = layer.kernel.read() as Tensor3D;
  return arranged(layer, input, [0, 2, 1], x => {
    const [batch, length, channels] = (x as Tensor3D).shape;
    const y = convolve(
      layer,
      tf.reshape<Rank.R4>(x, [batch, 1, length, channels]),
      tf.reshape<Rank.R4>(kernel, [1, ...kernel.shape]),
      {strides: [1, layer.strides[0]!], dilations: [1, dilationsOf(layer)[0]!]},
    );
    return tf.reshape(y, [batch, y.shape[2]!, y.shape[3]!]);
  });
}

function dilationsOf({dilationRate}: ConvolutionLayer): readonly number[] {
  return typeof dilationRate === 'number' ? [dilationRate] : dilationRate;
}

/**
 * `compute` of an input with its channels last; its result has them where the layer has. Then the activation, which
 * may be one along the last axis, unless `compute` has applied it.
 */
function arranged(
  {dataFormat, activation}: ConvolutionLayer,
  input: Tensor,
  order: number[],
  compute: (x: Tensor) => Tensor,
): Tensor {
  const isFirst = dataFormat === 'channelsFirst';
  let y = compute(isFirst ? tf.transpose(input, order) : input);
  if (isFirst) {
    y = tf.transpose(
      y,
      order.map((_, axis) => order.indexOf(axis)),
    );
  }
  return activation === null || FUSED.has(activation.getClassName()) ? y : activation.apply(y);
}

/** With bias, and with the activation if it is one that the kernels have. */
function convolve(
  {padding, bias, activation}: ConvolutionLayer,
  x: Tensor4D,
  filter: Tensor4D,
  {strides, dilations}: {strides: [number, number]; dilations: [number, number]},
): Tensor {
  const pad = padding === 'same' ? 'same' : 'valid';
  const name = activation?.getClassName() ?? 'linear';
  const fused = FUSED.has(name) ? (name as FusedConvAttrs['activation']) : 'linear';
  const isBare = bias === null && fused === 'linear';
  // The kernel's gradient has no gradient of its own.
  const isFused =
    !isBare && mayFuse() && gradientDepth() === 1 && hasKernel('GlassboxConv2D') && x.dtype === 'float32';
  const {outShape} = tf.backend_util.computeConv2DInfo(x.shape, filter.shape, strides, dilations, pad);
  if (!isFused || x.size === 0 || tf.util.sizeFromShape(outShape) === 0) {
    let y: Tensor = tf.conv2d(x, filter, strides, pad, 'NHWC', dilations);
    if (bias !== null) y = tf.add(y, bias.read());
    return activation === null || fused === 'linear' ? y : activation.apply(y);
  }
  const inputs = {x, filter, ...(bias !== null && {bias: bias.read()})};
  const attrs: FusedConvAttrs = {strides, pad, dilations, dataFormat: 'NHWC', activation: fused};
  return runKernel(fused === 'linear' ? 'GlassboxBiasedConv2D' : 'GlassboxConv2D', inputs, attrs);
}
