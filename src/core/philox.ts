/**
 * Random numbers by counting: Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3" (SC 2011). Number i is a function of a key and of i alone, so any part of a sequence can be drawn on its
 * own, in any order, on any number of threads.
 */

/** Two words of 32 bits, without a sign. */
export type PhiloxKey = readonly [number, number];

const ROUNDS = 10;
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const KEY_STEPS = [0x9e3779b9, 0xbb67ae85] as const;

/**
 * Writes the four random words of one counter of four words to `into`, without a sign.
 *
 * @param counter four words of 32 bits
 */
export function philox(counter: ArrayLike<number>, key: PhiloxKey, into: Uint32Array): void {
  let [a, b, c, d] = [counter[0]! | 0, counter[1]! | 0, counter[2]! | 0, counter[3]! | 0];
  let [first, second] = [key[0] | 0, key[1] | 0];
  for (let round = 0; round < ROUNDS; round++) {
    const high = highWord(a, MULTIPLIERS[0]);
    const low = Math.imul(a, MULTIPLIERS[0]);
    a = highWord(c, MULTIPLIERS[1]) ^ b ^ first;
    b = Math.imul(c, MULTIPLIERS[1]);
    c = high ^ d ^ second;
    d = low;
    first = (first + KEY_STEPS[0]) | 0;
    second = (second + KEY_STEPS[1]) | 0;
  }
  into[0] = a;
  into[1] = b;
  into[2] = c;
  into[3] = d;
}

/** The upper 32 of the 64 bits of a product of words without a sign. */
function highWord(x: number, y: number): number {
  const [xLow, xHigh, yLow, yHigh] = [x & 0xffff, x >>> 16, y & 0xffff, y >>> 16];
  const middle = xHigh * yLow + ((xLow * yLow) >>> 16);
  const carried = xLow * yHigh + (middle & 0xffff);
  return (xHigh * yHigh + (middle >>> 16) + (carried >>> 16)) | 0;
}

/** What the random words of the elements that dropout drops are below. */
export function dropThreshold(rate: number): number {
  return Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
}

/**
 * What dropout multiplies `size` elements by: 0 with probability `rate`, otherwise `1 / (1 − rate)`. The word of
 * element i is word `i mod 4` of the counter `⌊i / 4⌋`.
 *
 * @param rate from 0 to below 1
 */
export function dropoutFactors(size: number, rate: number, key: PhiloxKey): Float32Array {
  const factors = new Float32Array(size);
  const threshold = dropThreshold(rate);
  const kept = 1 / (1 - rate);
  const counter = new Uint32Array(4);
  const words = new Uint32Array(4);
  for (let i = 0; i < size; i += 4) {
    counter[0] = i / 4;
    philox(counter, key, words);
    // Writing beyond the end does nothing.
    for (let word = 0; word < 4; word++) factors[i + word] = words[word]! >= threshold ? kept : 0;
  }
  return factors;
}
