/**
 * tfjs's WASM convolutions hand 'same' padding to XNNPACK, which refuses it where the stride exceeds the
 * filter along an axis; tfjs then returns its output unwritten. Padding in numbers is accepted.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {NamedAttrMap, TensorInfo} from '@tensorflow/tfjs-core';
import {attrsAs} from '../tfjsInternals';
import type {Repair} from './types';

interface ConvAttributes {
  readonly strides: [number, number];
  /** The layers pass null for no dilation. */
  readonly dilations: [number, number] | null;
  readonly pad: unknown;
}

export const samePadding: Repair = {
  id: 'wasm/same-padding',
  description:
    "tfjs leaves the output of conv2d and depthwiseConv2d unwritten on WASM for 'same' padding with a stride larger than the filter; it is computed now.",
  backends: ['wasm'],
  kernels: (_, {current}) =>
    [tf.Conv2D, tf.FusedConv2D, tf.DepthwiseConv2dNative, tf.FusedDepthwiseConv2D].map(kernelName => {
      const kernel = current(kernelName)!;
      const isDepthwise = kernelName.includes('Depthwise');
      return {
        ...kernel,
        kernelFunc: call => {
          const {x, filter} = call.inputs as {x: TensorInfo; filter: TensorInfo};
          const attrs = padInNumbers(x.shape, filter.shape, call.attrs, isDepthwise);
          return kernel.kernelFunc({...call, attrs});
        },
      };
    }),
};

function padInNumbers(
  x: number[],
  filter: number[],
  attrs: NamedAttrMap | undefined,
  isDepthwise: boolean,
): NamedAttrMap | undefined {
  const {strides, dilations, pad} = attrsAs<ConvAttributes>(attrs);
  if (pad !== 'same') return attrs;
  const info = tf.backend_util.computeConv2DInfo(
    x as [number, number, number, number],
    filter as [number, number, number, number],
    strides,
    dilations ?? 1,
    'same',
    undefined,
    isDepthwise,
  );
  if (info.strideHeight <= info.filterHeight && info.strideWidth <= info.filterWidth) return attrs;
  const {top, bottom, left, right} = info.padInfo;
  const inNumbers = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  return {...attrs, pad: inNumbers};
}
