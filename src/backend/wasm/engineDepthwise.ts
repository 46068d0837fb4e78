/** Depthwise convolution and its gradients on the engine. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {activationCode, chunksFor, engineKernel, isFloat} from './engine';
import type {Engine} from './engine';
import {isBiasOf} from './engineBias';
import {tapsOfInput, tapsOfOutput} from './engineTaps';
import type {TapTable} from './engineTaps';
import {convGeometry, isEmpty} from './geometry';
import type {ConvAttrs} from './geometry';

type Inputs = Record<'x' | 'filter', TensorInfo>;
type Make = (shape: readonly number[]) => TensorInfo;

/** `DepthwiseConv2dNative` of float32. */
export const engineDepthwise = engineKernel<Inputs, ConvAttrs>(
  tf.DepthwiseConv2dNative,
  ({inputs: {x, filter}, attrs, engine, make}) => convolve(engine, make, x, filter, attrs),
);

/** `FusedDepthwiseConv2D` with a bias of its channels, and relu or relu6. */
export const engineFusedDepthwise = engineKernel<
  Inputs & {bias?: TensorInfo},
  ConvAttrs & {activation?: string}
>(tf.FusedDepthwiseConv2D, ({inputs: {x, filter, bias}, attrs, engine, make}) => {
  const activation = activationCode(attrs.activation);
  const outChannels = filter.shape[2]! * filter.shape[3]!;
  if (activation === undefined) return undefined;
  if (bias != null && !isBiasOf(bias, outChannels)) return undefined;
  return convolve(engine, make, x, filter, attrs, bias, activation);
});

function convolve(
  engine: Engine,
  make: Make,
  x: TensorInfo,
  filter: TensorInfo,
  attrs: ConvAttrs,
  bias?: TensorInfo,
  activation = 0,
): TensorInfo | undefined {
  if (!isFloat(x) || !isFloat(filter) || (attrs.dataFormat ?? 'NHWC') !== 'NHWC') return undefined;
  const geometry = convGeometry(x.shape, filter.shape, attrs, true);
  const {batch, height, width, outChannels} = geometry;
  if (isEmpty(geometry)) return undefined;
  const wide = repeatChannels(engine, make, x, filter.shape[3]!);
  const out = make([batch, height.output, width.output, outChannels]);
  correlate(engine, {
    source: engine.address(wide),
    filter: engine.address(filter),
    out: engine.address(out),
    bias: bias == null ? 0 : engine.address(bias),
    activation,
    batch,
    channels: outChannels,
    sourceSize: [height.input, width.input],
    size: [height.output, width.output],
    taps: [tapsOfInput(height), tapsOfInput(width)],
    filterSize: [height.taps, width.taps],
  });
  return out;
}

/** `DepthwiseConv2dNativeBackpropInput` of float32. */
export const engineDepthwiseInputGradient = engineKernel<
  Record<'dy' | 'filter', TensorInfo>,
  ConvAttrs & {inputShape: number[]}
>(tf.DepthwiseConv2dNativeBackpropInput, ({inputs: {dy, filter}, attrs, engine, make}) => {
  if (!isFloat(dy) || !isFloat(filter) || (attrs.dataFormat ?? 'NHWC') !== 'NHWC') return undefined;
  const geometry = convGeometry(attrs.inputShape, filter.shape, attrs, true);
  const {batch, height, width, inChannels, outChannels} = geometry;
  if (isEmpty(geometry)) return undefined;
  const wide = make([batch, height.input, width.input, outChannels]);
  correlate(engine, {
    source: engine.address(dy),
    filter: engine.address(filter),
    out: engine.address(wide),
    bias: 0,
    activation: 0,
    batch,
    channels: outChannels,
    sourceSize: [height.output, width.output],
    size: [height.input, width.input],
    taps: [tapsOfOutput(height), tapsOfOutput(width)],
    filterSize: [height.taps, width.taps],
  });
  if (inChannels === outChannels) return wide;
  // A channel of the input goes into several of the output: its gradient is the sum of theirs.
  const dx = make(attrs.inputShape);
  const times = outChannels / inChannels;
  const numbers = tf.util.sizeFromShape(attrs.inputShape);
  const chunks = chunksFor(numbers, times);
  engine.run('sumRepeated', [engine.address(wide), engine.address(dx), numbers, times, chunks], {chunks});
  return dx;
});

/** `DepthwiseConv2dNativeBackpropFilter` of float32. */
export const engineDepthwiseFilterGradient = engineKernel<
  Record<'x' | 'dy', TensorInfo>,
  ConvAttrs & {filterShape: number[]}
>(tf.DepthwiseConv2dNativeBackpropFilter, ({inputs: {x, dy}, attrs, engine, make}) => {
  if (!isFloat(x) || !isFloat(dy) || (attrs.dataFormat ?? 'NHWC') !== 'NHWC') return undefined;
  const geometry = convGeometry(x.shape, attrs.filterShape, attrs, true);
  const {batch, height, width, outChannels} = geometry;
  if (isEmpty(geometry)) return undefined;
  const wide = repeatChannels(engine, make, x, attrs.filterShape[3]!);
  const out = make(attrs.filterShape);
  const length = height.taps * width.taps * outChannels;
  const chunks = chunksFor(batch, height.output * width.output * length);
  const sums = engine.workspace(4 * chunks * length);
  const axes = [height, width].flatMap(axis => [
    ...[axis.input, axis.output, axis.taps],
    ...[axis.stride, axis.dilation, axis.pad],
  ]);
  engine.run(
    'depthwiseFilter',
    [engine.address(wide), engine.address(dy), sums, batch, outChannels, ...axes, chunks],
    {chunks},
  );
  engine.run('addParts', [sums, engine.address(out), chunks, length]);
  return out;
});

/** `x` with each channel `times` times in a row, as the taps of a filter [h, w, channels, times] lie. */
function repeatChannels(engine: Engine, make: Make, x: TensorInfo, times: number): TensorInfo {
  if (times === 1) return x;
  const [channels, ...outer] = [...x.shape].reverse() as [number, ...number[]];
  const wide = make([...outer.reverse(), channels * times]);
  const numbers = tf.util.sizeFromShape(x.shape);
  const chunks = chunksFor(numbers, times);
  engine.run('repeat', [engine.address(x), engine.address(wide), numbers, 1, times, chunks], {chunks});
  return wide;
}

/** What kernel `depthwise` computes. */
interface Correlation {
  source: number;
  filter: number;
  out: number;
  bias: number;
  activation: number;
  batch: number;
  channels: number;
  /** Rows and columns; so is every pair here. */
  sourceSize: readonly [number, number];
  size: readonly [number, number];
  taps: readonly [TapTable, TapTable];
  filterSize: readonly [number, number];
}

function correlate(engine: Engine, call: Correlation): void {
  const {source, filter, out, bias, activation, batch, channels, sourceSize, size, taps, filterSize} = call;
  const [rowTaps, columnTaps] = taps;
  const chunks = chunksFor(batch * size[0], size[1] * channels * filterSize[0] * filterSize[1]);
  const args = [source, filter, out, bias, activation, batch, channels, ...sourceSize, ...size];
  args.push(filterSize[1], chunks, args.length + 4, args.length + 4 + rowTaps.length);
  const [phases, , most] = columnTaps as [number, number, number];
  engine.run('depthwise', [...args, ...rowTaps, ...columnTaps], {
    chunks,
    scratch: 8 * (rowTaps[2]! + phases * most),
  });
}
