/**
 * Windows that fit nowhere in an image. tfjs computes on with what is left: on WASM, pooling goes beyond its memory or
 * never ends, and a convolution gives a shape with negative sizes and arbitrary numbers.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, NamedAttrMap, TensorInfo} from '@tensorflow/tfjs-core';
import {ShapeError} from '../../core';
import {attrsAs, filledOn} from '../tfjsInternals';
import {everyJavaScriptBackend, type Repair, type RepairContext} from './types';

interface WindowAttributes {
  /** Of poolings; a convolution has a filter. */
  readonly filterSize?: [number, number] | number;
  readonly strides: [number, number] | number;
  /** The layers pass null for no dilation. */
  readonly dilations?: [number, number] | number | null;
  readonly pad: number | 'valid' | 'same';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

const poolings = [tf.MaxPool, tf.AvgPool];
const convolutions = [tf.Conv2D, tf.FusedConv2D, tf.DepthwiseConv2dNative, tf.FusedDepthwiseConv2D];

const gradients = [
  ...[tf.Conv2DBackpropInput, tf.Conv2DBackpropFilter],
  ...[tf.DepthwiseConv2dNativeBackpropInput, tf.DepthwiseConv2dNativeBackpropFilter],
];

export const windows: Repair = {
  id: 'windows-larger-than-images',
  description:
    'tfjs goes beyond its memory or gives arbitrary numbers for poolings and convolutions whose windows are larger than the image, on WASM above all; now these are errors, or empty where the image ends one short of the first window.',
  backends: everyJavaScriptBackend,
  kernels: (backend, context) => [
    ...[...poolings, ...convolutions].map(name => checked(context, name, backend)),
    ...(backend === 'wasm' ? gradients.map(name => ofNothing(context, name)) : []),
  ],
};

function checked({current}: RepairContext, kernelName: string, backend: string): KernelConfig {
  const kernel = current(kernelName)!;
  return {
    ...kernel,
    kernelFunc: call => {
      const {x, filter} = call.inputs as {x: TensorInfo; filter?: TensorInfo};
      const {outShape, filterHeight, filterWidth} = infoOf(kernelName, x, filter, call.attrs);
      if (outShape.some(size => size < 0)) {
        throw new ShapeError(
          `${kernelName} has windows of ${filterHeight} × ${filterWidth}, and images of ${x.shape[1]} × ${x.shape[2]} with nothing around them.`,
          {hint: "Take smaller windows, larger images, or padding: 'same'.", code: 'shape/window'},
        );
      }
      if (backend === 'wasm' && outShape.includes(0))
        return filledOn(call.backend, backend, outShape, x.dtype, 0);
      return kernel.kernelFunc(call);
    },
  };
}

/** The gradient of a convolution without results is zero. */
function ofNothing({current}: RepairContext, kernelName: string): KernelConfig {
  const kernel = current(kernelName)!;
  return {
    ...kernel,
    kernelFunc: call => {
      const dy = call.inputs['dy'] as TensorInfo;
      if (!dy.shape.includes(0)) return kernel.kernelFunc(call);
      const {inputShape, filterShape} = attrsAs<{inputShape?: number[]; filterShape?: number[]}>(call.attrs);
      const shape = kernelName.endsWith('Filter') ? filterShape : inputShape;
      return filledOn(call.backend, 'wasm', shape!, 'float32', 0);
    },
  };
}

type Shape4D = [number, number, number, number];

function infoOf(
  kernelName: string,
  x: TensorInfo,
  filter: TensorInfo | undefined,
  attrs: NamedAttrMap | undefined,
): tf.backend_util.Conv2DInfo {
  const {filterSize, strides, dilations, pad, dimRoundingMode} = attrsAs<WindowAttributes>(attrs);
  const shape = x.shape as Shape4D;
  if (filter === undefined)
    return tf.backend_util.computePool2DInfo(
      shape,
      filterSize!,
      strides,
      dilations ?? 1,
      pad,
      dimRoundingMode,
    );
  return tf.backend_util.computeConv2DInfo(
    shape,
    filter.shape as Shape4D,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    kernelName.includes('Depthwise'),
  );
}
