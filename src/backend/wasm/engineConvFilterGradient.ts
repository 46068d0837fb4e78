/** Filter gradients of convolutions on the engine: bands of images, their partial sums, and the sum of these. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {activationCode} from './convActivation';
import {chunksFor, engineKernel, isFloat} from './engine';
import type {Engine} from './engine';
import {convGeometry, isChannelsLast, isEmpty} from './geometry';
import type {Axis, ConvAttrs, Geometry} from './geometry';

/** Pixels that a band has about: with a panel of `dy`, they stay in a first-level cache. */
const BAND_PIXELS = 256;
/** Input channels in a range at least, so that packing `dy` for each range is little. */
const RANGE_CHANNELS = 32;
/** Groups and ranges together at most. */
const MOST_CHUNKS = 16;
/** Multiplications in a chunk at least. */
const SMALLEST_CHUNK = 1_000_000;
/** Bytes of partial sums at most. */
const MOST_PARTIALS = 1 << 24;
/** Bytes of scratch before the segments; as in kernels/convFilterGradient.ts. */
const SPILL = 64;

interface Inputs {
  x: TensorInfo;
  dy: TensorInfo;
  /** What the convolution came to after its activation, to take the gradient through that as well. */
  y?: TensorInfo;
}

interface Attrs extends ConvAttrs {
  filterShape: number[];
  activation?: string;
}

/** `Conv2DBackpropFilter` of float32. */
export const conv2DBackpropFilter = engineKernel<Inputs, Attrs>(
  tf.Conv2DBackpropFilter,
  ({inputs: {x, dy, y}, attrs, engine, make}) => {
    const activation = activationCode(attrs.activation);
    if (!isChannelsLast(attrs) || activation === undefined || !isFloat(x) || !isFloat(dy)) return undefined;
    const geometry = convGeometry(x.shape, attrs.filterShape, attrs);
    if (isEmpty(geometry)) return undefined;
    const out = make(attrs.filterShape);
    filterGradient(engine, geometry, {
      x: engine.address(x),
      dy: engine.address(dy),
      y: y !== undefined && activation !== 0 ? engine.address(y) : 0,
      activation,
      out: engine.address(out),
    });
    return out;
  },
);

interface Addresses {
  x: number;
  dy: number;
  /** 0 for none. */
  y: number;
  activation: number;
  out: number;
}

function filterGradient(engine: Engine, geometry: Geometry, addresses: Addresses): void {
  const {batch, inChannels, outChannels, height, width} = geometry;
  const size = height.taps * width.taps * inChannels * outChannels;
  const bandCount = Math.max(1, Math.round((height.output * width.output) / BAND_PIXELS));
  const rowsPerBand = Math.ceil(height.output / bandCount);
  const imagesPerBand =
    rowsPerBand < height.output
      ? 1
      : Math.min(batch, Math.max(1, Math.round(BAND_PIXELS / (height.output * width.output))));
  const bands = Math.ceil(height.output / rowsPerBand) * Math.ceil(batch / imagesPerBand);
  const worthwhile = Math.floor((batch * height.output * width.output * size) / SMALLEST_CHUNK);
  const chunks = Math.max(1, Math.min(MOST_CHUNKS, worthwhile));
  const ranges = Math.max(1, Math.min(chunks, Math.floor(inChannels / RANGE_CHANNELS)));
  const mostGroups = Math.max(1, Math.floor(MOST_PARTIALS / (4 * size)));
  const groups = Math.min(bands, mostGroups, Math.max(1, Math.round(chunks / ranges)));

  const phases = phasesSeen(width);
  const planeRows = (rowsPerBand - 1) * height.stride + (height.taps - 1) * height.dilation + 1;
  const planeWidth = width.output + Math.floor(((width.taps - 1) * width.dilation) / width.stride);
  // Planes a little apart from a power of two, or all would meet in a few lines of the cache.
  const planeBytes = 64 * (Math.ceil((imagesPerBand * planeRows * planeWidth) / 16) | 1);
  const bandRows = imagesPerBand * rowsPerBand;
  const panelAt = SPILL + 8 * Math.ceil(bandRows / 2);
  const planesAt = panelAt + 64 * bandRows * width.output;
  const partials = groups === 1 ? addresses.out : engine.workspace(4 * groups * size);
  engine.run(
    'convFilterGradient',
    [
      ...[addresses.x, addresses.dy, addresses.y, addresses.activation, partials],
      ...[batch, height.input, width.input, inChannels, height.output, width.output, outChannels],
      ...[height.taps, width.taps, height.stride, width.stride, height.dilation, width.dilation],
      ...[height.pad, width.pad, rowsPerBand, imagesPerBand, groups, ranges],
      ...[phases, planeRows, planeWidth, planeBytes, panelAt, planesAt],
    ],
    {
      chunks: groups * ranges,
      scratch: planesAt + phases * Math.ceil(inChannels / ranges) * planeBytes,
    },
  );
  if (groups === 1) return;
  const sumChunks = chunksFor(Math.ceil(size / 16), 16 * groups);
  engine.run('sumParts', [partials, addresses.out, groups, size, sumChunks], {chunks: sumChunks});
}

/** Phases of the columns up to the last that a tap sees. */
function phasesSeen({taps, dilation, stride}: Axis): number {
  return 1 + Math.max(...Array.from({length: taps}, (_, tap) => (tap * dilation) % stride));
}
