/**
 * Convolutions of images with channels last: an implicit product (as in Dukhan's indirect convolution, 2019) of
 * patches with a packed filter. What an output pixel sees of the padded source is a few runs of numbers, one a
 * row of taps, and `tile` reads them where they lie; only runs of a few numbers, as where an image has one channel or
 * three, are first put side by side. A band of rows (or a few small images) is first copied to scratch with its zeros around it, so that no tap needs a check; without padding the
 * source is read itself.
 *
 * An input gradient is the same thing: a convolution of `dy` with the turned filter. Its stride makes several
 * phases, each with some of the taps, whose pixels are written between each other.
 */
import {gradientFactor} from './activation';
import {address, int, partStart} from './call';
import {turn} from './pack';
import {COLUMNS, ROWS, tile} from './tile';

/** Where the phases begin in the arguments of `convolve`, and the numbers of one before its segments. */
const PHASES: i32 = 29;
const PHASE_FIELDS: i32 = 11;

/**
 * Copies `count` numbers; times the derivative of the activation that made `y`, unless that is 0. May not read
 * further than they reach.
 */
export function copyGradient(from: usize, y: usize, activation: i32, to: usize, count: i32): void {
  const bytes = (<usize>count) << 2;
  if (y == 0) {
    memory.copy(to, from, bytes);
    return;
  }
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16)
    v128.store(to + i, f32x4.mul(v128.load(from + i), gradientFactor(v128.load(y + i), activation)));
  for (; i < bytes; i += 4) {
    const factor = f32x4.extract_lane(gradientFactor(v128.load32_splat(y + i), activation), 0);
    store<f32>(to + i, load<f32>(from + i) * factor);
  }
}

/**
 * `out = activation(conv(source) + bias)`, phase by phase. A chunk is some bands.
 *
 * Scratch: 64 bytes to spill to, the segments of a phase, a table of pixels from `tableAt` on (8 bytes for each
 * of a band), from `bufferAt` on the padded band, and from `patchesAt` on its patches.
 *
 * @param args source, y and its activation (the source is a gradient to be taken through it; 0 for none), packed
 *   filter, out, bias (0 for none), activation; of the source: batch, height, width, channels; of out: height,
 *   width, channels; padTop, padLeft (zeros in front; negative to leave out rows); bufferRows, bufferWidth,
 *   stepY, stepX (of the source, an output row and column); rows, rowsPerBand, imagesPerBand; isDirect (no copy
 *   is needed), tableAt, bufferAt; chunks, phases; patchesAt (0 if they are read where they lie); then for each phase: the output row and column of its row and
 *   column 0, and the steps between those of two; its rows and columns as [first, last), where its filter begins
 *   (bytes); the segments of a patch, their length, and for each where it begins (bytes in the buffer)
 */
export function convolve(args: usize, chunk: i32, scratch: usize): void {
  const batch = int(args, 7);
  const rows = int(args, 20);
  const rowsPerBand = int(args, 21);
  const imagesPerBand = int(args, 22);
  const chunks = int(args, 26);
  const bandsAcross = (rows + rowsPerBand - 1) / rowsPerBand;
  const bands = bandsAcross * ((batch + imagesPerBand - 1) / imagesPerBand);
  const end = partStart(chunk + 1, chunks, bands, 1);
  for (let band = partStart(chunk, chunks, bands, 1); band < end; band++) {
    const image = (band / bandsAcross) * imagesPerBand;
    const row = (band % bandsAcross) * rowsPerBand;
    convolveBand(args, image, min(imagesPerBand, batch - image), row, min(rowsPerBand, rows - row), scratch);
  }
}

function convolveBand(args: usize, image: i32, images: i32, row: i32, rows: i32, scratch: usize): void {
  const height = int(args, 8);
  const width = int(args, 9);
  const pixelBytes = (<usize>int(args, 10)) << 2;
  const bufferRows = int(args, 16);
  const stepY = int(args, 18);
  const isDirect = int(args, 23) != 0;
  let buffer = scratch + address(args, 25);
  let rowBytes = <usize>int(args, 17) * pixelBytes;
  let imageBytes = <usize>bufferRows * rowBytes;
  if (isDirect) {
    rowBytes = <usize>width * pixelBytes;
    imageBytes = <usize>height * rowBytes;
    buffer = address(args, 0) + <usize>image * imageBytes + <usize>(row * stepY) * rowBytes;
  } else {
    for (let n = 0; n < images; n++)
      frame(args, image + n, row * stepY - int(args, 14), bufferRows, buffer + <usize>n * imageBytes);
  }
  let phase = PHASES;
  for (let i = int(args, 27); i > 0; i--) {
    convolvePhase(args, phase, image, images, row, rows, buffer, rowBytes, imageBytes, scratch);
    phase += PHASE_FIELDS + int(args, phase + 9);
  }
}

/** Rows of one image from `first` on, with zeros where the image ends. */
function frame(args: usize, image: i32, first: i32, rows: i32, buffer: usize): void {
  const source = address(args, 0);
  const y = address(args, 1);
  const activation = int(args, 2);
  const height = int(args, 8);
  const width = int(args, 9);
  const channels = int(args, 10);
  const padLeft = int(args, 15);
  const bufferWidth = int(args, 17);
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = <usize>bufferWidth * pixelBytes;
  const left = min(max(padLeft, 0), bufferWidth);
  const right = max(min(bufferWidth, width + padLeft), left);
  for (let r = 0; r < rows; r++, buffer += rowBytes) {
    const line = first + r;
    if (line < 0 || line >= height || left == right) {
      memory.fill(buffer, 0, rowBytes);
      continue;
    }
    const leftBytes = <usize>left * pixelBytes;
    const rightBytes = <usize>right * pixelBytes;
    const at = <usize>((image * height + line) * width + left - padLeft) * pixelBytes;
    if (leftBytes > 0) memory.fill(buffer, 0, leftBytes);
    copyGradient(source + at, y == 0 ? 0 : y + at, activation, buffer + leftBytes, (right - left) * channels);
    if (rightBytes < rowBytes) memory.fill(buffer + rightBytes, 0, rowBytes - rightBytes);
  }
}

function convolvePhase(
  args: usize,
  phase: i32,
  image: i32,
  images: i32,
  row: i32,
  rows: i32,
  buffer: usize,
  rowBytes: usize,
  imageBytes: usize,
  scratch: usize,
): void {
  const out = address(args, 4);
  const bias = address(args, 5);
  const activation = int(args, 6);
  const outHeight = int(args, 11);
  const outWidth = int(args, 12);
  const outChannels = int(args, 13);
  const stepY = int(args, 18);
  const stepX = <usize>int(args, 19) * ((<usize>int(args, 10)) << 2);
  const table = scratch + address(args, 24);
  const top = int(args, phase);
  const left = int(args, phase + 1);
  const outStepY = int(args, phase + 2);
  const outStepX = int(args, phase + 3);
  const firstRow = max(row, int(args, phase + 4));
  const lastRow = min(row + rows, int(args, phase + 5));
  const firstColumn = int(args, phase + 6);
  const lastColumn = int(args, phase + 7);
  const filter = address(args, 3) + address(args, phase + 8);
  const count = int(args, phase + 9);
  const length = int(args, phase + 10);
  const segments = scratch + 64;
  for (let s = 0; s < count; s++) store<i32>(segments + ((<usize>s) << 2), int(args, phase + PHASE_FIELDS + s));

  // Where each pixel reads and writes, once for all panels of the filter.
  let entry = table;
  for (let n = 0; n < images; n++) {
    for (let v = firstRow; v < lastRow; v++) {
      let from =
        buffer + <usize>n * imageBytes + <usize>((v - row) * stepY) * rowBytes + <usize>firstColumn * stepX;
      const line = ((image + n) * outHeight + v * outStepY + top) * outWidth + left;
      let to = out + ((<usize>(line + firstColumn * outStepX) * <usize>outChannels) << 2);
      for (let u = firstColumn; u < lastColumn; u++) {
        store<u32>(entry, <u32>from);
        store<u32>(entry, <u32>to, 4);
        entry += 8;
        from += stepX;
        to += (<usize>(outStepX * outChannels)) << 2;
      }
    }
  }
  const pixels = <i32>((entry - table) >> 3);
  const depth = count * length;
  let runs = count;
  let run = length;
  const patches = address(args, 28);
  if (patches != 0) {
    layOut(table, pixels, segments, count, length, scratch + patches);
    store<i32>(segments, 0);
    runs = 1;
    run = depth;
  }
  const panelBytes = (<usize>depth) << 6;
  let panel = filter;
  for (let j = 0; j < outChannels; j += COLUMNS, panel += panelBytes) {
    const column = (<usize>j) << 2;
    const width = min(COLUMNS, outChannels - j);
    for (let p = 0; p < pixels; p += ROWS) {
      const existing = min(ROWS, pixels - p);
      const e0 = table + ((<usize>p) << 3);
      const e1 = existing > 1 ? e0 + 8 : e0;
      tile(
        <usize>load<u32>(e0),
        <usize>load<u32>(e1),
        segments,
        runs,
        run,
        panel,
        64,
        <usize>load<u32>(e0, 4) + column,
        <usize>load<u32>(e1, 4) + column,
        existing,
        width,
        false,
        bias != 0 ? bias + column : 0,
        activation,
        scratch,
      );
    }
  }
}

/** Copies the patch of each pixel in `table` to `to`, one after the other, and has the table say so. */
function layOut(table: usize, pixels: i32, segments: usize, count: i32, length: i32, to: usize): void {
  const bytes = (<usize>length) << 2;
  for (let p = 0; p < pixels; p++, table += 8) {
    const pixel = <usize>load<u32>(table);
    store<u32>(table, <u32>to);
    for (let s = 0; s < count; s++) {
      const from = pixel + <usize>load<i32>(segments + ((<usize>s) << 2));
      for (let i: usize = 0; i < bytes; i += 4) store<f32>(to + i, load<f32>(from + i));
      to += bytes;
    }
  }
}

/**
 * Packs a filter [taps, in, out] for the way back: for each phase panels of sixteen input channels, step by step
 * through its taps and their output channels.
 *
 * @param args filter, to, inChannels, outChannels, chunks, phases, then for each phase where its panels go (bytes),
 *   how many taps it has, and these
 */
export function packTurnedTaps(args: usize, chunk: i32, _scratch: usize): void {
  const filter = address(args, 0);
  const ins = int(args, 2);
  const outs = int(args, 3);
  const chunks = int(args, 4);
  const panels = (ins + COLUMNS - 1) / COLUMNS;
  const end = partStart(chunk + 1, chunks, panels, 1);
  const tapBytes = (<usize>outs) << 6;
  const step = (<usize>outs) << 2;
  let at = 6;
  for (let phase = int(args, 5); phase > 0; phase--) {
    const taps = int(args, at + 1);
    for (let panel = partStart(chunk, chunks, panels, 1); panel < end; panel++) {
      let to = address(args, 1) + address(args, at) + <usize>(panel * taps) * tapBytes;
      const first = panel * COLUMNS;
      const width = min(COLUMNS, ins - first);
      for (let t = 0; t < taps; t++, to += tapBytes) {
        if (width < COLUMNS) memory.fill(to, 0, tapBytes);
        turn(filter + <usize>(int(args, at + 2 + t) * ins + first) * step, step, to, 64, width, outs);
      }
    }
    at += 2 + taps;
  }
}
