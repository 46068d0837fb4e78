import * as layers from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {convBnRelu} from './convBn';
import {CLASSES, numbers} from './data';
import type {Workload} from './types';

export const depthwise: Workload = {
  name: 'depthwise',
  batch: 64,
  build(width) {
    const {dense, globalAveragePooling2d} = layers.layers;
    const input = layers.input({shape: [32, 32, 3]});
    let x = convBnRelu(input, 32 * width);
    x = separable(x, 64 * width, 1);
    x = separable(x, 128 * width, 2);
    const pooled = globalAveragePooling2d({}).apply(x);
    const logits = dense({units: CLASSES}).apply(pooled) as SymbolicTensor;
    return layers.model({inputs: input, outputs: logits});
  },
  input: batch => numbers([batch, 32, 32, 3]),
};

/** A depthwise 3×3 convolution, then a pointwise one with relu. */
function separable(x: SymbolicTensor, filters: number, strides: number): SymbolicTensor {
  const {conv2d, depthwiseConv2d} = layers.layers;
  const mixed = depthwiseConv2d({kernelSize: 3, strides, padding: 'same'}).apply(x);
  return conv2d({filters, kernelSize: 1, activation: 'relu'}).apply(mixed) as SymbolicTensor;
}
