import * as tf from '@tensorflow/tfjs-core';
import type {Tensor2D} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {ConfigurationError, DataError, Random, ShapeError, withSeed} from '../../src/core';
import {Counterfactual} from '../../src/explain';
import type {CounterfactualOptions} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {valuesOf} from '../valuesOf';

const {dense} = layers.layers;

/** 3·a − b + 0.5·c − 4, as a probability. */
const WEIGHTS = [3, -1, 0.5];
const linear = (x: Tensor2D) => tf.sigmoid(tf.sub(tf.sum(tf.mul(x, WEIGHTS), 1), 4));
const logit = (row: ArrayLike<number>) => WEIGHTS.reduce((sum, weight, i) => sum + weight * row[i]!, -4);

/** Columns whose median absolute deviations are 0.1, 2 and 10, around 0, and far outliers. */
const background = [-50, -3, -1, 0, 1, 3, 50].map(k => [0.05 * k, k, 5 * k]);

const mlp = (): LayersModel =>
  withSeed(3, () =>
    layers.sequential({
      layers: [
        dense({
          inputShape: [2],
          units: 16,
          activation: 'tanh',
          kernelInitializer: layers.initializers.randomNormal({stddev: 2}),
          biasInitializer: 'randomNormal',
        }),
        dense({units: 16, activation: 'relu'}),
        dense({
          units: 3,
          activation: 'softmax',
          kernelInitializer: layers.initializers.randomNormal({stddev: 1}),
        }),
      ],
    }),
  );

const argMax = (scores: Float32Array, row: number, outputs: number): number => {
  const own = scores.subarray(row * outputs, (row + 1) * outputs);
  return own.indexOf(Math.max(...own));
};

describe.each(BACKENDS)('Counterfactual on %s', backend => {
  beforeAll(() => activate(backend));

  it('of a linear model changes the one feature that gains most for its distance', async () => {
    const counterfactual = new Counterfactual(linear, {target: 1, background});
    const {scale} = {scale: [0.15, 3, 15]};
    const {examples} = await counterfactual.explain(
      tf.tensor2d([
        [0.2, 0.4, 1],
        [0, 2, -3],
      ]),
    );
    for (const {found, original, counterfactual: row, changes, distance, score} of examples) {
      // Gains for a deviation: 0.45, 3 and 7.5.
      const exact = -logit(original) / (0.5 * scale[2]!);
      expect(found).toBe(true);
      expect(Math.abs(distance - exact)).toBeLessThan(1e-3 * exact);
      expect(changes.map(({feature}) => feature)).toEqual(['feature 2']);
      expect([row[0], row[1]]).toEqual([original[0], original[1]]);
      expect(changes[0]!.to).toBe(row[2]);
      expect(changes[0]!.distance).toBeCloseTo(distance, 5);
      expect(score.before).toBeLessThan(0.5);
      expect(score.after).toBeGreaterThanOrEqual(0.5);
      expect(score.after).toBeLessThan(0.501);
    }
  });

  it('goes on to the next feature where a range ends', async () => {
    const {examples} = await new Counterfactual(linear, {
      target: {class: 1, probability: 0.7},
      background,
      ranges: {'2': [-10, 4]},
    }).explain(tf.tensor2d([[0, 0, 1]]));
    const [{counterfactual: row, distance}] = examples as [(typeof examples)[0]];
    const missing = Math.log(0.7 / 0.3) + 4 - 0.5 * 4;
    expect(row[0]).toBe(0);
    expect(row[2]).toBe(4);
    expect(row[1]).toBeCloseTo(-missing, 2);
    expect(Math.abs(distance - (3 / 15 + missing / 3))).toBeLessThan(1e-3);
  });

  it('changes no feature by a rounding error', async () => {
    const score = (x: Tensor2D) => tf.sum(tf.mul(x, [1, 2]), 1);
    const {examples} = await new Counterfactual(score, {target: 1}).explain(tf.tensor2d([[0, 0]]));
    expect(examples[0]!.changes.map(({feature}) => feature)).toEqual(['feature 1']);
  });

  it('reaches a value from either side', async () => {
    const score = (x: Tensor2D) => tf.sum(tf.mul(x, [1, 2]), 1);
    const counterfactual = new Counterfactual(score, {target: {value: 10, tolerance: 0.5}});
    const {examples} = await counterfactual.explain(
      tf.tensor2d([
        [0, 0],
        [20, 5],
      ]),
    );
    expect(examples.map(({found}) => found)).toEqual([true, true]);
    expect(examples[0]!.distance).toBeCloseTo(9.5 / 2, 2);
    expect(examples[1]!.distance).toBeCloseTo(19.5 / 2, 2);
  });

  it('is within 5 % of the nearest point of a grid over a curved boundary', async () => {
    const model = mlp();
    const random = new Random(1);
    const x = Array.from({length: 6}, () => [random.normal(), random.normal()]);
    const known = Array.from({length: 60}, () => [1.5 * random.normal(), 1.5 * random.normal()]);
    const {examples} = await new Counterfactual(model, {background: known}).explain(tf.tensor2d(x));
    const deviation = [0, 1].map(column => {
      const median = (values: number[]) => (values.sort((a, b) => a - b)[29]! + values[30]!) / 2;
      const middle = median(known.map(row => row[column]!));
      return median(known.map(row => Math.abs(row[column]! - middle)));
    });
    const span = [0, 1]
      .map(column => known.map(row => row[column]!).sort((a, b) => a - b))
      .map(sorted => [sorted[0]!, sorted.at(-1)!]);
    const side = 160;
    const grid = Array.from({length: side * side}, (_, i) =>
      [i % side, Math.floor(i / side)].map(
        (k, column) => span[column]![0]! + (k / (side - 1)) * (span[column]![1]! - span[column]![0]!),
      ),
    );
    const scores = await valuesOf(() => model.predict(tf.tensor2d(grid)) as Tensor2D);
    const own = await valuesOf(() => model.predict(tf.tensor2d(x)) as Tensor2D);
    for (const [i, {found, distance, counterfactual}] of examples.entries()) {
      const best = grid.reduce(
        (least, point, at) =>
          argMax(scores, at, 3) === argMax(own, i, 3)
            ? least
            : Math.min(
                least,
                Math.abs(point[0]! - x[i]![0]!) / deviation[0]! +
                  Math.abs(point[1]! - x[i]![1]!) / deviation[1]!,
              ),
        Infinity,
      );
      expect(found).toBe(true);
      expect(distance).toBeLessThan(1.05 * best);
      const after = await valuesOf(() => model.predict(tf.tensor2d([[...counterfactual]])) as Tensor2D);
      expect(argMax(after, 0, 3)).not.toBe(argMax(own, i, 3));
    }
    model.dispose();
  });

  it('keeps what may not change, ranges in float32 too, and whole numbers whole', async () => {
    const model = withSeed(5, () =>
      layers.sequential({
        layers: [
          dense({inputShape: [5], units: 12, activation: 'relu'}),
          dense({units: 2, activation: 'softmax'}),
        ],
      }),
    );
    const random = new Random(2);
    const x = Array.from({length: 12}, () => [
      random.normal(),
      random.integer(5),
      0.1,
      random.normal(),
      random.integer(40),
    ]);
    const options: CounterfactualOptions = {
      ...{
        featureNames: ['a', 'rooms', 'rate', 'income', 'age'],
        immutable: ['income'],
        integers: ['rooms', 4],
      },
      ranges: {a: [-3, 3.3], rooms: [0, 9], rate: [0.05, 0.7], age: [0, 99.5]},
    };
    const {examples} = await new Counterfactual(model, options).explain(tf.tensor2d(x));
    expect(examples.filter(({found}) => found).length).toBeGreaterThan(6);
    for (const {original, counterfactual: row} of examples) {
      expect(row[3]).toBe(original[3]);
      expect(Number.isInteger(row[1]) && Number.isInteger(row[4])).toBe(true);
      expect(row[0]! >= -3 && row[0]! <= 3.3 && row[1]! >= 0 && row[1]! <= 9).toBe(true);
      expect(row[2]! >= 0.05 && row[2]! <= 0.7 && row[4]! >= 0 && row[4]! <= 99.5).toBe(true);
    }
    model.dispose();
  });

  it('takes the fewest whole steps', async () => {
    const score = (x: Tensor2D) => tf.sum(tf.mul(x, [1, 0.9]), 1);
    const {examples} = await new Counterfactual(score, {
      target: {value: 5, tolerance: 0.25},
      integers: [0, 1],
    }).explain(tf.tensor2d([[0, 0]]));
    // 5 is reached by (5, 0) and (4, 1), not by fewer steps.
    expect(examples[0]!.found).toBe(true);
    expect(examples[0]!.distance).toBe(5);
  });

  it('chooses among categories, which stay one-hot', async () => {
    // The city is worth 0, 1 or 4, the job 0 or 2.5; the number costs 10 a unit.
    const score = (x: Tensor2D) => tf.sigmoid(tf.sub(tf.sum(tf.mul(x, [0.1, 0, 1, 4, 0, 2.5]), 1), 3));
    const options: CounterfactualOptions = {
      ...{target: 1, featureNames: ['n', 'Rome', 'Oslo', 'Lima', 'cook', 'judge']},
      categorical: {city: ['Rome', 'Oslo', 'Lima'], job: ['cook', 'judge']},
    };
    const x = tf.tensor2d([[0, 1, 0, 0, 1, 0]]);
    const one = (await new Counterfactual(score, options).explain(x)).examples[0]!;
    expect(one.changes).toEqual([{feature: 'city', from: 'Rome', to: 'Lima', distance: 1}]);
    expect([...one.counterfactual]).toEqual([0, 0, 0, 1, 1, 0]);
    // Without Lima both change.
    const poorer = (y: Tensor2D) => tf.sigmoid(tf.sub(tf.sum(tf.mul(y, [0.1, 0, 1, 1, 0, 2.5]), 1), 3));
    const both = (await new Counterfactual(poorer, options).explain(x)).examples[0]!;
    expect(both.found).toBe(true);
    expect(both.distance).toBe(2);
    const fixed = (await new Counterfactual(score, {...options, immutable: ['city', 'n']}).explain(x))
      .examples[0]!;
    expect(fixed.found).toBe(false);
    expect([...fixed.counterfactual.subarray(0, 4)]).toEqual([0, 1, 0, 0]);
  });

  it('says so where there is none', async () => {
    const found = await new Counterfactual(linear, {
      target: 1,
      ranges: {'0': [0, 1], '1': [0, 1], '2': [0, 1]},
    }).explain(tf.tensor2d([[0, 0, 0]]));
    expect(found.examples[0]!.found).toBe(false);
    expect(found.warnings[0]).toMatch(/Example 0 has no counterfactual that was found.*widen ranges/);
    expect([...found.examples[0]!.counterfactual]).toEqual([1, 0, 1]);
    expect(found.plot()).toContain('No counterfactual found');
  });

  it('leaves an example alone that is what was wanted', async () => {
    const found = await new Counterfactual(linear, {target: 0}).explain(tf.tensor2d([[0, 0, 0]]));
    expect(found.examples[0]).toMatchObject({found: true, distance: 0, changes: []});
    expect(found.warnings[0]).toMatch(/already/);
  });

  it('follows differences where there are no gradients', async () => {
    const x = tf.tensor2d([[0.2, 0.4, 1]]);
    const options = {target: 1, background} as const;
    const known = await new Counterfactual(linear, options).explain(x);
    for (const model of [
      async (y: Tensor2D) => linear(y),
      (y: Tensor2D) => tf.tensor1d(y.arraySync().map(row => 1 / (1 + Math.exp(-logit(row))))),
    ]) {
      const found = await new Counterfactual(model, options).explain(x);
      expect(found.examples[0]!.found).toBe(true);
      expect(found.examples[0]!.distance / known.examples[0]!.distance).toBeCloseTo(1, 3);
    }
    // A step has no slope anywhere: the background knows where to go, and what is not needed is put back.
    const tree = async (y: Tensor2D) => tf.cast(tf.greater(tf.slice(y, [0, 1], [-1, 1]), 2.5), 'float32');
    const {examples} = await new Counterfactual(tree, options).explain(x);
    expect(examples[0]).toMatchObject({found: true});
    expect(examples[0]!.distance).toBeCloseTo(2.1 / 3, 1);
  });

  it('gives the same for a seed, leaves no tensor, and takes any batch size', async () => {
    const model = mlp();
    const x = tf.randomNormal([5, 2], 0, 1, 'float32', 4);
    const tensors = tf.memory().numTensors;
    const run = async (seed: number, batchSize: number) =>
      (await new Counterfactual(model, {seed, batchSize}).explain(x)).examples;
    const first = await run(1, 100);
    expect(await run(1, 100)).toEqual(first);
    (await run(1, 7)).forEach(({found, distance}, i) => {
      expect(found).toBe(first[i]!.found);
      expect(distance / first[i]!.distance).toBeCloseTo(1, 2);
    });
    expect(tf.memory().numTensors).toBe(tensors);
    x.dispose();
    model.dispose();
  });

  it('ends at once when told to, and passes on what a model throws', async () => {
    const x = tf.tensor2d([[0, 0, 0]]);
    const tensors = tf.memory().numTensors;
    for (const at of [1, 3, 6]) {
      const controller = new AbortController();
      let calls = 0;
      const watched = (y: Tensor2D) => {
        if (++calls === at) controller.abort(new RangeError('enough'));
        return linear(y);
      };
      await expect(
        new Counterfactual(watched, {target: 1}).explain(x, {signal: controller.signal}),
      ).rejects.toThrow('enough');
      let left = at;
      const failing = (y: Tensor2D) => {
        if (--left === 0) throw new RangeError('broken');
        return linear(y);
      };
      await expect(new Counterfactual(failing, {target: 1}).explain(x)).rejects.toThrow('broken');
    }
    expect(tf.memory().numTensors).toBe(tensors);
    x.dispose();
  });

  it('names what is wrong', async () => {
    const x = tf.tensor2d([[0, 0, 0]]);
    const tensors = tf.memory().numTensors;
    const explain = (options: CounterfactualOptions, model: (x: Tensor2D) => tf.Tensor = linear) =>
      new Counterfactual(model, {featureNames: ['age', 'debt', 'rate'], ...options}).explain(x);
    await expect(explain({immutable: ['aeg']})).rejects.toThrow("Did you mean 'age'?");
    await expect(explain({ranges: {debt: [2, 1]}})).rejects.toThrow("range of 'debt'");
    await expect(explain({ranges: {debt: [0.2, 0.8]}, integers: ['debt']})).rejects.toThrow(
      ConfigurationError,
    );
    await expect(explain({ranges: {debt: [1, 2]}})).rejects.toThrow('debt = 0, outside its range 1 to 2');
    await expect(explain({ranges: {debt: [1, 2]}})).rejects.toThrow(DataError);
    await expect(explain({target: 2})).rejects.toThrow('from 0 to 1');
    await expect(explain({target: {class: 1, probability: 1.2}})).rejects.toThrow('probability');
    await expect(explain({categorical: {city: ['age', 'debt']}})).rejects.toThrow(
      "among the columns of 'city'",
    );
    await expect(explain({categorical: {city: ['age']}})).rejects.toThrow('fewer than two');
    await expect(explain({background: [[1, 2]]})).rejects.toThrow(ShapeError);
    await expect(explain({}, y => tf.mul(linear(y), NaN))).rejects.toThrow(DataError);
    expect(() => new Counterfactual(linear, {starts: 0})).toThrow(ConfigurationError);
    expect(() => new Counterfactual(linear, {max_iter: 3} as CounterfactualOptions)).toThrow(
      "'maxIterations' here",
    );
    await expect(new Counterfactual(linear).explain(tf.zeros([1, 2, 3]))).rejects.toThrow(ShapeError);
    expect(tf.memory().numTensors).toBe(tensors + 1);
  });

  it('is saved and drawn as plain numbers', async () => {
    const found = await new Counterfactual(linear, {target: 1, featureNames: ['a', '<b>', 'c']}).explain(
      tf.tensor2d([
        [0, 0, 0],
        [0, 1, 0],
      ]),
    );
    const saved = JSON.parse(JSON.stringify(found)) as {examples: {counterfactual: number[]}[]};
    expect(saved.examples[1]!.counterfactual).toEqual([...found.examples[1]!.counterfactual]);
    expect(found.plot({example: 1})).toMatch(/a: 0 → 1\.67/);
    expect(() => found.plot({example: 2})).toThrow(ConfigurationError);
  });
});
