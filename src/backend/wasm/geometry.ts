/** Sizes, strides and paddings of a 2-D convolution or pooling, as tfjs's own kernels work them out. */
import * as tf from '@tensorflow/tfjs-core';

/** What decides where a window lies. `pad` is the number of zeros in front of the first row or column. */
export interface Axis {
  input: number;
  output: number;
  taps: number;
  stride: number;
  dilation: number;
  pad: number;
}

/** A 2-D convolution over images with the channels last. */
export interface Geometry {
  batch: number;
  inChannels: number;
  outChannels: number;
  height: Axis;
  width: Axis;
}

/** What all convolution kernels of tfjs have among their attributes. */
export interface ConvAttrs {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dilations?: [number, number] | number | null;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat?: 'NHWC' | 'NCHW';
}

type Shape4D = [number, number, number, number];

/** The geometry of the convolution whose gradient is asked for. */
export function convGeometry(
  inputShape: number[],
  filterShape: number[],
  {strides, pad, dilations, dimRoundingMode, dataFormat = 'NHWC'}: ConvAttrs,
  depthwise = false,
): Geometry {
  if (dataFormat !== 'NHWC') {
    throw new Error(
      `Convolution gradients on WASM need dataFormat 'NHWC', got '${dataFormat}'. Transpose the images.`,
    );
  }
  return fromConvInfo(
    tf.backend_util.computeConv2DInfo(
      inputShape as Shape4D,
      filterShape as Shape4D,
      strides,
      dilations ?? 1,
      pad,
      dimRoundingMode,
      depthwise,
    ),
  );
}

/** Whether the images have their channels last; the other form is left to who knows it. */
export function isChannelsLast({dataFormat = 'NHWC'}: ConvAttrs): boolean {
  return dataFormat === 'NHWC';
}

/** Whether there is nothing to compute, or nothing to compute it from. */
export function isEmpty({batch, inChannels, outChannels, height, width}: Geometry): boolean {
  const axes = [height, width].flatMap(({input, output, taps}) => [input, output, taps]);
  return [batch, inChannels, outChannels, ...axes].some(size => !(size > 0));
}

/** tfjs's description of a convolution or a pooling, as one record an axis. */
export function fromConvInfo(info: tf.backend_util.Conv2DInfo): Geometry {
  return {
    batch: info.batchSize,
    inChannels: info.inChannels,
    outChannels: info.outChannels,
    height: {
      input: info.inHeight,
      output: info.outHeight,
      taps: info.filterHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      pad: info.padInfo.top,
    },
    width: {
      input: info.inWidth,
      output: info.outWidth,
      taps: info.filterWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      pad: info.padInfo.left,
    },
  };
}
