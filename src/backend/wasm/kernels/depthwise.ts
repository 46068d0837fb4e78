/**
 * Depthwise convolution, and the gradient of its input, which is one too: every number of the output is the sum
 * of some numbers of the source times some taps of the filter, of the same channel.
 *
 * Which taps meet which places is the same for all pixels of a phase, and comes in a table for each axis (see
 * `../engineTaps.ts`). A row is cut into runs of pixels that meet the same taps, so that the edges cost no test inside.
 */
import {address, int, partStart} from './call';
import {pixels} from './depthwisePixels';

/** Bytes of an entry in the lists of taps: where the source lies, where the filter. */
const ENTRY: usize = 8;

/**
 * `out = activation(Σ source · filter + bias)`. A chunk is some rows of the output.
 *
 * Scratch: 8 bytes for each row tap, and 8 for each column tap of each phase.
 *
 * @param args source, filter, out, bias (0 for none), activation, batch, channels, sourceRows, sourceColumns,
 *   rows, columns, filterColumns, chunks, where the rows' table begins among the arguments, where the columns'.
 *   A table: phases, step, most (taps of a phase), then for each phase: how many taps, and `most` pairs of a tap
 *   and its offset, ascending. Output n · phases + phase meets the taps at n · step + offset.
 */
export function depthwise(args: usize, chunk: i32, scratch: usize): void {
  const source = address(args, 0);
  const filter = address(args, 1);
  const out = address(args, 2);
  const bias = address(args, 3);
  const activation = int(args, 4);
  const batch = int(args, 5);
  const channels = int(args, 6);
  const sourceRows = int(args, 7);
  const sourceColumns = int(args, 8);
  const rows = int(args, 9);
  const columns = int(args, 10);
  const filterColumns = int(args, 11);
  const chunks = int(args, 12);
  const rowTable = int(args, 13);
  const columnTable = int(args, 14);

  const pixel = (<usize>channels) << 2;
  const sourceRow = pixel * <usize>sourceColumns;
  const rowPhases = int(args, rowTable);
  const rowStep = int(args, rowTable + 1);
  const mostRows = int(args, rowTable + 2);
  const phases = int(args, columnTable);
  const step = int(args, columnTable + 1);
  const most = int(args, columnTable + 2);
  const columnLists = scratch + <usize>mostRows * ENTRY;
  for (let phase = 0; phase < phases; phase++) {
    const entry = columnTable + 3 + phase * (1 + 2 * most);
    for (let k = 0; k < int(args, entry); k++) {
      const to = columnLists + <usize>(phase * most + k) * ENTRY;
      store<i32>(to, int(args, entry + 2 + 2 * k) * <i32>pixel);
      store<i32>(to, int(args, entry + 1 + 2 * k) * <i32>pixel, 4);
    }
  }

  const last = partStart(chunk + 1, chunks, batch * rows, 1);
  for (let row = partStart(chunk, chunks, batch * rows, 1); row < last; row++) {
    const image = source + <usize>(row / rows) * <usize>sourceRows * sourceRow;
    const y = row % rows;
    const entry = rowTable + 3 + (y % rowPhases) * (1 + 2 * mostRows);
    let count = 0;
    for (let k = 0; k < int(args, entry); k++) {
      const place = (y / rowPhases) * rowStep + int(args, entry + 2 + 2 * k);
      if (place < 0 || place >= sourceRows) continue;
      const to = scratch + <usize>count * ENTRY;
      store<i32>(to, place * <i32>sourceRow);
      store<i32>(to, int(args, entry + 1 + 2 * k) * filterColumns * <i32>pixel, 4);
      count++;
    }
    for (let phase = 0; phase < phases; phase++) {
      const length = (columns - phase + phases - 1) / phases;
      if (length <= 0) continue;
      const taps = int(args, columnTable + 3 + phase * (1 + 2 * most));
      const list = columnLists + <usize>(phase * most) * ENTRY;
      let n = 0;
      while (n < length) {
        // The taps of output n that lie inside, and how far the run of outputs with the same ones goes.
        let from = 0;
        let to = taps;
        let end = length;
        while (from < taps && n * step + offset(list, from, pixel) < 0) from++;
        while (to > from && n * step + offset(list, to - 1, pixel) >= sourceColumns) to--;
        if (from > 0) end = min(end, ceiling(-offset(list, from - 1, pixel), step));
        if (to > from) end = min(end, ceiling(sourceColumns - offset(list, to - 1, pixel), step));
        else if (from < taps) end = min(end, n + 1);
        pixels(
          image + <usize>(n * step) * pixel,
          <usize>step * pixel,
          scratch,
          count,
          list + <usize>from * ENTRY,
          to - from,
          filter,
          out + (<usize>row * <usize>columns + <usize>(n * phases + phase)) * pixel,
          <usize>phases * pixel,
          max(end, n + 1) - n,
          channels,
          bias,
          activation,
        );
        n = max(end, n + 1);
      }
    }
  }
}

/** How many pixels from an output's place the source of tap `k` lies. */
// @ts-ignore: decorator
@inline
function offset(list: usize, k: i32, pixel: usize): i32 {
  return load<i32>(list + <usize>k * ENTRY) / <i32>pixel;
}

/** The least n with `n · step ≥ length`, for a positive length. */
// @ts-ignore: decorator
@inline
function ceiling(length: i32, step: i32): i32 {
  return (length + step - 1) / step;
}
