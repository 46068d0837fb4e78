/** The gradient of a softmax of rows; the softmax itself is XNNPACK's, which is faster than ours was. */
import {address, int, madd, partStart} from './call';
import {rest, storeRest, total} from './row';

/**
 * `y · (dy − Σ y · dy)` of each row y of a softmax. A chunk is some rows.
 *
 * @param args y, dy, to, rows, classes, chunks
 */
export function softmaxGradient(args: usize, chunk: i32, _scratch: usize): void {
  const rows = int(args, 3);
  const classes = int(args, 4);
  const chunks = int(args, 5);
  const rowBytes = <usize>classes << 2;
  const bytes = <usize>(classes & ~3) << 2;
  const count = classes & 3;
  const end = partStart(chunk + 1, chunks, rows, 1);
  for (let i = partStart(chunk, chunks, rows, 1); i < end; i++) {
    const y = address(args, 0) + <usize>i * rowBytes;
    const dy = address(args, 1) + <usize>i * rowBytes;
    const to = address(args, 2) + <usize>i * rowBytes;
    let products = f32x4.splat(0);
    for (let j: usize = 0; j < bytes; j += 16) products = madd(v128.load(y + j), v128.load(dy + j), products);
    if (count != 0) products = madd(rest(y + bytes, count, 0), rest(dy + bytes, count, 0), products);
    const mean = f32x4.splat(total(products));
    for (let j: usize = 0; j < bytes; j += 16)
      v128.store(to + j, f32x4.mul(v128.load(y + j), f32x4.sub(v128.load(dy + j), mean)));
    if (count != 0) {
      const slope = f32x4.sub(rest(dy + bytes, count, 0), mean);
      storeRest(to + bytes, count, f32x4.mul(rest(y + bytes, count, 0), slope));
    }
  }
}
