/**
 * Gradients of dilated convolutions, where tfjs throws. Its gradient kernels know no dilation, so they are made
 * of forward ones: an input gradient is a convolution of `dy` with the turned filter, as dilated; a filter
 * gradient is one of the input with `dy` for a filter, batch and channels swapped, in steps of the dilation.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {GradConfig, Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import {gradientConfig, runKernel} from '../../tfjsInternals';
import type {ConvAttrs} from '../geometry';

/** The gradient of `Conv2D`. */
export const convGradient: GradConfig = gradientConfig<ConvAttrs>({
  kernelName: tf.Conv2D,
  inputsToSave: ['x', 'filter'],
  gradient: (dy, [x, filter], attrs) => {
    const {strides, pad, dilations, dataFormat, dimRoundingMode} = attrs;
    if (dataFormat !== 'NCHW' && !isOne(dilations))
      return dilatedConv(dy as Tensor4D, x as Tensor4D, filter as Tensor4D, attrs);
    const common = {strides, pad, dataFormat, dimRoundingMode};
    return {
      x: () => runKernel(tf.Conv2DBackpropInput, {dy, filter: filter!}, {...common, inputShape: x!.shape}),
      filter: () => runKernel(tf.Conv2DBackpropFilter, {x: x!, dy}, {...common, filterShape: filter!.shape}),
    };
  },
});

/** What the kernels of our own that apply bias and activation are called with. */
export interface FusedConvAttrs extends ConvAttrs {
  activation: 'linear' | 'relu' | 'relu6';
}

/** The gradient of `GlassboxConv2D`: each part by itself, through the activation by what that came to. */
export const fusedConvGradient: GradConfig = gradientConfig<FusedConvAttrs>({
  kernelName: 'GlassboxConv2D',
  inputsToSave: ['x', 'filter'],
  outputsToSave: [true],
  gradient: (dy, [x, filter, y], attrs) => fusedGradients(dy, x!, filter!, {y: y!}, attrs),
});

/** The gradient of `GlassboxBiasedConv2D`, which has no activation and need not keep its output. */
export const biasedConvGradient: GradConfig = gradientConfig<FusedConvAttrs>({
  kernelName: 'GlassboxBiasedConv2D',
  inputsToSave: ['x', 'filter'],
  gradient: (dy, [x, filter], attrs) => fusedGradients(dy, x!, filter!, {}, attrs),
});

function fusedGradients(
  dy: Tensor,
  x: Tensor,
  filter: Tensor,
  output: {y?: Tensor},
  attrs: FusedConvAttrs,
): Record<string, () => Tensor> {
  return {
    x: () =>
      runKernel('GlassboxConv2DInputGradient', {dy, filter, ...output}, {...attrs, inputShape: x.shape}),
    filter: () =>
      runKernel('GlassboxConv2DFilterGradient', {x, dy, ...output}, {...attrs, filterShape: filter.shape}),
    bias: () => runKernel('GlassboxConv2DBiasGradient', {dy, ...output}, {activation: attrs.activation}),
  };
}

/** The gradient of `DepthwiseConv2dNative`. */
export const depthwiseGradient: GradConfig = gradientConfig<ConvAttrs>({
  kernelName: tf.DepthwiseConv2dNative,
  inputsToSave: ['x', 'filter'],
  gradient: (dy, [x, filter], attrs) => {
    const {strides, pad, dilations, dimRoundingMode} = attrs;
    if (!isOne(dilations)) return dilatedDepthwise(dy as Tensor4D, x as Tensor4D, filter as Tensor4D, attrs);
    const common = {strides, pad, dilations: dilations ?? [1, 1], dimRoundingMode};
    return {
      x: () =>
        runKernel(
          tf.DepthwiseConv2dNativeBackpropInput,
          {dy, filter: filter!},
          {...common, inputShape: x!.shape},
        ),
      filter: () =>
        runKernel(
          tf.DepthwiseConv2dNativeBackpropFilter,
          {x: x!, dy},
          {...common, filterShape: filter!.shape},
        ),
    };
  },
});

/** The layers pass null for no dilation. */
function isOne(dilations: ConvAttrs['dilations']): boolean {
  return tf.backend_util.tupleValuesAreOne(dilations ?? 1);
}

/** Along one axis: how far the last tap reaches beyond the first, the padding in front, and the sizes. */
interface Axis {
  reach: number;
  before: number;
  input: number;
  output: number;
}

interface Dilated {
  axes: [Axis, Axis];
  steps: [number, number];
}

function geometry(x: Tensor4D, filter: Tensor4D, attrs: ConvAttrs, depthwise: boolean): Dilated {
  const {strides, pad, dilations, dimRoundingMode} = attrs;
  const info = tf.backend_util.computeConv2DInfo(
    x.shape,
    filter.shape,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
  const {dilationHeight, dilationWidth, filterHeight, filterWidth, padInfo} = info;
  return {
    steps: [dilationHeight, dilationWidth],
    axes: [
      {
        reach: (filterHeight - 1) * dilationHeight,
        before: padInfo.top,
        input: info.inHeight,
        output: info.outHeight,
      },
      {
        reach: (filterWidth - 1) * dilationWidth,
        before: padInfo.left,
        input: info.inWidth,
        output: info.outWidth,
      },
    ],
  };
}

function dilatedConv(
  dy: Tensor4D,
  x: Tensor4D,
  filter: Tensor4D,
  attrs: ConvAttrs,
): Record<string, () => Tensor> {
  const {axes, steps} = geometry(x, filter, attrs, false);
  return {
    x: () => {
      const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
      return tf.conv2d(frameOutput(dy, axes), turned, 1, 'valid', 'NHWC', steps);
    },
    filter: () => {
      const planes = tf.transpose(frameInput(x, axes), [3, 1, 2, 0]);
      const taps = tf.conv2d(planes, tf.transpose(dy, [1, 2, 0, 3]), steps, 'valid');
      return tf.transpose(taps, [1, 2, 0, 3]);
    },
  };
}

function dilatedDepthwise(
  dy: Tensor4D,
  x: Tensor4D,
  filter: Tensor4D,
  attrs: ConvAttrs,
): Record<string, () => Tensor> {
  const {axes, steps} = geometry(x, filter, attrs, true);
  const [rows, columns, channels, times] = filter.shape;
  const [batch, height, width] = dy.shape;
  return {
    x: () => {
      const turned: Tensor4D = tf.reshape(tf.reverse(filter, [0, 1]), [rows, columns, channels * times, 1]);
      const shares = tf.depthwiseConv2d(frameOutput(dy, axes), turned, 1, 'valid', 'NHWC', steps);
      return tf.reshape(tf.sum(tf.reshape(shares, [x.size, times]), 1), x.shape);
    },
    filter: () => {
      const input = frameInput(x, axes);
      const positions = batch * height * width;
      const gradient = tf.reshape(dy, [positions, channels, times]);
      const taps: Tensor[] = [];
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const seen = tf.slice(input, [0, i * steps[0], j * steps[1], 0], [batch, height, width, channels]);
          taps.push(tf.sum(tf.mul(tf.reshape(seen, [positions, channels, 1]), gradient), 0));
        }
      }
      return tf.reshape(tf.stack(taps), filter.shape);
    },
  };
}

/** `dy` with as many zeros around it that each input position is reached by all its taps. */
function frameOutput(dy: Tensor4D, axes: [Axis, Axis]): Tensor4D {
  return frame(
    dy,
    axes.flatMap(({reach, before, input, output}) => [reach - before, input - output + before]),
  );
}

/** The input with the padding that the convolution saw, and no row or column that it did not see. */
function frameInput(x: Tensor4D, axes: [Axis, Axis]): Tensor4D {
  return frame(
    x,
    axes.flatMap(({reach, before, input, output}) => [before, output + reach - input - before]),
  );
}

/** Zeros added to images at the top, bottom, left and right, or cut off where the number is negative. */
function frame(x: Tensor4D, margins: number[]): Tensor4D {
  const [top, bottom, left, right] = margins.map(margin => Math.max(0, margin)) as Margins;
  const [cutTop, cutBottom, cutLeft, cutRight] = margins.map(margin => Math.max(0, -margin)) as Margins;
  const padded = tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  const [batch, height, width, channels] = padded.shape;
  const size = [batch, height - cutTop - cutBottom, width - cutLeft - cutRight, channels] as const;
  return tf.slice(padded, [0, cutTop, cutLeft, 0], [...size]);
}

type Margins = [top: number, bottom: number, left: number, right: number];
