/** Filter gradients of convolutions on the engine: bands of images, their partial sums, and the sum of these. */
import {chunksFor} from './engine';
import type {Engine} from './engine';
import type {Axis, Geometry} from './geometry';
import type {Mask} from './winograd';

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

/** The gradient of the filter, of addresses. */
export function filterGradient(
  engine: Engine,
  geometry: Geometry,
  {x, dy, dw, mask}: {x: number; dy: number; dw: number; mask?: Mask},
): void {
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
  const partials = groups === 1 ? dw : engine.workspace(4 * groups * size);
  engine.run(
    'convFilterGradient',
    [
      ...[x, dy, mask?.y ?? 0, mask?.activation ?? 0, partials],
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
  engine.run('sumParts', [partials, dw, groups, size, sumChunks], {chunks: sumChunks});
}

/** Phases of the columns up to the last that a tap sees. */
function phasesSeen({taps, dilation, stride}: Axis): number {
  return 1 + Math.max(...Array.from({length: taps}, (_, tap) => (tap * dilation) % stride));
}
