/** Shapley and interaction values of a game of which all coalitions are known, in float64. */
import {ConfigurationError} from '../core';
import type {Game} from './game';

const MOST_PLAYERS = 20;
const BLOCK = 4096;

/**
 * The values of all 2^players coalitions, `[coalitions, columns]`; player j is there in those with bit j.
 *
 * @throws ConfigurationError for more than 20 players.
 */
export async function allValues(game: Game): Promise<Float64Array> {
  const {players, columns, chunk} = game;
  if (players > MOST_PLAYERS) {
    throw new ConfigurationError(
      `Exact Shapley values of ${players} features take 2^${players} coalitions.`,
      {
        hint: `Group them by a featureMask (up to ${MOST_PLAYERS} groups), or use {method: 'permutation'} or KernelShap.`,
        code: 'configuration/players',
      },
    );
  }
  const all = 2 ** players;
  const block = Math.ceil(BLOCK / chunk) * chunk;
  const values = new Float64Array(all * columns);
  for (let first = 0; first < all; first += block) {
    const count = Math.min(block, all - first);
    const coalitions = new Uint8Array(count * players);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < players; j++) coalitions[i * players + j] = ((first + i) >> j) & 1;
    }
    values.set(await game.values(coalitions), first * columns);
  }
  return values;
}

/** @param values of all coalitions, by their bits */
export function shapleyValues(values: Float64Array, players: number): Float64Array {
  // |S|! (M − |S| − 1)! / M!, for a coalition S without the player.
  const weights = Array.from({length: players}, (_, size) => 1 / (players * choose(players - 1, size)));
  const found = new Float64Array(players);
  for (let without = 0; without < values.length; without++) {
    const weight = weights[bits(without)]!;
    for (let j = 0; j < players; j++) {
      const bit = 1 << j;
      if ((without & bit) === 0) found[j]! += weight * (values[without | bit]! - values[without]!);
    }
  }
  return found;
}

/** `[players, players]`: see `Shapley.explainInteractions`. */
export function interactionValues(values: Float64Array, players: number): Float64Array {
  const found = new Float64Array(players * players);
  // Half of |S|! (M − |S| − 2)! / (M − 1)!, for a coalition S without both.
  const weights = Array.from(
    {length: Math.max(0, players - 1)},
    (_, size) => 1 / (2 * (players - 1) * choose(players - 2, size)),
  );
  for (let i = 0; i < players; i++) {
    for (let j = i + 1; j < players; j++) {
      const [a, b] = [1 << i, 1 << j];
      let sum = 0;
      for (let without = 0; without < values.length; without++) {
        if ((without & (a | b)) !== 0) continue;
        const together = values[without | a | b]! - values[without | a]! - values[without | b]!;
        sum += weights[bits(without)]! * (together + values[without]!);
      }
      found[i * players + j] = sum;
      found[j * players + i] = sum;
    }
  }
  shapleyValues(values, players).forEach((value, i) => {
    const shared = found.subarray(i * players, (i + 1) * players).reduce((sum, part) => sum + part, 0);
    found[i * players + i] = value - shared;
  });
  return found;
}

function bits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** How many sets of `k` there are among `n`. */
export function choose(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return result;
}
