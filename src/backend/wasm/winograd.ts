/**
 * 3×3 convolutions of stride 1 by Winograd's F(4×4, 3×3), forward and for both gradients: a quarter of the
 * multiplications. Everything is given by its address; the kernels are in kernels/winograd*.ts.
 */
import {chunksFor} from './engine';
import type {Engine} from './engine';
import type {Geometry} from './geometry';

/** Columns of a packed panel. */
const PANEL = 16;
/** Products of a block of 4 × 4 outputs, for a pair of channels. */
const PRODUCTS = 36;
/** Bytes of the matrices of the blocks that are worked on together: most of a second-level cache. */
const CACHE = 320 * 1024;
/**
 * The same for the filter's gradient, which sums over the blocks: longer sums, with fewer trips of the result through
 * memory, measured a third faster than fitting in the second-level cache.
 */
const LONG = 4 * CACHE;
/** Bytes of all partial sums of a filter's gradient. */
const SUMS = 8 * 1024 * 1024;

/** The gradient of the activation behind a convolution: `y` addresses its output, `activation` is its code. */
export interface Mask {
  readonly y: number;
  readonly activation: number;
}

/** Whether the convolution is one of those that this algorithm knows and is the fastest for. */
export function winogradApplies({inChannels, outChannels, height, width}: Geometry): boolean {
  const isPlain = [height, width].every(
    ({taps, stride, dilation, output}) => taps === 3 && stride === 1 && dilation === 1 && output >= 4,
  );
  return isPlain && inChannels % 4 === 0 && outChannels % 4 === 0 && Math.min(inChannels, outChannels) >= 8;
}

interface Sizes {
  batch: number;
  height: number;
  width: number;
  inputs: number;
  outHeight: number;
  outWidth: number;
  outputs: number;
  padTop: number;
  padLeft: number;
}

/** `y = activation(x * filter + bias)`. */
export function winogradForward(
  engine: Engine,
  geometry: Geometry,
  at: {x: number; filter: number; y: number; bias?: number; activation?: number},
): void {
  const {x, filter, y, bias = 0, activation = 0} = at;
  convolve(engine, sizesOf(geometry), {x, filter, turned: false, y, bias, activation});
}

/** The gradient of the input: the convolution of `dy` with the filter turned round. */
export function winogradInputGradient(
  engine: Engine,
  geometry: Geometry,
  {dy, filter, dx, mask}: {dy: number; filter: number; dx: number; mask?: Mask},
): void {
  const {batch, height, width, inputs, outHeight, outWidth, outputs, padTop, padLeft} = sizesOf(geometry);
  const sizes = {
    ...{batch, height: outHeight, width: outWidth, inputs: outputs},
    ...{outHeight: height, outWidth: width, outputs: inputs, padTop: 2 - padTop, padLeft: 2 - padLeft},
  };
  convolve(engine, sizes, {x: dy, filter, turned: true, y: dx, bias: 0, activation: 0, mask});
}

function convolve(
  engine: Engine,
  sizes: Sizes,
  at: {x: number; filter: number; turned: boolean; y: number; bias: number; activation: number; mask?: Mask},
): void {
  const {inputs, outputs} = sizes;
  const panels = Math.ceil(outputs / PANEL);
  const transformed = engine.workspace(4 * PRODUCTS * inputs * panels * PANEL);
  const filterChunks = chunksFor(inputs, 300 * outputs);
  engine.run('winogradFilter', [at.filter, transformed, inputs, outputs, Number(at.turned), filterChunks], {
    chunks: filterChunks,
    scratch: 4 * outputs * (9 + 18 + PRODUCTS + (at.turned ? 9 * inputs : 0)),
  });
  const blocks = blocksAtOnce(inputs + outputs, CACHE);
  const total = sizes.batch * Math.ceil(sizes.outHeight / 4) * Math.ceil(sizes.outWidth / 4);
  const chunks = chunksFor(Math.ceil(total / blocks), blocks * PRODUCTS * inputs * outputs);
  engine.run(
    'winogradConv',
    [
      ...[at.x, transformed, at.y, ...listOf(sizes), at.bias, at.activation, blocks, chunks],
      ...[at.mask?.y ?? 0, at.mask?.activation ?? 0],
    ],
    {chunks, scratch: 80 + 4 * (73 * inputs + 24 * outputs + PRODUCTS * blocks * (inputs + outputs))},
  );
}

/** The gradient of the filter, `dw` [3, 3, inChannels, outChannels]. */
export function winogradFilterGradient(
  engine: Engine,
  geometry: Geometry,
  {x, dy, dw, mask}: {x: number; dy: number; dw: number; mask?: Mask},
): void {
  const sizes = sizesOf(geometry);
  const {batch, inputs, outHeight, outWidth, outputs} = sizes;
  const wide = Math.ceil(outputs / PANEL) * PANEL;
  const blocks = blocksAtOnce(inputs + wide, LONG);
  const total = batch * Math.ceil(outHeight / 4) * Math.ceil(outWidth / 4);
  const sumsBytes = 4 * PRODUCTS * inputs * outputs;
  const work = chunksFor(Math.ceil(total / blocks), blocks * PRODUCTS * inputs * outputs);
  const parts = Math.max(1, Math.min(work, 8, Math.floor(SUMS / sumsBytes)));
  const sums = engine.workspace(parts * sumsBytes);
  engine.run(
    'winogradFilterGradient',
    [x, dy, sums, ...listOf(sizes), blocks, parts, mask?.y ?? 0, mask?.activation ?? 0],
    {
      chunks: parts,
      scratch: 80 + 4 * (73 * inputs + 41 * outputs + blocks * (37 * inputs + PRODUCTS * wide)),
    },
  );
  const chunks = chunksFor(inputs, (PRODUCTS * parts + 100) * outputs);
  engine.run('winogradFilterGradientSum', [sums, dw, parts, inputs, outputs, chunks], {
    chunks,
    scratch: 4 * 54 * outputs,
  });
}

/** How many blocks' matrices fit in so many bytes, in whole tiles. */
function blocksAtOnce(channels: number, bytes: number): number {
  const fitting = bytes / (4 * PRODUCTS * channels);
  return Math.min(96, Math.max(6, Math.floor(fitting / 3) * 3));
}

function sizesOf({batch, inChannels, outChannels, height, width}: Geometry): Sizes {
  return {
    ...{batch, height: height.input, width: width.input, inputs: inChannels},
    ...{outHeight: height.output, outWidth: width.output, outputs: outChannels},
    ...{padTop: height.pad, padLeft: width.pad},
  };
}

/** In the order of the kernels' arguments. */
function listOf(sizes: Sizes): number[] {
  const {batch, height, width, inputs, outHeight, outWidth, outputs, padTop, padLeft} = sizes;
  return [batch, height, width, inputs, outHeight, outWidth, outputs, padTop, padLeft];
}
