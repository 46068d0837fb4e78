/** The coalitions that KernelSHAP asks for, and their weights in its regression. */
import {ConfigurationError} from '../core';
import type {Random} from '../core';
import {choose} from './shapleyValues';

/** Coalitions, neither empty nor full, and what they weigh in a regression. */
export interface WeightedCoalitions {
  readonly count: number;
  /** `[count, players]` ones and zeros. A drawn coalition is followed by its complement, where that was drawn with it. */
  readonly data: Uint8Array;
  readonly weights: Float64Array;
  /** The first of those that are drawn, to stand for all of their sizes; those before stand for themselves. */
  readonly firstDrawn: number;
}

/**
 * Sizes that the samples suffice for are there in full, the smallest and largest first; of the others coalitions are
 * drawn, each with its complement (Lundberg and Lee 2017, as in shap's KernelExplainer). Where all 2^players − 2
 * coalitions fit, they are all there.
 *
 * @param players at least 2
 * @param samples how many coalitions to ask for at most
 */
export function kernelCoalitions(players: number, samples: number, random: Random): WeightedCoalitions {
  const most = players < 31 ? 2 ** players - 2 : Infinity;
  const capacity = Math.min(samples, most);
  if (capacity * players > 2 ** 32) {
    throw new ConfigurationError(`There is no room for ${samples} samples of ${players} features.`, {
      hint: 'Ask for fewer: twice the features and 2,048 is usual.',
    });
  }
  const data = new Uint8Array(capacity * players);
  const weights = new Float64Array(capacity);
  let count = 0;
  const push = (members: ArrayLike<number>, isComplement: boolean, weight: number): void => {
    const row = data.subarray(count * players, (count + 1) * players).fill(isComplement ? 1 : 0);
    for (let i = 0; i < members.length; i++) row[members[i]!] = isComplement ? 0 : 1;
    weights[count++] = weight;
  };

  // A size stands for its complements too, unless it is exactly half of the players.
  const sizes = Array.from({length: players >> 1}, (_, i) => i + 1);
  const isPaired = (size: number): boolean => 2 * size < players;
  const shares = sizes.map(size => ((isPaired(size) ? 2 : 1) * (players - 1)) / (size * (players - size)));
  const total = shares.reduce((sum, share) => sum + share, 0);
  let left = 1;
  let next = 0;
  for (; next < sizes.length; next++) {
    const size = sizes[next]!;
    const share = shares[next]! / total;
    const inSize = (isPaired(size) ? 2 : 1) * choose(players, size);
    if (capacity < most && ((capacity - count) * share) / left < inSize * (1 - 1e-8)) break;
    for (const members of subsets(players, size)) {
      push(members, false, share / inSize);
      if (isPaired(size)) push(members, true, share / inSize);
    }
    left -= share;
  }
  const firstDrawn = count;
  if (next === sizes.length) return {count, data, weights, firstDrawn};

  // A draw of a paired size brings two coalitions.
  const chances = shares.slice(next).map((share, i) => (isPaired(sizes[next + i]!) ? share / 2 : share));
  const known = new Map<string, number>();
  // Coalitions come again: those weigh more. Where hardly any are new, enough is known.
  for (let draws = 4 * (capacity - count); draws > 0 && count < capacity; draws--) {
    const size = sizes[next + pick(chances, random)]!;
    const members = random.permutation(players).subarray(0, size).sort();
    const at = known.get(members.join());
    if (at === undefined) {
      known.set(members.join(), count);
      push(members, false, 1);
      if (isPaired(size) && count < capacity) push(members, true, 1);
    } else {
      weights[at]!++;
      if (isPaired(size) && at + 1 < count) weights[at + 1]!++;
    }
  }
  const drawn = weights.subarray(firstDrawn, count);
  const sum = drawn.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < drawn.length; i++) drawn[i]! *= left / sum;
  return {count, data: data.subarray(0, count * players), weights: weights.subarray(0, count), firstDrawn};
}

/** All subsets of a size, in lexicographic order; the array is the same each time. */
function* subsets(n: number, size: number): Generator<Uint32Array> {
  const members = Uint32Array.from({length: size}, (_, i) => i);
  for (;;) {
    yield members;
    let last = size - 1;
    while (last >= 0 && members[last] === n - size + last) last--;
    if (last < 0) return;
    members[last]!++;
    for (let i = last + 1; i < size; i++) members[i] = members[i - 1]! + 1;
  }
}

/** An index, by chances that need not sum to one. */
function pick(chances: readonly number[], random: Random): number {
  let at = random.uniform() * chances.reduce((sum, chance) => sum + chance, 0);
  for (const [i, chance] of chances.entries()) if ((at -= chance) < 0) return i;
  return chances.length - 1;
}
