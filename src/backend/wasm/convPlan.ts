/**
 * What kernels/conv.ts is told of a convolution: which runs of the padded source a patch is made of, and where
 * its pixels go. A forward convolution is one phase; an input gradient with a stride has several.
 */
import type {Axis, Geometry} from './geometry';

/** One axis of a convolution as the kernel walks it: row `v` of a phase reads from row `v·step − pad` on. */
interface Walk {
  /** Rows of the source and of the result. */
  input: number;
  output: number;
  step: number;
  /** Zeros in front; negative to leave out rows. */
  pad: number;
  /** Rows that one row sees, from its first on. */
  extent: number;
  /** Rows of the longest phase. */
  count: number;
  phases: WalkPhase[];
}

/** Row `v` of a phase, `first` to `end`, is row `offset + v·stride` of the result. */
interface WalkPhase {
  offset: number;
  stride: number;
  first: number;
  end: number;
  /** The taps that it sees, in the order of where, of the rows seen, each reads. */
  taps: {tap: number; at: number}[];
}

/** A phase of both axes. */
export interface ConvPhase {
  row: WalkPhase;
  column: WalkPhase;
  /** The filter's taps that it sees, in the order of its packed filter. */
  taps: number[];
  /** Where each run of a patch begins, as row and column of what it sees, and how many numbers it has. */
  segments: {row: number; column: number}[];
  length: number;
}

/** A convolution as the kernel sees it. */
export interface ConvPlan {
  batch: number;
  /** Channels of the source and of the result. */
  channels: number;
  outChannels: number;
  height: Walk;
  width: Walk;
  phases: ConvPhase[];
  /** Whether the source can be read where it lies: nothing is padded. */
  isUnpadded: boolean;
}

/** The convolution itself. */
export function forwardPlan({batch, inChannels, outChannels, height, width}: Geometry): ConvPlan {
  return planOf(batch, inChannels, outChannels, forwardWalk(height), forwardWalk(width), width.taps);
}

/** The gradient of its input, as a convolution of `dy`. */
export function inputGradientPlan({batch, inChannels, outChannels, height, width}: Geometry): ConvPlan {
  return planOf(batch, outChannels, inChannels, gradientWalk(height), gradientWalk(width), width.taps);
}

function forwardWalk({input, output, taps, stride, dilation, pad}: Axis): Walk {
  return {
    input,
    output,
    step: stride,
    pad,
    extent: (taps - 1) * dilation + 1,
    count: output,
    phases: [
      {
        offset: 0,
        stride: 1,
        first: 0,
        end: output,
        taps: Array.from({length: taps}, (_, tap) => ({tap, at: tap * dilation})),
      },
    ],
  };
}

/**
 * Row `p = stride·v + phase` of the padded input meets those taps `i` with `i·dilation ≡ phase (mod stride)`, at
 * row `v − ⌊i·dilation / stride⌋` of `dy`.
 */
function gradientWalk({input, output, taps, stride, dilation, pad}: Axis): Walk {
  const reach = Math.floor(((taps - 1) * dilation) / stride);
  return {
    input: output,
    output: input,
    step: 1,
    pad: reach,
    extent: reach + 1,
    count: Math.ceil((input + pad) / stride),
    phases: Array.from({length: stride}, (_, phase) => ({
      offset: phase - pad,
      stride,
      first: Math.max(0, Math.ceil((pad - phase) / stride)),
      end: Math.ceil((input + pad - phase) / stride),
      taps: Array.from({length: taps}, (_, i) => taps - 1 - i)
        .filter(tap => (tap * dilation) % stride === phase)
        .map(tap => ({tap, at: reach - Math.floor((tap * dilation) / stride)})),
    })),
  };
}

function planOf(
  batch: number,
  channels: number,
  outChannels: number,
  height: Walk,
  width: Walk,
  tapsAcross: number,
): ConvPlan {
  const seenWidth = (width.count - 1) * width.step + width.extent;
  const seenHeight = (height.count - 1) * height.step + height.extent;
  return {
    batch,
    channels,
    outChannels,
    height,
    width,
    phases: height.phases.flatMap(row =>
      width.phases
        .filter(column => row.end > row.first && column.end > column.first)
        .map(column => phaseOf(row, column, channels, tapsAcross)),
    ),
    isUnpadded: height.pad === 0 && width.pad === 0 && seenHeight <= height.input && seenWidth <= width.input,
  };
}

function phaseOf(row: WalkPhase, column: WalkPhase, channels: number, tapsAcross: number): ConvPhase {
  const taps = row.taps.flatMap(({tap: i}) => column.taps.map(({tap: j}) => i * tapsAcross + j));
  // Neighbours of a row are one run.
  const isRun = column.taps.every(({at}, j) => at === column.taps[0]!.at + j);
  const starts = isRun ? column.taps.slice(0, 1) : column.taps;
  return {
    row,
    column,
    taps,
    segments: row.taps.flatMap(({at}) => starts.map(start => ({row: at, column: start.at}))),
    length: (isRun ? column.taps.length : 1) * channels,
  };
}
