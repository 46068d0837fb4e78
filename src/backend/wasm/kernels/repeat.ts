/** Blocks of numbers several times in a row, and the gradient of that for single numbers. */
import {address, int, partStart} from './call';

/** Copies go on from a piece of about this many bytes, which lies in the nearest cache. */
const PIECE: usize = 4096;
/** Blocks of fewer bytes are copied in pieces of several. */
const SHORT: usize = 128;

/** Fills `bytes` with the number of 4 bytes at `from`. */
// @ts-ignore: decorator
@inline
function fill(to: usize, from: usize, bytes: usize): void {
  const value = v128.load32_splat(from);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, value);
  for (; i < bytes; i += 4) v128.store_lane<f32>(to + i, value, 0);
}

/** Copies `bytes`, a multiple of 4. */
// @ts-ignore: decorator
@inline
function copy(to: usize, from: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i < bytes; i += 4) store<i32>(to + i, load<i32>(from + i));
}

/** The block of `length` bytes at `from`, `bytes / length` times. */
// @ts-ignore: decorator
@inline
function copies(to: usize, from: usize, length: usize, bytes: usize): void {
  if (length == 4) return fill(to, from, bytes);
  if (length >= SHORT) {
    for (let i: usize = 0; i < bytes; i += length) copy(to + i, from, length);
    return;
  }
  // Of what is there as much again is copied, until it makes a piece.
  copy(to, from, length);
  let piece = length;
  for (let i = length; i < bytes; ) {
    const next = min(piece, bytes - i);
    copy(to + i, to, next);
    i += next;
    if (piece < PIECE) piece = i;
  }
}

/**
 * Each block of `length` numbers of 4 bytes `times` times in a row. A chunk is a range of the copies.
 *
 * @param args from, to, blocks, length, times, chunks
 */
export function repeat(args: usize, chunk: i32, _scratch: usize): void {
  const length = (<usize>int(args, 3)) << 2;
  const times = int(args, 4);
  const chunks = int(args, 5);
  const total = int(args, 2) * times;
  let done = partStart(chunk, chunks, total, 1);
  const end = partStart(chunk + 1, chunks, total, 1);
  const from = address(args, 0);
  const to = address(args, 1);
  let block = done / times;
  let start = done - block * times;
  while (done < end) {
    const count = min(times - start, end - done);
    copies(to + <usize>done * length, from + <usize>block * length, length, <usize>count * length);
    done += count;
    block++;
    start = 0;
  }
}

/**
 * The sum of every `times` numbers in a row.
 *
 * @param args from, to, numbers (sums), times, chunks
 */
export function sumRepeated(args: usize, chunk: i32, _scratch: usize): void {
  const numbers = int(args, 2);
  const times = int(args, 3);
  const chunks = int(args, 4);
  const start = partStart(chunk, chunks, numbers, 1);
  const end = partStart(chunk + 1, chunks, numbers, 1);
  let from = address(args, 0) + ((<usize>start * <usize>times) << 2);
  const to = address(args, 1);
  for (let i = start; i < end; i++) {
    let sum: f32 = 0;
    for (let q = 0; q < times; q++) {
      sum += load<f32>(from);
      from += 4;
    }
    store<f32>(to + ((<usize>i) << 2), sum);
  }
}
