/**
 * Strided images as several dense ones. Row `stride·v + phase` of a zero-padded image is row `v` of that phase,
 * so a window with a stride, seen phase by phase, is a window without one: tap `i` reads phase
 * `i·dilation mod stride`, shifted by `⌊i·dilation / stride⌋`.
 */
import type {Axis} from './geometry';

/** Where a tap reads. */
export interface Tap {
  phase: number;
  shift: number;
}

/** The taps of one axis, in order. */
export function tapsOf({taps, dilation, stride}: Axis): Tap[] {
  return Array.from({length: taps}, (_, i) => ({
    phase: (i * dilation) % stride,
    shift: Math.floor((i * dilation) / stride),
  }));
}

/** How many rows further than the output the farthest tap reads. */
export function reach(axis: Axis): number {
  return Math.floor(((axis.taps - 1) * axis.dilation) / axis.stride);
}

/** Which rows and columns of which images to copy, in the phase's own count. */
export interface PhaseWindow {
  image: number;
  images: number;
  row: number;
  rows: number;
  columns: number;
  rowPhase: number;
  columnPhase: number;
}

/**
 * Copies one phase of `images` images of `x` [batch, height, width, channels] to `to`
 * [images, rows, columns, channels], zeros where the padding is.
 */
export function copyPhase(
  x: Float32Array,
  to: Float32Array,
  height: Axis,
  width: Axis,
  channels: number,
  {image, images, row, rows, columns, rowPhase, columnPhase}: PhaseWindow,
): void {
  const target = to.subarray(0, images * rows * columns * channels);
  target.fill(0);
  const [first, last] = insideRange(width, columnPhase, columns);
  if (last < first) return;
  for (let b = 0; b < images; b++) {
    for (let v = 0; v < rows; v++) {
      const y = (row + v) * height.stride + rowPhase - height.pad;
      if (y < 0 || y >= height.input) continue;
      const line = ((image + b) * height.input + y) * width.input;
      const start = line + first * width.stride + columnPhase - width.pad;
      const out = ((b * rows + v) * columns + first) * channels;
      if (width.stride === 1) {
        target.set(x.subarray(start * channels, (start + last - first + 1) * channels), out);
      } else {
        copyStrided(x, start * channels, width.stride * channels, target, out, last - first + 1, channels);
      }
    }
  }
}

/** The first and last column of a phase that lie inside the image. */
function insideRange({input, stride, pad}: Axis, phase: number, columns: number): [number, number] {
  const first = Math.max(0, Math.ceil((pad - phase) / stride));
  const last = Math.min(columns - 1, Math.floor((input - 1 + pad - phase) / stride));
  return [first, last];
}

function copyStrided(
  from: Float32Array,
  start: number,
  step: number,
  to: Float32Array,
  out: number,
  count: number,
  channels: number,
): void {
  for (let u = 0; u < count; u++) {
    const source = start + u * step;
    const target = out + u * channels;
    for (let c = 0; c < channels; c++) to[target + c] = from[source + c]!;
  }
}
