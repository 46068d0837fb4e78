/** Convolutions and their input gradients as implicit products: runs the plans of convPlan.ts. */
import {forwardPlan, inputGradientPlan} from './convPlan';
import type {ConvPhase, ConvPlan} from './convPlan';
import {chunksFor} from './engine';
import type {Engine} from './engine';
import type {Geometry} from './geometry';
import type {Mask} from './winograd';

/** Columns of a packed panel; as in kernels/tile.ts. */
const PANEL = 16;
/** Pixels that a band of rows has about: a panel of the filter is read once for each of them. */
const BAND_PIXELS = 384;
/** Runs of fewer numbers than this are put side by side before the product: `tile` takes four at a time. */
const SHORT = 12;
/** Bytes of scratch before the segments; as in kernels/conv.ts. */
const SPILL = 64;

/** `y = activation(conv(x, filter) + bias)`, of addresses. */
export function convolvePatches(
  engine: Engine,
  geometry: Geometry,
  at: {x: number; filter: number; y: number; bias: number; activation: number},
): void {
  const {inChannels, outChannels, height, width} = geometry;
  const depth = height.taps * width.taps * inChannels;
  const panels = Math.ceil(outChannels / PANEL);
  const packed = engine.workspace(4 * panels * PANEL * depth);
  const chunks = chunksFor(panels, PANEL * depth);
  engine.run('packColumns', [at.filter, packed, depth, outChannels, chunks], {chunks});
  const {x: source, y: out, bias, activation} = at;
  convolve(engine, forwardPlan(geometry), {source, packed, filterStarts: [0], out, bias, activation});
}

/** The gradient of the input, of addresses. */
export function inputGradientOfPatches(
  engine: Engine,
  geometry: Geometry,
  {dy, filter, dx, mask}: {dy: number; filter: number; dx: number; mask?: Mask},
): void {
  const plan = inputGradientPlan(geometry);
  const {packed, filterStarts} = packTurned(engine, plan, filter);
  convolve(engine, plan, {source: dy, packed, filterStarts, out: dx, ...(mask && {mask})});
}

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
  /** The activation through which the source, a gradient, is taken first. */
  mask?: Mask;
  packed: number;
  /** Where in it each phase's panels begin. */
  filterStarts: readonly number[];
  out: number;
  bias?: number;
  activation?: number;
}

function convolve(engine: Engine, plan: ConvPlan, operands: Operands): void {
  const {batch, channels, outChannels, height, width, phases} = plan;
  const {source, mask, packed, filterStarts, out, bias = 0, activation = 0} = operands;
  const isDirect = plan.isUnpadded && mask === undefined;
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
  const bufferBytes = isDirect ? 0 : imagesPerBand * bufferRows * rowBytes;
  const isShort = phases.every(({segments, length}) => segments.length > 1 && length < SHORT);
  const patchesAt = isShort ? bufferAt + bufferBytes : 0;
  const deepest = Math.max(...phases.map(({segments, length}) => segments.length * length));
  const patchesBytes = isShort ? 4 * imagesPerBand * rowsPerBand * width.count * deepest : 0;
  engine.run(
    'convolve',
    [
      ...[source, mask?.y ?? 0, mask?.activation ?? 0, packed, out, bias, activation],
      ...[batch, height.input, width.input, channels],
      ...[height.output, width.output, outChannels],
      ...[height.pad, width.pad, bufferRows, bufferWidth, height.step, width.step],
      ...[height.count, rowsPerBand, imagesPerBand, Number(isDirect), tableAt, bufferAt],
      ...[chunks, phases.length, patchesAt],
      ...phases.flatMap((phase, i) => phaseArgs(phase, filterStarts[i]!, rowBytes, 4 * channels)),
    ],
    {chunks, scratch: bufferAt + bufferBytes + patchesBytes},
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
