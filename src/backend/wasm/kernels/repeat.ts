/** Numbers several times in a row, and the gradient of that. */
import {address, int, partStart} from './call';

/**
 * Each number `times` times in a row.
 *
 * @param args from, to, numbers, times, chunks
 */
export function repeat(args: usize, chunk: i32, _scratch: usize): void {
  const numbers = int(args, 2);
  const times = int(args, 3);
  const chunks = int(args, 4);
  const start = partStart(chunk, chunks, numbers, 1);
  const end = partStart(chunk + 1, chunks, numbers, 1);
  const from = address(args, 0);
  let to = address(args, 1) + ((<usize>start * <usize>times) << 2);
  for (let i = start; i < end; i++) {
    const value = load<f32>(from + ((<usize>i) << 2));
    for (let q = 0; q < times; q++) {
      store<f32>(to, value);
      to += 4;
    }
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
