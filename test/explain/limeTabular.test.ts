import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {Random} from '../../src/core';
import {LimeTabular} from '../../src/explain';
import {quartileColumn} from '../../src/explain/columnSampler';
import {meanAndStd, readMatrix} from '../../src/explain/matrix';
import {BACKENDS} from '../graph/backends';
import {readOracle, useReference} from './oracle';

const oracle = readOracle('mlp');
const reference = oracle.limeTabular as {
  train: number[][];
  quartiles: number[][];
  binMeans: Record<string, number[]>;
  binStds: Record<string, number[]>;
  binMins: Record<string, number[]>;
  binMaxs: Record<string, number[]>;
  discretizedInput0: number[];
  names: Record<string, string[]>;
  runs: Record<
    'discretized' | 'continuous',
    {meanCoef: number[]; stdCoef: number[]; meanIntercept: number; meanR2: number}
  >;
};
const trainingData = reference.train;

describe('the quarters of training data', () => {
  it('are the reference’s, with its names and statistics', async () => {
    const matrix = await readMatrix(trainingData, 'trainingData');
    const random = new Random(5);
    for (let j = 0; j < 8; j++) {
      const column = quartileColumn(matrix, j, String(j));
      const [means, stds] = [reference.binMeans[j]!, reference.binStds[j]!];
      const [mins, maxs] = [reference.binMins[j]!, reference.binMaxs[j]!];
      reference.names[j]!.forEach((name, bin) => expect(column.name(means[bin]!)).toBe(name));
      // What is drawn as "the same quarter" lies in it, a quarter of the time, around its mean.
      for (let bin = 0; bin < 4; bin++) {
        const drawn = Array.from({length: 2000}, () => column.draw(means[bin]!, random))
          .filter(([, same]) => same === 1)
          .map(([value]) => value);
        expect(Math.abs(drawn.length - 500)).toBeLessThan(100);
        expect(Math.min(...drawn)).toBeGreaterThanOrEqual(mins[bin]!);
        expect(Math.max(...drawn)).toBeLessThanOrEqual(maxs[bin]!);
        const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
        // Truncating moves the mean of a skewed quarter by less than its deviation.
        expect(Math.abs(mean - means[bin]!)).toBeLessThan(stds[bin]!);
      }
    }
  });
});

describe.each(BACKENDS)('LimeTabular on %s', backend => {
  const {model} = useReference(oracle, backend);
  const target = oracle.targets[0]!;
  let x: Tensor;
  beforeAll(() => void (x = tf.tensor([(oracle.inputs as number[][])[0]!])));
  afterAll(() => x.dispose());

  it.each(['discretized', 'continuous'] as const)('finds the reference’s coefficients: %s', async how => {
    const {meanCoef, stdCoef, meanIntercept, meanR2} = reference.runs[how];
    const featureNames = Array.from({length: 8}, (_, j) => String(j));
    const lime = new LimeTabular(model(), {
      ...{trainingData, featureNames, samples: 10_000, batchSize: 1000, discretize: how === 'discretized'},
    });
    const explanation = await lime.explain(x, {target});
    explanation.values.forEach((value, j) => {
      // The mean of eight runs is off by about a third of a run's deviation.
      expect(Math.abs(value - meanCoef[j]!)).toBeLessThan(4.5 * stdCoef[j]!);
    });
    const [surrogate] = explanation.surrogates!;
    expect(Math.abs(surrogate!.intercept - meanIntercept)).toBeLessThan(0.04);
    expect(Math.abs(surrogate!.score - meanR2)).toBeLessThan(0.04);
    expect(explanation.evaluations.forward).toBe(10_001);
    expect(explanation.featureNamesOf(0)).toEqual(
      how === 'continuous'
        ? featureNames
        : featureNames.map(j => reference.names[j]![reference.discretizedInput0[Number(j)]!]),
    );
  });

  it('knows how much its coefficients vary from seed to seed', async () => {
    const runs = await Promise.all(
      Array.from({length: 24}, (_, seed) =>
        new LimeTabular(model(), {
          ...{trainingData, seed, samples: 600, batchSize: 600, discretize: false},
        }).explain(x, {target}),
      ),
    );
    for (let j = 0; j < 8; j++) {
      const {std} = meanAndStd(runs.map(run => run.values[j]!));
      const said = meanAndStd(runs.map(run => run.standardErrors![0]!.data[j]!)).mean;
      // A deviation of 24 runs is known to about 15 %.
      expect(said / std).toBeGreaterThan(0.65);
      expect(said / std).toBeLessThan(1.5);
    }
  });

  it('gives the same for a seed, another for another, and leaves no tensor', async () => {
    const tensors = tf.memory().numTensors;
    const run = async (seed: number): Promise<number[]> => [
      ...(await new LimeTabular(model(), {trainingData, samples: 200, seed}).explain(x, {target})).values,
    ];
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('shares the draws among classes, so that softmax’s coefficients cancel', async () => {
    const lime = new LimeTabular(model(), {trainingData, samples: 300, featureSelection: 'none'});
    const all = await lime.explain(x, {target: 'all'});
    expect(all.evaluations.forward).toBe(301);
    for (let j = 0; j < 8; j++) {
      expect([0, 1, 2].reduce((sum, k) => sum + all.forClass(k).values[j]!, 0)).toBeCloseTo(0, 5);
    }
  });

  it('recovers a linear model, in units of the training data’s deviation', async () => {
    const linear = (rows: Tensor): Promise<Tensor> =>
      Promise.resolve(tf.tidy(() => tf.sum(tf.mul(rows, [2, -1, 0]), 1)));
    const training = [-1, 1].flatMap(a => [-2, 2].flatMap(b => [-3, 3].map(c => [a, b, c])));
    const lime = new LimeTabular(linear, {
      ...{trainingData: training, discretize: false, alpha: 0, samples: 100},
    });
    const explanation = await lime.explain([[0.5, 0.5, 0.5]]);
    [2, -2, 0].forEach((value, j) => expect(explanation.values[j]).toBeCloseTo(value, 4));
    expect(explanation.surrogates![0]!.score).toBeCloseTo(1, 6);
    expect(explanation.surrogates![0]!.prediction).toBeCloseTo(0.5, 4);
    expect(
      explanation
        .surrogates![0]!.coefficients.slice(0, 2)
        .map(({name}) => name)
        .sort(),
    ).toEqual(['x0', 'x1']);
  });

  it('compares categories with the example’s own, and uses as many features as asked', async () => {
    const training = Array.from({length: 60}, (_, i) => [i % 3, i % 7, i % 5]);
    const isGreen = (rows: Tensor): Tensor =>
      tf.cast(tf.equal(tf.slice(rows, [0, 0], [-1, 1]), 1), 'float32');
    const lime = new LimeTabular(isGreen, {
      ...{trainingData: training, categoricalFeatures: [0], samples: 500, numFeatures: 1},
      ...{categoryNames: {0: ['red', 'green', 'blue']}, featureNames: ['colour', 'a', 'b']},
    });
    const explanation = await lime.explain([
      [1, 3, 3],
      [0, 3, 3],
    ]);
    expect(explanation.featureNamesOf(0)![0]).toBe('colour=green');
    expect(explanation.featureNamesOf(1)![0]).toBe('colour=red');
    expect(explanation.values[0]).toBeGreaterThan(0.9);
    expect(explanation.values[3]).toBeLessThan(-0.3);
    expect([...explanation.values].filter(value => value !== 0)).toHaveLength(2);
  });

  it('warns of values that the training data never has', async () => {
    const lime = new LimeTabular(model(), {trainingData, samples: 50});
    const explanation = await lime.explain([[0, 0, 0, 99, 0, 0, 0, 0]]);
    expect(explanation.warnings.join()).toMatch(/x3 = 99, outside the training data's -3.077 to 2.595/);
  });

  it('says whether to look closer, or at more', async () => {
    const warningsOf = async (options: object) => {
      const lime = new LimeTabular(model(), {trainingData, samples: 200, ...options});
      return (await lime.explain(x)).warnings.join();
    };
    expect(await warningsOf({kernelWidth: 0.01})).toBe(
      'Hardly any example that differs is near enough to count: raise kernelWidth, or samples.',
    );
    expect(await warningsOf({kernelWidth: 0.01, samples: 5000, discretize: false})).toMatch(
      /raise kernelWidth/,
    );
    expect(await warningsOf({kernelWidth: 1})).toBe('');
    const parity = (rows: Tensor): Tensor => tf.tidy(() => tf.sin(tf.mul(tf.sum(rows.clone(), 1), 40)));
    const poor = new LimeTabular(parity, {trainingData, samples: 200});
    expect((await poor.explain(x)).warnings.join()).toMatch(/say little. You can set discretize to false/);
    const smooth = new LimeTabular(parity, {trainingData, samples: 200, discretize: false});
    expect((await smooth.explain(x)).warnings.join()).toMatch(/You can lower kernelWidth to look closer/);
  });

  it('gives integers to a model of integers where all columns hold categories', async () => {
    const table = tf.tensor1d([0, 5, 1]);
    const looks = (ids: Tensor): Tensor => tf.tidy(() => tf.sum(tf.gather(table, ids as tf.Tensor1D), 1));
    const training = Array.from({length: 30}, (_, i) => [i % 3, (i >> 1) % 3]);
    const ids = tf.tensor2d([[1, 2]], [1, 2], 'int32');
    const categories = new LimeTabular(looks, {
      ...{trainingData: training, categoricalFeatures: [0, 1], samples: 500},
    });
    const {values} = await categories.explain(ids);
    expect(values[0]).toBeCloseTo(4.5, 0);
    const drawn = new LimeTabular(looks, {trainingData: training, discretize: false}).explain(ids);
    await expect(drawn).rejects.toThrow(/changed values holds .* and the input integers \(int32\)/);
    tf.dispose([table, ids]);
  });

  it('refuses what cannot mean anything, and leaves no tensor after an error or an abort', async () => {
    const tensors = tf.memory().numTensors;
    const of = (options: object): LimeTabular =>
      new LimeTabular(model(), {trainingData, samples: 500, ...options});
    expect(() => of({sampels: 3})).toThrow(/Did you mean 'samples'/);
    expect(() => of({featureSelection: 'lasso'})).toThrow(/lassoPath/);
    expect(() => of({samples: 1})).toThrow(/at least 2/);
    expect(() => of({kernelWidth: 0})).toThrow(/kernelWidth/);
    expect(() => of({trainingData: undefined})).toThrow(/trainingData/);
    await expect(of({trainingData: [[1, NaN]]}).explain([[1, 2]])).rejects.toThrow(/row 0, column 1/);
    expect(() => of({trainingData: [[1, 2], [1]]})).toThrow(/no table/);
    expect(() => of({trainingData: []})).toThrow(/trainingData is/);
    expect(() => of({background: [[1, 2]]})).toThrow("It is called 'trainingData' here.");
    await expect(of({categoricalFeatures: [8]}).explain(x)).rejects.toThrow(/column 8/);
    await expect(of({trainingData: [[1, 2]]}).explain(x)).rejects.toThrow(/2 features/);
    const controller = new AbortController();
    const slow = (rows: Tensor): Tensor => {
      if (rows.shape[0] > 1) controller.abort(new Error('enough'));
      return tf.sum(rows, 1);
    };
    await expect(
      new LimeTabular(slow, {trainingData, samples: 500}).explain(x, {signal: controller.signal}),
    ).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
