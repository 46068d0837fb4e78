/** Convolutions and their input gradients on the engine: runs the plans of convPlan.ts. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {activationCode} from './convActivation';
import {forwardPlan, inputGradientPlan} from './convPlan';
import type {ConvPhase, ConvPlan} from './convPlan';
import {chunksFor, engineKernel, isFloat} from './engine';
import type {Engine, EngineKernel} from './engine';
import {conv2DBackpropFilter} from './engineConvFilterGradient';
import {multiply} from './engineMatMul';
import {convGeometry, isChannelsLast, isEmpty} from './geometry';
import type {ConvAttrs, Geometry} from './geometry';

/** Columns of a packed panel; as in kernels/tile.ts. */
const PANEL = 16;
/** Pixels that a band of rows has about: a panel of the filter is read once for each of them. */
const BAND_PIXELS = 384;
/** Bytes of scratch before the segments; as in kernels/conv.ts. */
const SPILL = 64;

interface Inputs {
  x: TensorInfo;
  filter: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}

interface FusedAttrs extends ConvAttrs {
  activation?: string;
}

/** `Conv2D` of float32. */
const conv2D = engineKernel<Inputs, FusedAttrs>(tf.Conv2D, forward);
/** `FusedConv2D` of float32, with the activations that the kernel has. */
const fusedConv2D = engineKernel<Inputs, FusedAttrs>(tf.FusedConv2D, forward);

function forward({inputs, attrs, engine, make}: ForwardCall): TensorInfo | undefined {
  const {x, filter, bias, preluActivationWeights} = inputs;
  const activation = activationCode(attrs.activation);
  const floats = bias ? [x, filter, bias] : [x, filter];
  if (!isChannelsLast(attrs) || preluActivationWeights || activation === undefined || !floats.every(isFloat))
    return undefined;
  const geometry = convGeometry(x.shape, filter.shape, attrs);
  if (bias && !tf.util.arraysEqual(bias.shape, [geometry.outChannels])) return undefined;
  if (isEmpty(geometry)) return undefined;
  const {batch, inChannels, outChannels, height, width} = geometry;
  const out = make([batch, height.output, width.output, outChannels]);
  const target = {
    out: engine.address(out),
    bias: bias ? engine.address(bias) : 0,
    activation,
  };
  if (isProduct(geometry)) {
    multiply(engine, {
      ...product(geometry),
      a: engine.address(x),
      b: engine.address(filter),
      c: target.out,
      depth: inChannels,
      columns: outChannels,
      turnedB: false,
      bias: target.bias,
      activation,
    });
    return out;
  }
  const plan = forwardPlan(geometry);
  const depth = height.taps * width.taps * inChannels;
  const panels = Math.ceil(outChannels / PANEL);
  const packed = engine.workspace(4 * panels * PANEL * depth);
  const chunks = chunksFor(panels, PANEL * depth);
  engine.run('packColumns', [engine.address(filter), packed, 1, depth, outChannels, 0, chunks], {chunks});
  convolve(engine, plan, {source: engine.address(x), packed, filterStarts: [0], ...target});
  return out;
}

type ForwardCall = Parameters<Parameters<typeof engineKernel<Inputs, FusedAttrs>>[1]>[0];

interface GradientInputs {
  dy: TensorInfo;
  filter: TensorInfo;
  /** What the convolution came to after its activation, to take the gradient through that as well. */
  y?: TensorInfo;
}

interface GradientAttrs extends FusedAttrs {
  inputShape: number[];
}

/** `Conv2DBackpropInput` of float32. */
const conv2DBackpropInput = engineKernel<GradientInputs, GradientAttrs>(
  tf.Conv2DBackpropInput,
  ({inputs: {dy, filter, y}, attrs, engine, make}) => {
    const activation = activationCode(attrs.activation);
    if (!isChannelsLast(attrs) || activation === undefined || !isFloat(dy) || !isFloat(filter))
      return undefined;
    const geometry = convGeometry(attrs.inputShape, filter.shape, attrs);
    if (isEmpty(geometry)) return undefined;
    const {inChannels, outChannels} = geometry;
    const out = make(attrs.inputShape);
    const mask = y !== undefined && activation !== 0 ? engine.address(y) : 0;
    if (isProduct(geometry) && mask === 0) {
      multiply(engine, {
        ...product(geometry),
        a: engine.address(dy),
        b: engine.address(filter),
        c: engine.address(out),
        depth: outChannels,
        columns: inChannels,
        turnedB: true,
      });
      return out;
    }
    const plan = inputGradientPlan(geometry);
    const {packed, filterStarts} = packTurned(engine, plan, engine.address(filter));
    convolve(engine, plan, {
      source: engine.address(dy),
      packed,
      filterStarts,
      out: engine.address(out),
      mask,
      maskActivation: activation,
    });
    return out;
  },
);

/** What computes convolutions on the engine. */
export const convKernels: readonly EngineKernel[] = [
  conv2D,
  fusedConv2D,
  conv2DBackpropInput,
  conv2DBackpropFilter,
];

/** The filter for the way back, in the workspace: where it lies, and where each phase's part of it begins. */
function packTurned(
  engine: Engine,
  {channels, outChannels, phases}: ConvPlan,
  filter: number,
): {packed: number; filterStarts: number[]} {
  const panels = Math.ceil(outChannels / PANEL);
  const filterStarts: number[] = [];
  let bytes = 0;
  for (const {taps} of phases) {
    filterStarts.push(bytes);
    bytes += 4 * panels * PANEL * taps.length * channels;
  }
  const packed = engine.workspace(bytes);
  const chunks = chunksFor(panels, bytes / 4 / panels);
  const args = [filter, packed, outChannels, channels, chunks, phases.length];
  phases.forEach(({taps}, i) => args.push(filterStarts[i]!, taps.length, ...taps));
  engine.run('packTurnedTaps', args, {chunks});
  return {packed, filterStarts};
}

/** Addresses of what takes part in a convolution, and what is done on the way. */
interface Operands {
  source: number;
  /** The output of the activation through which the source, a gradient, is taken first; 0 for none. */
  mask?: number;
  maskActivation?: number;
  packed: number;
  /** Where in it each phase's panels begin. */
  filterStarts: readonly number[];
  out: number;
  bias?: number;
  activation?: number;
}

function convolve(engine: Engine, plan: ConvPlan, operands: Operands): void {
  const {batch, channels, outChannels, height, width, phases} = plan;
  const {
    source,
    mask = 0,
    maskActivation = 0,
    packed,
    filterStarts,
    out,
    bias = 0,
    activation = 0,
  } = operands;
  const isDirect = plan.isUnpadded && mask === 0;
  const bandCount = Math.max(1, Math.round((height.count * width.count) / BAND_PIXELS));
  const rowsPerBand = Math.ceil(height.count / bandCount);
  const isWhole = rowsPerBand >= height.count;
  const imagesPerBand = isWhole
    ? Math.min(batch, Math.max(1, Math.round(BAND_PIXELS / (height.count * width.count))))
    : 1;
  const bands = Math.ceil(height.count / rowsPerBand) * Math.ceil(batch / imagesPerBand);
  const bufferRows = (rowsPerBand - 1) * height.step + height.extent;
  const bufferWidth = (width.count - 1) * width.step + width.extent;
  const rowBytes = 4 * channels * (isDirect ? width.input : bufferWidth);
  const perPixel = phases.reduce((sum, {taps}) => sum + taps.length, 0) * channels * outChannels;
  const chunks = chunksFor(bands, rowsPerBand * imagesPerBand * width.count * perPixel);
  const segmentBytes = 8 * Math.ceil(Math.max(...phases.map(({segments}) => segments.length)) / 2);
  const tableAt = SPILL + segmentBytes;
  const bufferAt = tableAt + 8 * imagesPerBand * rowsPerBand * width.count;
  engine.run(
    'convolve',
    [
      ...[source, mask, maskActivation, packed, out, bias, activation],
      ...[batch, height.input, width.input, channels],
      ...[height.output, width.output, outChannels],
      ...[height.pad, width.pad, bufferRows, bufferWidth, height.step, width.step],
      ...[height.count, rowsPerBand, imagesPerBand, Number(isDirect), tableAt, bufferAt],
      ...[chunks, phases.length],
      ...phases.flatMap((phase, i) => phaseArgs(phase, filterStarts[i]!, rowBytes, 4 * channels)),
    ],
    {chunks, scratch: bufferAt + (isDirect ? 0 : imagesPerBand * bufferRows * rowBytes)},
  );
}

function phaseArgs(phase: ConvPhase, filterStart: number, rowBytes: number, pixelBytes: number): number[] {
  const {row, column, segments, length} = phase;
  return [
    ...[row.offset, column.offset, row.stride, column.stride],
    ...[row.first, row.end, column.first, column.end],
    ...[filterStart, segments.length, length],
    ...segments.map(segment => segment.row * rowBytes + segment.column * pixelBytes),
  ];
}

/** Whether it is a product of a matrix of pixels: a 1 × 1 filter that sees each once. */
function isProduct({height, width}: Geometry): boolean {
  return [height, width].every(
    ({taps, stride, pad, input, output}) => taps === 1 && stride === 1 && pad === 0 && input === output,
  );
}

function product({batch, height, width}: Geometry) {
  return {
    batch: 1,
    rows: batch * height.output * width.output,
    turnedA: false,
    sharesA: false,
    sharesB: false,
  };
}
