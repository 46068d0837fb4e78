import * as tf from '@tensorflow/tfjs-core';
import type {GradConfig, Tensor4D} from '@tensorflow/tfjs-core';

interface Attrs {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dilations: [number, number] | number;
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * The gradient of `Conv2D`, also with a dilation, where tfjs throws. tfjs's gradient kernels know no dilation, so
 * it is made of convolutions: an input gradient is one of `dy` with the turned filter, as dilated; a filter
 * gradient is one of the input with `dy` for a filter, batch and channels swapped, in steps of the dilation.
 */
export const convGradient: GradConfig = {
  kernelName: tf.Conv2D,
  inputsToSave: ['x', 'filter'],
  gradFunc: (dyOrList, saved, namedAttrs) => {
    const dy = dyOrList as Tensor4D;
    const [x, filter] = saved as [Tensor4D, Tensor4D];
    const attrs = namedAttrs as unknown as Attrs;
    const {strides, pad, dilations, dataFormat} = attrs;
    if (dataFormat === 'NHWC' && !tf.backend_util.tupleValuesAreOne(dilations))
      return dilated(dy, x, filter, attrs);
    const engine = tf.engine();
    const {dimRoundingMode} = attrs;
    const common = {strides, pad, dataFormat, dimRoundingMode};
    return {
      x: () =>
        engine.runKernel(tf.Conv2DBackpropInput, {dy, filter}, {
          ...common,
          inputShape: x.shape,
        } as tf.NamedAttrMap) as Tensor4D,
      filter: () =>
        engine.runKernel(tf.Conv2DBackpropFilter, {x, dy}, {
          ...common,
          filterShape: filter.shape,
        } as tf.NamedAttrMap) as Tensor4D,
    };
  },
};

function dilated(
  dy: Tensor4D,
  x: Tensor4D,
  filter: Tensor4D,
  {strides, pad, dilations, dimRoundingMode}: Attrs,
) {
  const info = tf.backend_util.computeConv2DInfo(
    x.shape,
    filter.shape,
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
  const {padInfo} = info;
  const rows = {
    reach: (info.filterHeight - 1) * info.dilationHeight,
    before: padInfo.top,
    input: info.inHeight,
    output: info.outHeight,
  };
  const columns = {
    reach: (info.filterWidth - 1) * info.dilationWidth,
    before: padInfo.left,
    input: info.inWidth,
    output: info.outWidth,
  };
  const steps: [number, number] = [info.dilationHeight, info.dilationWidth];
  return {
    x: () => {
      const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
      const margins = [rows, columns].map(({reach, before, input, output}) => [
        reach - before,
        input - output + before,
      ]);
      return tf.conv2d(frame(dy, margins), turned, 1, 'valid', 'NHWC', steps);
    },
    filter: () => {
      const margins = [rows, columns].map(({reach, before, input, output}) => [
        before,
        output + reach - input - before,
      ]);
      const planes = tf.transpose(frame(x, margins), [3, 1, 2, 0]);
      const taps = tf.conv2d(planes, tf.transpose(dy, [1, 2, 0, 3]), steps, 'valid');
      return tf.transpose(taps, [1, 2, 0, 3]);
    },
  };
}

/** Zeros around images, or what is too much of them cut off, by the number before and after along each axis. */
function frame(x: Tensor4D, margins: number[][]): Tensor4D {
  const [top, bottom, left, right] = margins.flat() as [number, number, number, number];
  const out = (margin: number): number => Math.max(0, margin);
  const padded = tf.pad(x, [
    [0, 0],
    [out(top), out(bottom)],
    [out(left), out(right)],
    [0, 0],
  ]);
  const [batch, height, width, channels] = padded.shape;
  const [cutTop, cutBottom, cutLeft, cutRight] = [top, bottom, left, right].map(margin => out(-margin)) as [
    number,
    number,
    number,
    number,
  ];
  return tf.slice(
    padded,
    [0, cutTop, cutLeft, 0],
    [batch, height - cutTop - cutBottom, width - cutLeft - cutRight, channels],
  );
}
