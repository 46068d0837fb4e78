/** Owen values: what a group of features adds is shared between its parts, from all features down to each. */
import type {Game} from './game';
import type {PartitionNode, PartitionTree} from './partitionTree';
import type {Played} from './playedValues';
import {PriorityQueue} from './priorityQueue';

/** Groups parted at a time: a number of its own, so that values do not depend on how many rows the model takes. */
const ROUND = 16;

/** Which groups are there beside the one looked at. */
interface Context {
  readonly group: PartitionNode;
  readonly rest: Context | undefined;
}

/** A group in a context: what it adds is still to be shared among its features. */
interface Task {
  readonly group: PartitionNode;
  readonly context: Context | undefined;
  /** In how large a share of the orders it meets this context. */
  readonly weight: number;
  /** The values of the context without and with the group, `[columns]`. */
  readonly without: Float64Array;
  readonly together: Float64Array;
}

type Parting = Task & {readonly parts: readonly [PartitionNode, PartitionNode]};

/**
 * Parts the groups with the largest effects first. What groups add that are left whole is shared equally.
 *
 * @param maxEvaluations how many coalitions it may ask for, at least two
 */
export async function playPartition(
  game: Game,
  {root, order}: PartitionTree,
  maxEvaluations: number,
): Promise<Played> {
  const {players, columns} = game;
  const {none, all} = await game.ends();
  const values = new Float64Array(players * columns);
  const queue = new PriorityQueue<Parting>();
  const take = (task: Task): void => {
    const {parts} = task.group;
    if (parts) queue.push({...task, parts}, effect(task));
    else share(task);
  };
  const share = ({group: {first, size}, weight, without, together}: Task): void => {
    for (let column = 0; column < columns; column++) {
      const each = (weight * (together[column]! - without[column]!)) / size;
      for (let i = first; i < first + size; i++) values[order[i]! * columns + column]! += each;
    }
  };

  take({group: root, context: undefined, weight: 1, without: none, together: all});
  for (let left = maxEvaluations - 2; left >= 2 && queue.size > 0;) {
    const tasks = queue.take(Math.min(ROUND, Math.floor(left / 2)));
    left -= 2 * tasks.length;
    const coalitions = new Uint8Array(2 * tasks.length * players);
    tasks.forEach(({parts, context}, i) =>
      parts.forEach((group, part) => {
        const at = (2 * i + part) * players;
        show(coalitions.subarray(at, at + players), {group, rest: context}, order);
      }),
    );
    const found = await game.values(coalitions);
    tasks.forEach(({parts: [a, b], context, weight, without, together}, i) => {
      const [withA, withB] = [0, 1].map(part =>
        found.slice((2 * i + part) * columns, (2 * i + part + 1) * columns),
      ) as [Float64Array, Float64Array];
      const half = weight / 2;
      take({group: a, context, weight: half, without, together: withA});
      take({group: b, context, weight: half, without, together: withB});
      take({group: a, context: {group: b, rest: context}, weight: half, without: withB, together});
      take({group: b, context: {group: a, rest: context}, weight: half, without: withA, together});
    });
  }
  queue.take(Infinity).forEach(share);
  return {values, base: none, all};
}

/** How much there is to share, for the score where it is most. */
function effect({weight, without, together}: Task): number {
  return (
    together.reduce((most, value, column) => Math.max(most, Math.abs(value - without[column]!)), 0) * weight
  );
}

function show(row: Uint8Array, context: Context, order: readonly number[]): void {
  for (let at: Context | undefined = context; at; at = at.rest) {
    const {first, size} = at.group;
    for (let i = first; i < first + size; i++) row[order[i]!] = 1;
  }
}
