/** A convolution in float64, written out as its definition, and geometries to try convolutions with. */
import type {Random} from '../../../src/core';
import {at, forEachTap, outputSize} from './reference';
import type {Padding, Values, Window} from './reference';

/** A convolution of images `x` [batch, height, width, channels] to `out` channels. */
export interface ConvCase extends Window {
  x: number[];
  out: number;
}

/** The convolution itself, with an optional bias. */
export function convolution(
  x: Values,
  xShape: number[],
  w: Values,
  wShape: number[],
  window: Window,
  bias?: Values,
): Float64Array {
  const [height, width] = outputSize(xShape, window);
  const [, , ins, outs] = wShape as [number, number, number, number];
  const yShape = [xShape[0]!, height, width, outs];
  const y = Float64Array.from(
    {length: yShape.reduce((a, b) => a * b, 1)},
    (_, i) => (bias as number[] | undefined)?.[i % outs] ?? 0,
  );
  forEachTap(xShape, window, (b, oy, ox, i, j, yy, xx) => {
    for (let c = 0; c < ins; c++)
      for (let o = 0; o < outs; o++)
        y[at(yShape, b, oy, ox, o)]! += x[at(xShape, b, yy, xx, c)]! * w[at(wShape, i, j, c, o)]!;
  });
  return y;
}

/** Padding as the kernels take it. */
export const fullPadding = (pad: Padding): unknown => (Array.isArray(pad) ? [[0, 0], ...pad, [0, 0]] : pad);

/** A random geometry with up to `channels` channels, strided or, if it may be, dilated. */
export function randomConv(random: Random, channels: number, mayDilate: boolean): ConvCase {
  const between = (low: number, high: number): number => low + random.integer(high - low + 1);
  const size: [number, number] = [between(1, 4), between(1, 4)];
  const isDilated = mayDilate && random.uniform() < 0.5;
  const dilations: [number, number] = isDilated ? [between(1, 3), between(1, 3)] : [1, 1];
  // A single number for all sides is tried with square windows elsewhere: tfjs gets the others' widths wrong.
  const pads: Padding[] = [
    'same',
    'valid',
    [
      [between(0, 3), between(0, 3)],
      [between(0, 3), between(0, 3)],
    ],
  ];
  const extent = (axis: 0 | 1): number => (size[axis] - 1) * dilations[axis] + 1;
  return {
    x: [between(1, 3), between(extent(0), 11), between(extent(1), 11), between(1, channels)],
    out: between(1, channels),
    size,
    strides: isDilated ? [1, 1] : [between(1, 3), between(1, 3)],
    dilations,
    pad: pads[random.integer(pads.length)]!,
  };
}
