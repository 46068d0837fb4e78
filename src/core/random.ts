/**
 * Seeded random numbers. Everything random in glassbox is a pure function of one seed and of where it is
 * used (epoch, step, layer, draw), so that a run can be continued from its position alone.
 */

import {ConfigurationError} from './errors';

/** What a random stream is keyed by: numbers and words, in order. */
export type RandomKey = readonly (number | string)[];

/**
 * A 32-bit hash of a key: the seed of the stream that belongs to it (MurmurHash3's mixing, Appleby 2008).
 *
 * @example
 * hashKey(42, 'shuffle', 3) === hashKey(42, 'shuffle', 3); // true
 */
export function hashKey(...key: RandomKey): number {
  let hash = 0x9747b28c;
  for (const part of key) {
    if (typeof part === 'number') {
      hash = mix(hash, part | 0);
      hash = mix(hash, Math.floor(part / 4294967296) | 0);
    } else {
      for (let i = 0; i < part.length; i++) hash = mix(hash, part.charCodeAt(i));
      hash = mix(hash, part.length ^ 0x5bd1e995);
    }
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mix(hash: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  hash ^= Math.imul(k, 0x1b873593);
  hash = (hash << 13) | (hash >>> 19);
  return (Math.imul(hash, 5) + 0xe6546b64) | 0;
}

/**
 * A stream of random numbers (sfc32, Chris Doty-Humphrey's small fast counting generator), seeded by a key.
 *
 * @example
 * const random = new Random(42, 'augment');
 * random.uniform(); // in [0, 1)
 * random.integer(6); // 0 … 5
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(...key: RandomKey) {
    this.a = hashKey(...key, 0);
    this.b = hashKey(...key, 1);
    this.c = hashKey(...key, 2);
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** The next 32 random bits, as an unsigned integer. */
  bits(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** A number in [0, 1) with 53 random bits, as `Math.random` gives. */
  uniform(): number {
    return ((this.bits() >>> 5) * 67108864 + (this.bits() >>> 6)) / 9007199254740992;
  }

  /** An integer from 0 to `below` − 1, without bias. */
  integer(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  /** A draw from the normal distribution with mean 0 and standard deviation 1 (Box and Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** The numbers 0 … `length` − 1 in random order (Fisher and Yates). */
  permutation(length: number): Uint32Array {
    const order = Uint32Array.from({length}, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swap = order[i]!;
      order[i] = order[j]!;
      order[j] = swap;
    }
    return order;
  }
}

/**
 * Runs `build` with every unseeded random draw in it fixed by `seed`, and returns what it returns. Models
 * built twice under the same seed start from the same weights, on every backend.
 *
 * `build` must be synchronous, and the model must know its input shape, so that its weights are made inside.
 *
 * @throws ConfigurationError if `build` is no function, or gives a promise.
 *
 * @example
 * const build = () => layers.sequential({layers: [layers.layers.dense({units: 1, inputShape: [2]})]});
 * const weights = [1, 2].map(() => withSeed(42, build).getWeights()[0].arraySync());
 * String(weights[0]) === String(weights[1]); // true
 */
export function withSeed<T>(seed: number, build: () => T): T {
  if (typeof build !== 'function') {
    throw new ConfigurationError(
      `withSeed() takes a seed and a function, got ${typeof build} for the function.`,
      {
        hint: 'Write withSeed(1, () => …), with all that is to be seeded inside.',
        code: 'configuration/function',
      },
    );
  }
  const built = withRandomSource(new Random(seed, 'withSeed'), build);
  if (built instanceof Promise) {
    // Nobody else will look at it.
    built.catch(() => undefined);
    throw new ConfigurationError('withSeed() was given an asynchronous function.', {
      hint: 'What comes after its first await would not be seeded: load first, then build inside withSeed.',
      code: 'configuration/async',
    });
  }
  return built;
}

/**
 * Runs a synchronous function with `Math.random` answered by `random`: tfjs seeds every unseeded draw
 * (dropout, noise, initializers) from it.
 */
export function withRandomSource<T>(random: Random, run: () => T): T {
  const original = Math.random;
  Math.random = () => random.uniform();
  try {
    return run();
  } finally {
    Math.random = original;
  }
}
