/** Sums of rows by the segments that a list of ids puts them in: the gradient of a look-up of rows. */
import {address, int, partStart} from './call';

/** `to += from`, of `bytes`. */
// @ts-ignore: decorator
@inline
function addRow(to: usize, from: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(from + i)));
  for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(from + i));
}

/**
 * `to[s] = Σ x[i] over the i with ids[i] = s`, for rows of `width` float32 numbers, added in their order; an id that
 * is not a segment's is passed over. A chunk is a range of the segments, and looks at all ids: no two chunks write
 * the same row, and no sum depends on how many chunks there are.
 *
 * @param args x, ids (int32), to, rows (of x), segments, width, chunks
 */
export function segmentSum(args: usize, chunk: i32, _scratch: usize): void {
  const ids = address(args, 1);
  const rows = int(args, 3);
  const segments = int(args, 4);
  const bytes = (<usize>int(args, 5)) << 2;
  const chunks = int(args, 6);
  const first = partStart(chunk, chunks, segments, 1);
  const count = partStart(chunk + 1, chunks, segments, 1) - first;
  const to = address(args, 2) + <usize>first * bytes;
  memory.fill(to, 0, <usize>count * bytes);
  let from = address(args, 0);
  for (let i = 0; i < rows; i++) {
    const segment = load<i32>(ids + ((<usize>i) << 2)) - first;
    // A negative number is a large one without its sign.
    if (<u32>segment < <u32>count) addRow(to + <usize>segment * bytes, from, bytes);
    from += bytes;
  }
}
