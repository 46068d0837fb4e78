import {describe, expect, it} from 'vitest';
import {Random} from '../../src/core';
import {correlationPartition} from '../../src/explain/correlationPartition';
import {PriorityQueue} from '../../src/explain/priorityQueue';
import {spatialPartition} from '../../src/explain/spatialPartition';

const single = (count: number) => ({count, labels: [Int32Array.from({length: count}, (_, i) => i)]});

describe('the partition by places', () => {
  it('halves an image across its longest axis, down to its pixels', () => {
    // A square is halved from above to below.
    expect(spatialPartition(single(8), [2, 4, 1])).toEqual([
      [
        [[0], [1]],
        [[4], [5]],
      ],
      [
        [[2], [3]],
        [[6], [7]],
      ],
    ]);
  });

  it('leaves the channels of a pixel, and the numbers of a vector, in one group', () => {
    expect(spatialPartition(single(6), [1, 2, 3])).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(spatialPartition(single(5), [5])).toEqual([0, 1, 2, 3, 4]);
  });

  it('parts an odd number of steps between steps', () => {
    expect(spatialPartition(single(6), [3, 2])).toEqual([
      [0, 1],
      [
        [2, 3],
        [4, 5],
      ],
    ]);
  });

  it('puts segments where their numbers are on average', () => {
    // Two segments on the left, numbered apart, and one on the right.
    const labels = [Int32Array.from([0, 0, 1, 1, 2, 2, 1, 1])];
    expect(spatialPartition({count: 3, labels}, [2, 4, 1])).toEqual([[[0], [2]], [1]]);
  });
});

describe('the partition by correlation', () => {
  const random = new Random(3, 'columns');
  const rows = 50;
  const [a, b] = [0, 1].map(() => Array.from({length: rows}, () => random.normal())) as [number[], number[]];
  const near = (values: readonly number[], scale: number) =>
    values.map(value => scale * (value + 0.1 * random.normal()));
  const table = (...columns: number[][]) => a.flatMap((_, row) => columns.map(column => column[row]!));

  it('puts columns together that rise and fall together, whatever their units', () => {
    const data = table(a, b, near(a, 1000), near(b, 0.01));
    expect(correlationPartition(data, rows, single(4))).toEqual([
      [
        [0, 2],
        [1, 3],
      ],
    ]);
  });

  it('puts a column that never changes apart, and keeps opposites apart', () => {
    const constant = a.map(() => 7);
    const opposite = near(a, -1);
    expect(correlationPartition(table(constant, a, near(a, 2)), rows, single(3))).toEqual([[0, [1, 2]]]);
    expect(correlationPartition(table(a, opposite, near(a, 3)), rows, single(3))).toEqual([[[0, 2], 1]]);
  });

  it('merges as average linkage by its definition does', () => {
    for (const players of [1, 2, 5, 12]) {
      const columns = Array.from({length: players}, () => a.map(() => random.normal()));
      const owners = Int32Array.from([...Array(players).keys(), 0]);
      const all = [...columns, columns[0]!.map(value => value + random.normal())];
      const found = correlationPartition(table(...all), rows, {count: players, labels: [owners]});
      expect(clusters(found)).toEqual(clusters(averageLinkage(all, owners, players)));
    }
  });

  type Tree = number | readonly Tree[];

  /** The members of every group, in an order of their own. */
  function clusters(tree: Tree): string[] {
    const found: string[] = [];
    const members = (at: Tree): number[] => {
      const all = typeof at === 'number' ? [at] : at.flatMap(members);
      found.push(all.sort((x, y) => x - y).join());
      return all;
    };
    members(tree);
    return [...new Set(found)].sort();
  }

  /** Merges the two clusters of which the columns are nearest on average, until one is left. */
  function averageLinkage(columns: number[][], owners: Int32Array, count: number): Tree {
    let groups = Array.from({length: count}, (_, feature): {tree: Tree; columns: number[][]} => ({
      tree: feature,
      columns: columns.filter((_column, i) => owners[i] === feature),
    }));
    while (groups.length > 1) {
      const ways = groups.flatMap((one, i) =>
        groups.slice(i + 1).map(other => {
          const distances = one.columns.flatMap(p => other.columns.map(q => 1 - correlation(p, q)));
          return {one, other, far: distances.reduce((x, y) => x + y) / distances.length};
        }),
      );
      const {one, other} = ways.reduce((best, way) => (way.far < best.far ? way : best));
      groups = groups.filter(group => group !== one && group !== other);
      groups.push({tree: [one.tree, other.tree], columns: [...one.columns, ...other.columns]});
    }
    return groups[0]!.tree;
  }

  function correlation(p: readonly number[], q: readonly number[]): number {
    const mean = (values: readonly number[]) => values.reduce((x, y) => x + y) / values.length;
    const [mp, mq] = [mean(p), mean(q)];
    const covariance = mean(p.map((value, i) => (value - mp) * (q[i]! - mq)));
    const variance = (values: readonly number[], m: number) => mean(values.map(value => (value - m) ** 2));
    return covariance / Math.sqrt(variance(p, mp) * variance(q, mq));
  }
});

describe('the queue of groups', () => {
  it('gives the largest first, of equals the one that came first', () => {
    const random = new Random(1, 'queue');
    const entries = Array.from({length: 200}, (_, turn) => ({turn, priority: random.integer(20)}));
    const queue = new PriorityQueue<{turn: number; priority: number}>();
    for (const entry of entries) queue.push(entry, entry.priority);
    const expected = [...entries].sort((a, b) => b.priority - a.priority || a.turn - b.turn);
    expect([...queue.take(7), ...queue.take(Infinity)]).toEqual(expected);
    expect(queue.size).toBe(0);
  });
});
