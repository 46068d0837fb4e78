/** Bias gradients of convolutions: sums over all pixels. */
import {gradientFactor} from './activation';
import {address, int, partStart} from './call';

/** Rows that are summed in a register before they are added to the sums: they stay in the cache, and few round off. */
const ROWS: i32 = 64;

/**
 * `parts[chunk][c] = Σ_r dy[r][c] · activation'(y[r][c])` over a chunk's rows. `sumParts` adds them up.
 *
 * @param args dy, y and its activation (0 for none), parts, rows, channels, chunks
 */
export function convBiasGradient(args: usize, chunk: i32, _scratch: usize): void {
  const dy = address(args, 0);
  const y = address(args, 1);
  const activation = int(args, 2);
  const rows = int(args, 4);
  const bytes = (<usize>int(args, 5)) << 2;
  const chunks = int(args, 6);
  const sums = address(args, 3) + <usize>chunk * bytes;
  const last = partStart(chunk + 1, chunks, rows, 1);
  memory.fill(sums, 0, bytes);
  for (let row = partStart(chunk, chunks, rows, 1); row < last; row += ROWS) {
    const count = min(ROWS, last - row);
    const start = <usize>row * bytes;
    let c: usize = 0;
    for (; c + 16 <= bytes; c += 16) {
      let sum = f32x4.splat(0);
      let at = start + c;
      for (let r = 0; r < count; r++, at += bytes) {
        const value = v128.load(dy + at);
        sum = f32x4.add(sum, y == 0 ? value : f32x4.mul(value, gradientFactor(v128.load(y + at), activation)));
      }
      v128.store(sums + c, f32x4.add(v128.load(sums + c), sum));
    }
    for (; c < bytes; c += 4) {
      let sum: f32 = 0;
      let at = start + c;
      for (let r = 0; r < count; r++, at += bytes) {
        const value = load<f32>(dy + at);
        if (y == 0) sum += value;
        else sum += value * f32x4.extract_lane(gradientFactor(v128.load32_splat(y + at), activation), 0);
      }
      store<f32>(sums + c, load<f32>(sums + c) + sum);
    }
  }
}
