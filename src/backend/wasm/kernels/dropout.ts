/**
 * Dropout: Philox4x32-10 (Salmon et al. 2011) on four counters at a time, one in each lane, which makes the words of
 * 16 elements. An element's word is a function of the key and of its index, so chunks need to know nothing of each
 * other. Products of 32 by 32 bits are what SIMD has two at a time (extmul); all else is xor, shuffle and add.
 */
import {address, int, partStart, real} from './call';

/** Elements whose factors are drawn at once. */
const BLOCK = 16;

/** The upper 32 of the 64 bits of each lane's product. */
// @ts-ignore: decorator
@inline
function highWords(x: v128, y: v128): v128 {
  return v128.shuffle<i32>(
    i64x2.extmul_low_i32x4_u(x, y),
    i64x2.extmul_high_i32x4_u(x, y),
    1, 3, 5, 7,
  );
}

/**
 * Writes the factors of 16 elements, of which `counter` is the first one's index by 4, to memory: `scale` where the
 * word is at least `threshold`, or 0.
 */
// @ts-ignore: decorator
@inline
function draw(counter: i32, key0: i32, key1: i32, threshold: v128, scale: v128, to: usize): void {
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  let a = i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3));
  let b = i32x4.splat(0);
  let c = b;
  let d = b;
  for (let round = 0; round < 10; round++) {
    const high = highWords(a, m0);
    const low = i32x4.mul(a, m0);
    a = v128.xor(v128.xor(highWords(c, m1), b), i32x4.splat(key0));
    b = i32x4.mul(c, m1);
    c = v128.xor(v128.xor(high, d), i32x4.splat(key1));
    d = low;
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  // A counter's words are those of neighbours.
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abNext = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdNext = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, factors(v128.shuffle<i64>(ab, cd, 0, 2), threshold, scale));
  v128.store(to, factors(v128.shuffle<i64>(ab, cd, 1, 3), threshold, scale), 16);
  v128.store(to, factors(v128.shuffle<i64>(abNext, cdNext, 0, 2), threshold, scale), 32);
  v128.store(to, factors(v128.shuffle<i64>(abNext, cdNext, 1, 3), threshold, scale), 48);
}

// @ts-ignore: decorator
@inline
function factors(words: v128, threshold: v128, scale: v128): v128 {
  return v128.and(i32x4.ge_u(words, threshold), scale);
}

/**
 * `to = x · (0 or scale)`, so that NaN stays NaN. Scratch: 64 bytes.
 *
 * @param args x, to, size, the key's two words, threshold (these three with a sign), scale, chunks
 */
export function dropout(args: usize, chunk: i32, scratch: usize): void {
  const size = int(args, 2);
  const key0 = int(args, 3);
  const key1 = int(args, 4);
  const threshold = i32x4.splat(int(args, 5));
  const scale = f32x4.splat(real(args, 6));
  const chunks = int(args, 7);
  const end = partStart(chunk + 1, chunks, size, BLOCK);
  for (let i = partStart(chunk, chunks, size, BLOCK); i < end; i += BLOCK) {
    draw(i >> 2, key0, key1, threshold, scale, scratch);
    const x = address(args, 0) + (<usize>i << 2);
    const to = address(args, 1) + (<usize>i << 2);
    const bytes = <usize>min(BLOCK, end - i) << 2;
    let at: usize = 0;
    for (; at + 16 <= bytes; at += 16)
      v128.store(to + at, f32x4.mul(v128.load(x + at), v128.load(scratch + at)));
    for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(x + at) * load<f32>(scratch + at));
  }
}
