/** Hierarchies of features: which belong together, and how they are parted again. */
import {ConfigurationError} from '../core';

/**
 * Features in nested groups, by their numbers: `[[0, 1], [2, [3, 4]]]`. A group of more than two is parted in halves as
 * it is listed: `[0, 1, 2, 3]` as `[[0, 1], [2, 3]]`.
 */
export type Partition = readonly (number | Partition)[];

/** A group of features that stand side by side in the tree's order; a leaf has one and no parts. */
export interface PartitionNode {
  readonly first: number;
  readonly size: number;
  readonly parts?: readonly [PartitionNode, PartitionNode];
}

/** A hierarchy where every group has two parts. */
export interface PartitionTree {
  readonly root: PartitionNode;
  /** The features, from the first leaf to the last. */
  readonly order: readonly number[];
}

/**
 * The tree of a partition.
 *
 * @throws ConfigurationError for what is no nested groups of numbers, or does not list 0, 1, 2 … each once.
 */
export function partitionTree(partition: Partition): PartitionTree {
  const order: number[] = [];
  const grow = (group: number | Partition): PartitionNode => {
    if (!Array.isArray(group)) {
      if (!Number.isInteger(group) || (group as number) < 0) {
        throw badPartition(`holds ${String(group)}, which is no feature`);
      }
      return {first: order.push(group as number) - 1, size: 1};
    }
    const members = group as Partition;
    if (members.length === 0) throw badPartition('has a group of nothing');
    if (members.length === 1) return grow(members[0]!);
    const half = Math.floor(members.length / 2);
    const left = grow(members.slice(0, half));
    const right = grow(members.slice(half));
    return {first: left.first, size: left.size + right.size, parts: [left, right]};
  };
  if (!Array.isArray(partition)) throw badPartition('is no array');
  const root = grow(partition);
  const isThere = new Uint8Array(order.length);
  for (const feature of order) {
    if (feature >= order.length) continue;
    if (isThere[feature]) throw badPartition(`lists feature ${feature} twice`);
    isThere[feature] = 1;
  }
  const missing = isThere.indexOf(0);
  if (missing >= 0) {
    const most = order.reduce((a, b) => Math.max(a, b));
    throw badPartition(`lists feature ${most} but not ${missing}`);
  }
  return {root, order};
}

function badPartition(what: string): ConfigurationError {
  return new ConfigurationError(`The partition ${what}.`, {
    hint: 'Nest the numbers of all features, each once: [[0, 1], [2, [3, 4]]].',
    code: 'configuration/partition',
  });
}
