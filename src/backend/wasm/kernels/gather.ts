/** Copies of slices that a list of indices names: rows of an embedding table. */
import {address, int, partStart} from './call';

/** Copies `bytes`, a multiple of 4. */
// @ts-ignore: decorator
@inline
function copy(to: usize, from: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i < bytes; i += 4) store<i32>(to + i, load<i32>(from + i));
}

/**
 * `to[o][i] = x[o][indices[i]]` for slices of `width` numbers of 4 bytes. A chunk is a range of the slices.
 *
 * @param args x, indices (int32, checked by the caller), to, outer, length (of x's axis), count (of indices), width,
 *   chunks
 */
export function gather(args: usize, chunk: i32, _scratch: usize): void {
  const x = address(args, 0);
  const indices = address(args, 1);
  const length = int(args, 4);
  const count = int(args, 5);
  const bytes = (<usize>int(args, 6)) << 2;
  const chunks = int(args, 7);
  const slices = int(args, 3) * count;
  const first = partStart(chunk, chunks, slices, 1);
  const last = partStart(chunk + 1, chunks, slices, 1);
  let to = address(args, 2) + <usize>first * bytes;
  for (let slice = first; slice < last; slice++) {
    const index = load<i32>(indices + ((<usize>(slice % count)) << 2));
    copy(to, x + <usize>((slice / count) * length + index) * bytes, bytes);
    to += bytes;
  }
}
