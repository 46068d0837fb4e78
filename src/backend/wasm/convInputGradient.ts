import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {convGeometry} from './geometry';
import type {ConvAttrs} from './geometry';
import {inputGradient} from './inputGradient';
import {floats, stockKernel, wasmKernel} from './tfjsInternals';
import type {Scratch} from './tfjsInternals';

/** `Conv2DBackpropInput`, on the forward kernel; tfjs's own runs at a tenth of its rate. */
export function conv2dBackpropInput(): KernelConfig {
  const conv = stockKernel(tf.Conv2D);
  const slice = stockKernel(tf.Slice);
  return wasmKernel<Record<'dy' | 'filter', TensorInfo>, ConvAttrs & {inputShape: number[]}>(
    tf.Conv2DBackpropInput,
    ({inputs: {dy, filter}, attrs, scratch}) =>
      inputGradient(scratch, convGeometry(attrs.inputShape, filter.shape, attrs), dy, {
        conv,
        slice,
        turnFilter: (rows, columns) => turnedFilter(scratch, filter, rows, columns),
        channels: filter.shape[2]!,
      }),
  );
}

/** The given taps of a filter [h, w, in, out], as [rows, columns, out, in]. */
function turnedFilter(scratch: Scratch, filter: TensorInfo, rows: number[], columns: number[]): TensorInfo {
  const [, width, ins, outs] = filter.shape as [number, number, number, number];
  const turned = scratch.make([rows.length, columns.length, outs, ins]);
  const from = floats(scratch.backend, filter);
  const to = floats(scratch.backend, turned);
  let target = 0;
  for (const i of rows) {
    for (const j of columns) {
      const source = (i * width + j) * ins * outs;
      for (let o = 0; o < outs; o++) {
        for (let c = 0; c < ins; c++) to[target++] = from[source + c * outs + o]!;
      }
    }
  }
  return turned;
}
