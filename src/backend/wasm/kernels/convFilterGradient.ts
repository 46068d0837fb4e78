/**
 * Filter gradients of convolutions: the product of turned patches and `dy`, summed over the pixels of a band at a
 * time. The images are turned once, to one plane of pixels a channel (and, with a stride, one a phase of the
 * columns); a tap then sees the plane from another place on, so that a row of turned patches is a few runs of
 * neighbours and none is laid out. Images are cut into groups with partial sums of their own, which `sumParts`
 * adds up in order; with many channels these are cut as well.
 */
import {address, int, partStart} from './call';
import {copyGradient} from './conv';
import {turn} from './pack';
import {COLUMNS, ROWS, tile} from './tile';

/**
 * Partial filter gradients [groups, taps, inChannels, outChannels]. A chunk is a group and a range of channels.
 *
 * Scratch: 64 bytes to spill to, a segment for each row of a band, from `panelAt` on a panel of `dy` (64 bytes a
 * pixel of a band), and from `planesAt` on the planes.
 *
 * @param args x, dy, y and its activation (`dy` is to be taken through it; 0 for none), partial sums; batch, height,
 *   width, inChannels; rows, columns, outChannels of dy; taps down and across, stepY, stepX, dilationY, dilationX,
 *   padTop, padLeft; rowsPerBand, imagesPerBand; groups, channelRanges; phases (of columns that are seen), planeRows,
 *   planeWidth, planeBytes; panelAt, planesAt
 */
export function convFilterGradient(args: usize, chunk: i32, scratch: usize): void {
  const batch = int(args, 5);
  const rows = int(args, 9);
  const rowsPerBand = int(args, 20);
  const imagesPerBand = int(args, 21);
  const groups = int(args, 22);
  const ranges = int(args, 23);
  const group = chunk / ranges;
  const bandsAcross = (rows + rowsPerBand - 1) / rowsPerBand;
  const bands = bandsAcross * ((batch + imagesPerBand - 1) / imagesPerBand);
  const start = partStart(group, groups, bands, 1);
  const end = partStart(group + 1, groups, bands, 1);
  for (let band = start; band < end; band++) {
    const image = (band / bandsAcross) * imagesPerBand;
    const images = min(imagesPerBand, batch - image);
    const row = (band % bandsAcross) * rowsPerBand;
    addBand(args, chunk, image, images, row, min(rowsPerBand, rows - row), band > start, scratch);
  }
}

function addBand(
  args: usize,
  chunk: i32,
  image: i32,
  images: i32,
  row: i32,
  rows: i32,
  accumulate: bool,
  scratch: usize,
): void {
  const inChannels = int(args, 8);
  const columns = int(args, 10);
  const outChannels = int(args, 11);
  const taps = int(args, 12) * int(args, 13);
  const tapsAcross = int(args, 13);
  const stepY = int(args, 14);
  const stepX = int(args, 15);
  const dilationY = int(args, 16);
  const dilationX = int(args, 17);
  const ranges = int(args, 23);
  const planeRows = int(args, 25);
  const planeWidth = int(args, 26);
  const planeBytes = address(args, 27);
  const planes = scratch + address(args, 29);
  const first = partStart(chunk % ranges, ranges, inChannels, 1);
  const channels = partStart((chunk % ranges) + 1, ranges, inChannels, 1) - first;
  turnImages(args, image, images, row * stepY - int(args, 18), first, channels, planes);

  // The pixels of a row of dy are neighbours in a plane; those of all rows, if the plane has no others.
  const segments = scratch + 64;
  const isOneRun = columns == planeWidth && stepY == 1 && (rows == planeRows || images == 1);
  let count = 0;
  for (let n = 0; n < images; n++) {
    for (let v = 0; v < rows; v++, count++)
      store<i32>(segments + ((<usize>count) << 2), ((n * planeRows + v * stepY) * planeWidth) << 2);
  }
  const pixels = count * columns;
  const length = isOneRun ? pixels : columns;
  if (isOneRun) count = 1;

  const outBytes = (<usize>outChannels) << 2;
  const to =
    address(args, 4) +
    (<usize>(chunk / ranges) * <usize>(taps * inChannels) + <usize>first) * outBytes;
  const terms = taps * channels;
  const dyAt = <usize>((image * int(args, 9) + row) * columns) * outBytes;
  const y = address(args, 2);
  const dy = address(args, 1) + dyAt;
  for (let j = 0; j < outChannels; j += COLUMNS) {
    const width = min(COLUMNS, outChannels - j);
    const column = (<usize>j) << 2;
    let panel = scratch + address(args, 28);
    if (outChannels == COLUMNS && y == 0) panel = dy;
    else packGradient(dy + column, y == 0 ? 0 : y + dyAt + column, int(args, 3), outBytes, panel, pixels, width);
    for (let k = 0; k < terms; k += ROWS) {
      const existing = min(ROWS, terms - k);
      const k1 = existing > 1 ? k + 1 : k;
      const t0 = k / channels;
      const t1 = k1 / channels;
      const c0 = k - t0 * channels;
      const c1 = k1 - t1 * channels;
      tile(
        planes + planeOf(t0, c0, channels, tapsAcross, dilationY, dilationX, stepX, planeWidth, planeBytes),
        planes + planeOf(t1, c1, channels, tapsAcross, dilationY, dilationX, stepX, planeWidth, planeBytes),
        segments,
        count,
        length,
        panel,
        64,
        to + <usize>(t0 * inChannels + c0) * outBytes + column,
        to + <usize>(t1 * inChannels + c1) * outBytes + column,
        existing,
        width,
        accumulate,
        0,
        0,
        scratch,
      );
    }
  }
}

/** Where tap `tap` sees the first pixel of a channel: bytes from the start of the planes. */
// @ts-ignore: decorator
@inline
function planeOf(
  tap: i32,
  channel: i32,
  channels: i32,
  tapsAcross: i32,
  dilationY: i32,
  dilationX: i32,
  stepX: i32,
  planeWidth: i32,
  planeBytes: usize,
): usize {
  const down = tap / tapsAcross;
  const across = (tap - down * tapsAcross) * dilationX;
  const shift = across / stepX;
  const phase = across - shift * stepX;
  return <usize>(phase * channels + channel) * planeBytes + ((<usize>(down * dilationY * planeWidth + shift)) << 2);
}

/** Rows of some images from `top` on, as planes [phase, channel, image, row, column], zeros where an image ends. */
function turnImages(
  args: usize,
  image: i32,
  images: i32,
  top: i32,
  first: i32,
  channels: i32,
  planes: usize,
): void {
  const x = address(args, 0);
  const height = int(args, 6);
  const width = int(args, 7);
  const inChannels = int(args, 8);
  const stepX = int(args, 15);
  const padLeft = int(args, 19);
  const phases = int(args, 24);
  const planeRows = int(args, 25);
  const planeWidth = int(args, 26);
  const planeBytes = address(args, 27);
  const pixelBytes = (<usize>inChannels) << 2;
  const lineBytes = (<usize>planeWidth) << 2;
  for (let phase = 0; phase < phases; phase++, planes += <usize>channels * planeBytes) {
    // Column q of the phase is column stepX·q + phase − padLeft of the image.
    const shift = padLeft - phase;
    const left = min(max(0, shift <= 0 ? 0 : (shift + stepX - 1) / stepX), planeWidth);
    const right = max(left, min(planeWidth, width + shift <= 0 ? 0 : (width + shift + stepX - 1) / stepX));
    const leftBytes = (<usize>left) << 2;
    const rightBytes = (<usize>right) << 2;
    let line = planes;
    for (let n = image; n < image + images; n++) {
      for (let r = 0; r < planeRows; r++, line += lineBytes) {
        const row = top + r;
        const isInside = row >= 0 && row < height && right > left;
        if (!isInside || right - left < planeWidth) {
          let edge = line;
          for (let c = 0; c < channels; c++, edge += planeBytes) {
            if (!isInside) {
              memory.fill(edge, 0, lineBytes);
              continue;
            }
            for (let b: usize = 0; b < leftBytes; b += 4) store<f32>(edge + b, 0);
            for (let b = rightBytes; b < lineBytes; b += 4) store<f32>(edge + b, 0);
          }
        }
        if (!isInside) continue;
        const from =
          x +
          <usize>((n * height + row) * width + left * stepX - shift) * pixelBytes +
          ((<usize>first) << 2);
        if (inChannels == 1 && stepX == 1) memory.copy(line + leftBytes, from, rightBytes - leftBytes);
        else turn(from, <usize>stepX * pixelBytes, line + leftBytes, planeBytes, right - left, channels);
      }
    }
  }
}

/** Sixteen columns of `dy`, zeros beyond the last, taken through the activation that made `y` unless it is 0. */
function packGradient(
  dy: usize,
  y: usize,
  activation: i32,
  step: usize,
  to: usize,
  pixels: i32,
  width: i32,
): void {
  if (width == COLUMNS && y == 0) {
    for (let p = 0; p < pixels; p++, dy += step, to += 64) {
      v128.store(to, v128.load(dy));
      v128.store(to, v128.load(dy, 16), 16);
      v128.store(to, v128.load(dy, 32), 32);
      v128.store(to, v128.load(dy, 48), 48);
    }
    return;
  }
  if (width < COLUMNS) memory.fill(to, 0, (<usize>pixels) << 6);
  for (let p = 0; p < pixels; p++, dy += step, to += 64) {
    copyGradient(dy, y, activation, to, width);
    if (y != 0) y += step;
  }
}

/**
 * `out[i] = Σ parts[p][i]`, in the order of the parts. A chunk is some of the sums.
 *
 * @param args parts, out, count of parts, size of one, chunks
 */
export function sumParts(args: usize, chunk: i32, _scratch: usize): void {
  const count = int(args, 2);
  const size = int(args, 3);
  const chunks = int(args, 4);
  const partBytes = (<usize>size) << 2;
  const end = (<usize>partStart(chunk + 1, chunks, size, 16)) << 2;
  const parts = address(args, 0);
  const out = address(args, 1);
  let i = (<usize>partStart(chunk, chunks, size, 16)) << 2;
  for (; i + 16 <= end; i += 16) {
    let from = parts + i;
    let sum = v128.load(from);
    for (let p = 1; p < count; p++) {
      from += partBytes;
      sum = f32x4.add(sum, v128.load(from));
    }
    v128.store(out + i, sum);
  }
  for (; i < end; i += 4) {
    let from = parts + i;
    let sum = load<f32>(from);
    for (let p = 1; p < count; p++) {
      from += partBytes;
      sum += load<f32>(from);
    }
    store<f32>(out + i, sum);
  }
}
