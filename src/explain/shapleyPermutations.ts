/** Shapley values by random orders of the features, each walked forth and back. */
import {ConfigurationError} from '../core';
import type {Random} from '../core';
import type {Game} from './game';
import type {Played} from './playedValues';

const BLOCK = 1024;

/**
 * What features add when they come in random orders. An order and its reverse together value additive games and pairs of
 * features exactly.
 *
 * @param maxEvaluations how many coalitions it may ask for
 * @throws ConfigurationError for fewer than one order takes.
 */
export async function playPermutations(game: Game, maxEvaluations: number, random: Random): Promise<Played> {
  const {players, columns} = game;
  const {none, all} = await game.ends();
  if (players === 1) return {values: all.map((value, i) => value - none[i]!), base: none, all};
  // Forth and back, without nobody and everybody, who are known.
  const each = 2 * (players - 1);
  const orders = Math.floor((maxEvaluations - 2) / each);
  if (orders < 1) {
    throw new ConfigurationError(`maxEvaluations of ${maxEvaluations} is too few for ${players} features.`, {
      hint: `One order takes ${each + 2}: raise it, or group features by a featureMask.`,
      code: 'configuration/evaluations',
    });
  }
  const sums = new Float64Array(players * columns);
  const squares = new Float64Array(players * columns);
  const block = Math.max(1, Math.floor(BLOCK / each));
  for (let done = 0; done < orders; done += block) {
    const some = Array.from({length: Math.min(block, orders - done)}, () => random.permutation(players));
    const coalitions = new Uint8Array(some.length * each * players);
    some.forEach((order, i) => {
      const walk = coalitions.subarray(i * each * players, (i + 1) * each * players);
      fillWalk(walk, order);
      fillWalk(walk.subarray((players - 1) * players), order.slice().reverse());
    });
    const values = await game.values(coalitions);
    some.forEach((order, i) => {
      for (let column = 0; column < columns; column++) {
        // The steps back are those of the reverse order.
        const at = (step: number, isBack: boolean): number => {
          if (step === 0) return none[column]!;
          if (step === players) return all[column]!;
          return values[(i * each + (isBack ? players - 1 : 0) + step - 1) * columns + column]!;
        };
        order.forEach((player, place) => {
          const forth = at(place + 1, false) - at(place, false);
          const back = at(players - place, true) - at(players - place - 1, true);
          const mean = (forth + back) / 2;
          sums[player * columns + column]! += mean;
          squares[player * columns + column]! += mean * mean;
        });
      }
    });
  }
  const values = sums.map(sum => sum / orders);
  const standardErrors =
    orders < 2
      ? undefined
      : values.map((mean, i) => Math.sqrt(Math.max(0, squares[i]! / orders - mean * mean) / (orders - 1)));
  return {values, base: none, all, standardErrors};
}

/** The coalitions on the way from the first player of an order to all but the last. */
function fillWalk(walk: Uint8Array, order: Uint32Array): void {
  const players = order.length;
  for (let step = 0; step < players - 1; step++) {
    const row = walk.subarray(step * players, (step + 1) * players);
    for (let i = 0; i <= step; i++) row[order[i]!] = 1;
  }
}
