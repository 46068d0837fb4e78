/**
 * Players whose hiding changes nothing, as where the example is what the background is in every row: they are worth
 * nothing in any coalition, so the game is played without them (as shap does with features that do not vary).
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import type {Features} from './featureMask';
import type {MaskedExample} from './featureMasker';
import type {Played} from './playedValues';

/** @returns one for each feature all of whose numbers are the example's in each row of the background, zero for others */
export async function idleFeatures(
  {count, labels}: Features,
  example: readonly Tensor[],
  background: readonly Tensor[],
): Promise<Uint8Array> {
  const idle = new Uint8Array(count).fill(1);
  for (const [input, owners] of labels.entries()) {
    const own = await example[input]!.data();
    const rows = await background[input]!.data();
    for (let i = 0; i < rows.length; i++) {
      const at = i % owners.length;
      if (rows[i] !== own[at]) idle[owners[at]!] = 0;
    }
  }
  return idle;
}

/** A game of fewer players, and its values among those of all. */
export interface Reduced {
  readonly masked: MaskedExample;
  restore(played: Played, columns: number): Played;
}

/** Plays without the idle ones. One player stays at least. */
export async function withoutIdle(masked: MaskedExample, shape: 'features' | 'pairs'): Promise<Reduced> {
  const {players} = masked;
  const idle = (await masked.idle?.()) ?? new Uint8Array(players);
  const everyone = Array.from({length: players}, (_, player) => player);
  const busy = everyone.filter(player => idle[player] === 0);
  if (busy.length === players) return {masked, restore: played => played};
  const active = busy.length > 0 ? busy : [0];
  const places =
    shape === 'pairs' ? active.flatMap(one => active.map(other => one * players + other)) : active;
  const spread = (values: Float64Array, columns: number): Float64Array => {
    const all = new Float64Array(players ** (shape === 'pairs' ? 2 : 1) * columns);
    places.forEach((place, i) => all.set(values.subarray(i * columns, (i + 1) * columns), place * columns));
    return all;
  };
  return {
    masked: {
      players: active.length,
      rows: masked.rows,
      mask(coalitions, count, first, rows) {
        const all = new Uint8Array(count * players).fill(1);
        for (let i = 0; i < count; i++) {
          active.forEach((player, j) => (all[i * players + player] = coalitions[i * active.length + j]!));
        }
        return masked.mask(all, count, first, rows);
      },
      dispose: () => masked.dispose(),
    },
    restore: ({values, standardErrors, ...ends}, columns) => ({
      ...ends,
      values: spread(values, columns),
      ...(standardErrors && {standardErrors: spread(standardErrors, columns)}),
    }),
  };
}
