import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {ConfigurationError, Random} from '../../src/core';
import {KernelShap, PartitionShap, Shapley, slic} from '../../src/explain';
import type {PartitionShapOptions} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {forwardOf} from './forward';
import {gameModel, shapley} from './games';
import {distance, readOracle, useReference} from './oracle';
import {owen} from './owen';
import type {Pairs} from './owen';

type Pair = Exclude<Pairs, number>;

const HIERARCHIES: readonly {partition: Pair; players: number}[] = [
  {partition: [0, 1], players: 2},
  {
    partition: [
      [0, 3],
      [2, 1],
    ],
    players: 4,
  },
  {partition: [0, [1, [2, 3]]], players: 4},
  {
    partition: [
      [0, 1],
      [2, [3, 4]],
    ],
    players: 5,
  },
  {
    partition: [
      [
        [4, 0],
        [5, 2],
      ],
      [3, 1],
    ],
    players: 6,
  },
  {
    partition: [
      [
        [6, 1],
        [0, 3],
      ],
      [[5, 2], 4],
    ],
    players: 7,
  },
];

const randomGame = (players: number): number[] => {
  const random = new Random(players, 'game');
  return Array.from({length: 2 ** players}, () => random.normal());
};

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

describe.each(BACKENDS)('PartitionShap on %s', backend => {
  beforeAll(() => activate(backend));

  describe('of small games', () => {
    const explain = async (game: readonly number[], players: number, options: PartitionShapOptions) =>
      new PartitionShap(gameModel(game, players), options).explain(tf.ones([1, players]));

    it.each(HIERARCHIES)('knows $partition by its orders', async ({partition, players}) => {
      const game = randomGame(players);
      const {values, baseValues, deltas} = await explain(game, players, {partition});
      expect(distance(values, owen(game, partition))).toBeLessThan(1e-6);
      expect(baseValues![0]).toBeCloseTo(game[0]!, 6);
      expect(Math.abs(deltas![0]!)).toBeLessThan(1e-6);
    });

    it('gives two features their Shapley values, and one all there is', async () => {
      const game = randomGame(2);
      expect(distance((await explain(game, 2, {})).values, shapley(game, 2))).toBeLessThan(1e-6);
      expect(distance((await explain([1, 4], 1, {maxEvaluations: 2})).values, [3])).toBe(0);
    });

    it('parts a group of many in halves, as it is listed', async () => {
      const game = randomGame(5);
      const {values} = await explain(game, 5, {partition: [3, 1, [4], [[0, 2]]]});
      expect(
        distance(
          values,
          owen(game, [
            [3, 1],
            [4, [0, 2]],
          ]),
        ),
      ).toBeLessThan(1e-6);
      const plain = (await explain(game, 5, {})).values;
      expect(
        distance(
          plain,
          owen(game, [
            [0, 1],
            [2, [3, 4]],
          ]),
        ),
      ).toBeLessThan(1e-6);
    });

    it('finds the parts of an additive game in any hierarchy', async () => {
      const weights = [3, -1, 0.5, 2, -4, 8];
      const additive = (rows: Tensor) => tf.tidy(() => tf.sum(tf.mul(rows, weights), 1));
      for (const partition of [
        [0, 1, 2, 3, 4, 5],
        [[[[[0, 1], 2], 3], 4], 5],
        [
          [5, 0],
          [
            [3, 2],
            [1, 4],
          ],
        ],
      ]) {
        const {values} = await new PartitionShap(additive, {partition}).explain(tf.ones([1, 6]));
        expect(distance(values, weights)).toBeLessThan(1e-5);
      }
    });

    it('sums up under every budget, and stays within it', async () => {
      const game = randomGame(7);
      const {partition} = HIERARCHIES.at(-1)!;
      for (let maxEvaluations = 2; maxEvaluations < 50; maxEvaluations++) {
        const {values, evaluations} = await explain(game, 7, {partition, maxEvaluations});
        expect(sum(values)).toBeCloseTo(game.at(-1)! - game[0]!, 5);
        // One for the example itself.
        expect(evaluations.forward - 1).toBeLessThanOrEqual(maxEvaluations);
        if (maxEvaluations < 32) expect(evaluations.forward - 1).toBe(2 * Math.floor(maxEvaluations / 2));
      }
    });

    it('parts the groups with the largest effects first; the others share equally', async () => {
      const model = (rows: Tensor) => tf.tidy(() => tf.sum(tf.mul(rows, [1, 2, 30, 50]), 1));
      const values = async (maxEvaluations: number) => {
        const explainer = new PartitionShap(model, {maxEvaluations});
        return [...(await explainer.explain(tf.ones([1, 4]))).values];
      };
      expect(await values(3)).toEqual([20.75, 20.75, 20.75, 20.75]);
      expect(await values(4)).toEqual([1.5, 1.5, 40, 40]);
      // Both contexts of the right half, then those of the left.
      expect(await values(8)).toEqual([1.5, 1.5, 30, 50]);
      expect(await values(12)).toEqual([1, 2, 30, 50]);
    });

    it('takes from a masker what belongs together', async () => {
      const game = randomGame(4);
      const masker = {
        of: (example: readonly Tensor[]) => ({
          players: 4,
          rows: 1,
          mask: (coalitions: Uint8Array, count: number) => [
            tf.mul(example[0]!, tf.tensor(Float32Array.from(coalitions), [count, 4])),
          ],
          partition: async () =>
            Promise.resolve([
              [0, 2],
              [1, 3],
            ]),
          dispose: () => undefined,
        }),
      };
      const {values} = await explain(game, 4, {masker});
      expect(
        distance(
          values,
          owen(game, [
            [0, 2],
            [1, 3],
          ]),
        ),
      ).toBeLessThan(1e-6);
      const own = await explain(game, 4, {
        masker,
        partition: [
          [0, 1],
          [2, 3],
        ],
      });
      expect(
        distance(
          own.values,
          owen(game, [
            [0, 1],
            [2, 3],
          ]),
        ),
      ).toBeLessThan(1e-6);
    });

    it.each([
      [[[0, 1], [3]], /lists feature 3 but not 2/],
      [
        [
          [0, 1],
          [2, 1],
        ],
        /lists feature 1 twice/,
      ],
      [[0, 1, -1], /holds -1, which is no feature/],
      [[0, 1.5], /holds 1.5, which is no feature/],
      [[0, [1, 'two']], /holds two, which is no feature/],
      [[[0, 1], []], /has a group of nothing/],
      [[], /has a group of nothing/],
      [0, /is no array/],
      [null, /is no array/],
      [{0: 1}, /is no array/],
    ])('refuses the partition %j before anything runs', (partition, message) => {
      const make = () =>
        new PartitionShap(
          () => {
            throw new Error('ran');
          },
          {partition} as PartitionShapOptions,
        );
      expect(make).toThrow(ConfigurationError);
      expect(make).toThrow(message);
    });

    it('refuses what cannot be right', async () => {
      expect(() => new PartitionShap(tf.sum, {maxEvaluations: 1})).toThrow(/maxEvaluations .* is 1/);
      expect(() => new PartitionShap(tf.sum, {samples: 1} as object)).toThrow(ConfigurationError);
      const tensors = tf.memory().numTensors;
      const short = new PartitionShap((rows: Tensor) => tf.sum(rows, 1), {partition: [0, 1]});
      await expect(short.explain([[1, 2, 3]])).rejects.toThrow(/lists 2 features, the example has 3/);
      expect(tf.memory().numTensors).toBe(tensors);
    });
  });

  describe('of the reference MLP', () => {
    const oracle = readOracle('mlp');
    const {targets: target} = oracle;
    const background = oracle.background as number[][];
    const pairs: Pairs = [
      [
        [0, 5],
        [3, [1, 7]],
      ],
      [2, [4, 6]],
    ];
    const partition = pairs;
    const {model, x} = useReference(oracle, backend);

    it('is exact over a background, and leaves nothing behind', async () => {
      const forward = forwardOf(oracle);
      const expected = (oracle.inputs as number[][]).map((row, i) => {
        const game = Array.from({length: 256}, (_, mask) => {
          const scores = background.map(
            other => forward(row.map((value, j) => ((mask >> j) & 1 ? value : other[j]!)))[target[i]!]!,
          );
          return scores.reduce((total, score) => total + score / scores.length, 0);
        });
        return owen(game, pairs);
      });
      const tensors = tf.memory().numTensors;
      const explanation = await new PartitionShap(model(), {background, partition}).explain(x(), {target});
      expect(tf.memory().numTensors).toBe(tensors);
      expect(distance(explanation.values, expected)).toBeLessThan(1e-6);
      expect(distance(explanation.deltas!, [0, 0, 0, 0])).toBeLessThan(1e-6);
      const shares = await new Shapley(model(), {background}).explain(x(), {target});
      expect(distance(explanation.values, [...shares.values])).toBeGreaterThan(1e-3);
    });

    it('does not depend on how many rows the model takes, bit for bit where sums do not', async () => {
      const values = async (batchSize: number) => {
        const explainer = new PartitionShap(model(), {background, partition, batchSize, maxEvaluations: 60});
        return (await explainer.explain(x(), {target})).values;
      };
      const expected = await values(10000);
      for (const batchSize of [10, 25, 130]) {
        const found = await values(batchSize);
        // tfjs's WebGPU has several ways to multiply matrices, and takes one by their sizes.
        if (backend === 'webgpu') expect(distance(found, [...expected])).toBeLessThan(1e-5);
        else expect(found).toEqual(expected);
      }
    });

    it('explains examples together as apart', async () => {
      const explainer = new PartitionShap(model(), {background, maxEvaluations: 60});
      const {values} = await explainer.explain(x(), {target});
      for (const [i, row] of (oracle.inputs as number[][]).entries()) {
        const alone = await explainer.explain([row], {target: target[i]!});
        expect(alone.values).toEqual(values.slice(8 * i, 8 * i + 8));
      }
    });

    it('plays once for all classes', async () => {
      const explainer = new PartitionShap(model(), {background, partition});
      const all = await explainer.explain(x(), {target: 'all'});
      const third = await explainer.explain(x(), {target: 2});
      expect(distance(all.forClass(2).values, [...third.values])).toBeLessThan(1e-6);
      expect(all.evaluations.forward).toBe(third.evaluations.forward);
      const few = new PartitionShap(model(), {background, partition, maxEvaluations: 11});
      const {deltas} = (await few.explain(x(), {target: 'all'})).forClass(1);
      expect(distance(deltas!, [0, 0, 0, 0])).toBeLessThan(1e-6);
    });

    it('explains log-odds', async () => {
      const options = {background, featureMask: [0, 0, 0, 0, 1, 1, 1, 1], link: 'logit'} as const;
      const owenValues = await new PartitionShap(model(), options).explain(x(), {target});
      const shapleyValues = await new KernelShap(model(), options).explain(x(), {target});
      expect(distance(owenValues.values, [...shapleyValues.values])).toBeLessThan(1e-5);
    });

    it('explains an asynchronous function, twice at once', async () => {
      const remote = async (rows: Tensor) => {
        await Promise.resolve();
        return tf.tidy(() => model().predict(rows) as Tensor);
      };
      const plain = await new PartitionShap(model(), {background}).explain(x(), {target});
      const tensors = tf.memory().numTensors;
      const explainer = new PartitionShap(remote, {background});
      const both = await Promise.all([explainer.explain(x(), {target}), explainer.explain(x(), {target})]);
      for (const {values} of both) expect(distance(values, [...plain.values])).toBeLessThan(1e-6);
      expect(tf.memory().numTensors).toBe(tensors);
    });

    it('ends with an abort or an error, and leaves nothing behind', async () => {
      const tensors = tf.memory().numTensors;
      const controller = new AbortController();
      let calls = 0;
      const fails = (abort: boolean) => (rows: Tensor) => {
        if (++calls % 4 === 0 && !abort) throw new Error('out of order');
        if (calls % 4 === 0) controller.abort(new Error('enough'));
        return tf.sum(rows, 1);
      };
      const options = {background, batchSize: 10};
      await expect(new PartitionShap(fails(false), options).explain(x())).rejects.toThrow('out of order');
      calls = 0;
      const {signal} = controller;
      await expect(new PartitionShap(fails(true), options).explain(x(), {signal})).rejects.toThrow('enough');
      expect(tf.memory().numTensors).toBe(tensors);
    });
  });

  describe('of the reference CNN', () => {
    const oracle = readOracle('cnn');
    const [image] = oracle.inputs as number[][][][];
    const [target] = oracle.targets;
    const {model} = useReference(oracle, backend);

    it('values superpixels, exactly where it may ask for enough', async () => {
      const data = Float32Array.from(image!.flat(2));
      const {labels, count} = slic({data, height: 16, width: 16, channels: 3}, {segments: 9});
      const featureMask = tf.tensor(labels, [16, 16, 1]);
      const explain = async (maxEvaluations: number, featureMaskToo = true) =>
        new PartitionShap(model(), {
          ...{maxEvaluations, perFeature: featureMaskToo},
          ...(featureMaskToo && {featureMask}),
        }).explain([image!], {target: target!});
      const exact = await explain(10000);
      expect(exact.shape).toEqual([1, count]);
      const shares = await new Shapley(model(), {featureMask, perFeature: true}).explain([image!], {
        target: target!,
      });
      const size = Math.max(...shares.values.map(Math.abs));
      // Other values than Shapley's, and yet much alike.
      expect(distance(exact.values, [...shares.values])).toBeLessThan(0.3 * size);
      expect(sum(exact.values)).toBeCloseTo(sum(shares.values), 4);
      // Single numbers: most of them are in groups left whole.
      const pixels = await explain(100, false);
      expect(pixels.shape).toEqual([1, 16, 16, 3]);
      expect(sum(pixels.values)).toBeCloseTo(sum(shares.values), 4);
      featureMask.dispose();
    });
  });
});
