/**
 * The convolution layers of tfjs-layers under differentiation. They call tfjs's fused operation, whose gradient
 * computes the gradients of input and filter whether needed or not, and refuses a dilation. While gradients are
 * recorded, ours calls the plain operation instead, which has neither fault; the numbers are the same.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {gradientDepth} from './tfjsInternals';

/** What a Conv2D layer of tfjs-layers holds. */
interface ConvLayer {
  rank: number;
  kernel: layers.LayerVariable;
  bias: layers.LayerVariable | null;
  strides: [number, number];
  dilationRate: [number, number];
  padding: string;
  dataFormat: string;
  activation: {apply(x: Tensor): Tensor} | null;
}

type Call = (this: ConvLayer, inputs: Tensor | Tensor[], kwargs: object) => Tensor | Tensor[];

/** Set on a prototype that is done already, by this or another copy of glassbox. */
const done = Symbol.for('glassbox.convLayer');

/** Replaces how Conv2D layers compute while gradients are recorded. Done once a program. */
export function unfuseConvLayers(): void {
  const layer = layers.layers.conv2d({filters: 1, kernelSize: 1});
  const prototype = Object.getPrototypeOf(layer) as {call: Call; [done]?: true};
  if (prototype[done]) return;
  const fused = prototype.call;
  prototype.call = function (inputs, kwargs) {
    if (gradientDepth() === 0 || this.rank !== 2) return fused.call(this, inputs, kwargs);
    return tf.tidy(() => convolve(this, (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor4D));
  };
  prototype[done] = true;
}

function convolve(layer: ConvLayer, input: Tensor4D): Tensor {
  const channelsFirst = layer.dataFormat === 'channelsFirst';
  const x = channelsFirst ? tf.transpose(input, [0, 2, 3, 1]) : input;
  const pad = layer.padding === 'same' ? 'same' : 'valid';
  const kernel = layer.kernel.read() as Tensor4D;
  let y: Tensor = tf.conv2d(x, kernel, layer.strides, pad, 'NHWC', layer.dilationRate);
  if (layer.bias) y = tf.add(y, layer.bias.read());
  if (channelsFirst) y = tf.transpose(y, [0, 3, 1, 2]);
  return layer.activation ? layer.activation.apply(y) : y;
}
