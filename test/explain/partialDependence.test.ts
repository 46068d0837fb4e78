import * as tf from '@tensorflow/tfjs-core';
import type {NamedTensorMap, Tensor} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {PartialDependence} from '../../src/explain';
import type {DependenceFeatures, FeatureDependence, PartialDependenceOptions} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {forwardOf} from './forward';
import {buildModel, distance, readOracle} from './oracle';

const X = [
  [1, 0, 2],
  [2, 1, 0],
  [4, 5, 1],
  [7, 2, 3],
];
const featureNames = ['age', 'bmi', 'height'];
const linear = (x: Tensor): Tensor => tf.tidy(() => tf.sum(tf.mul(x, [3, 1, 0]), 1));
const product = (x: Tensor): Tensor =>
  tf.tidy(() => tf.prod<Tensor>(tf.slice(x, [0, 0], [x.shape[0], 2]), 1));
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

async function one(
  model: (x: Tensor) => Tensor | Promise<Tensor>,
  features: DependenceFeatures,
  options: PartialDependenceOptions = {},
  x: Tensor | number[][] = X,
): Promise<FeatureDependence> {
  const [found] = await new PartialDependence(model, {featureNames, ...options}).explain(x, {
    features: [features],
  });
  return found!;
}

describe.each(BACKENDS)('partial dependence on %s', backend => {
  beforeAll(() => activate(backend));

  it('of a linear model is a line of its slope, the same for each example when centered', async () => {
    const age = await one(linear, 'age', {kind: 'both'});
    expect([...age.grid[0]!]).toEqual([1, 2, 4, 7]);
    expect(distance(age.average, [5, 8, 14, 23])).toBeLessThan(1e-5);
    expect(
      distance(
        age.individual!,
        X.map(([, bmi]) => [1, 2, 4, 7].map(value => 3 * value + bmi!)),
      ),
    ).toBeLessThan(1e-5);
    const centered = await one(linear, 'age', {kind: 'individual', centered: true});
    expect(distance(centered.average, [0, 3, 9, 18])).toBeLessThan(1e-5);
    expect(
      distance(
        centered.individual!,
        X.map(() => [0, 3, 9, 18]),
      ),
    ).toBeLessThan(1e-5);
  });

  it('of a product is a line of the mean of the other, and of both the product', async () => {
    const options = {gridSize: 3, percentiles: [0, 1]} as const;
    const found = await new PartialDependence(product, options).explain(X, {
      features: [0, 'feature 1', [0, 1]],
    });
    const [along, upwards] = [
      [1, 4, 7],
      [0, 2.5, 5],
    ];
    expect(
      distance(
        found[0]!.average,
        along.map(a => a * mean(X.map(row => row[1]!))),
      ),
    ).toBeLessThan(1e-5);
    expect(
      distance(
        found[1]!.average,
        upwards.map(b => b * mean(X.map(row => row[0]!))),
      ),
    ).toBeLessThan(1e-5);
    expect(
      distance(
        found[2]!.average,
        along.map(a => upwards.map(b => a * b)),
      ),
    ).toBeLessThan(1e-5);
    expect(found[2]!.individual).toBeUndefined();
    expect(found.map(({evaluations}) => evaluations.forward)).toEqual([12, 12, 36]);
  });

  it('of a network is what setting the feature by hand gives, for any batch size', async () => {
    const oracle = readOracle('mlp');
    const forward = forwardOf(oracle);
    const model = buildModel(oracle);
    const rows = oracle.background as number[][];
    const tensors = tf.memory().numTensors;
    for (const batchSize of [100, 7]) {
      const options = {target: 2, gridSize: 5, kind: 'both', batchSize} as const;
      const [single, pair] = await new PartialDependence(model, options).explain(rows, {
        features: [5, [0, 5]],
      });
      const score = (row: readonly number[], changed: Record<number, number>): number =>
        forward(row.map((value, i) => changed[i] ?? value))[2]!;
      const curves = rows.map(row => [...single!.grid[0]!].map(value => score(row, {5: value})));
      expect(distance(single!.individual!, curves)).toBeLessThan(1e-5);
      const average = [...single!.grid[0]!].map((_, i) => mean(curves.map(curve => curve[i]!)));
      expect(distance(single!.average, average)).toBeLessThan(1e-5);
      const [first, second] = pair!.grid.map(values => [...values]);
      const surface = first!.map(a => second!.map(b => mean(rows.map(row => score(row, {0: a, 5: b})))));
      expect(distance(pair!.average, surface)).toBeLessThan(1e-5);
    }
    expect(tf.memory().numTensors).toBe(tensors);
    model.dispose();
  });

  it('lies on the grid of scikit-learn: values that occur if they are few, else even between quantiles', async () => {
    const column = (values: number[]): number[][] => values.map(value => [value]);
    const sum = (x: Tensor): Tensor => tf.sum(x, 1);
    const gridOf = async (values: number[], options: PartialDependenceOptions): Promise<number[]> => [
      ...(await one(sum, 0, {featureNames: ['a'], ...options}, column(values))).grid[0]!,
    ];
    expect(await gridOf([3, 1, 3, 2, 1], {gridSize: 4})).toEqual([1, 2, 3]);
    // mquantiles of 0 … 10 puts quantile p at 11 p + 0.4 + 0.2 p, counted from one: 0.1 at 1.52, 0.9 at 10.48.
    const evenly = await gridOf([10, 3, 4, 0, 1, 2, 9, 8, 7, 6, 5], {gridSize: 5, percentiles: [0.1, 0.9]});
    expect(distance(evenly, [0.52, 2.76, 5, 7.24, 9.48])).toBeLessThan(1e-12);
    // As many values as the grid has: not the values themselves. 0.05 lies before the first, 0.95 behind the last.
    expect(distance(await gridOf([0, 1, 10], {gridSize: 3}), [0, 5, 10])).toBeLessThan(1e-12);
  });

  it('sets integers to integers, and categories to the values given', async () => {
    const whole = tf.tensor2d([[0], [1], [2], [9]], undefined, 'int32');
    const dtypes = new Set<string>();
    const model = (x: Tensor): Tensor => {
      dtypes.add(x.dtype);
      return tf.tidy(() => tf.sum(tf.cast(x, 'float32'), 1));
    };
    const options = {featureNames: ['id'], gridSize: 3} as const;
    const found = await one(model, 'id', options, whole);
    expect([...found.grid[0]!]).toEqual([0, 5, 9]);
    expect([...found.average]).toEqual([0, 5, 9]);
    expect([...dtypes]).toEqual(['int32']);
    const given = await one(model, 'id', {...options, categories: {id: [7, 2]}}, whole);
    expect([...given.grid[0]!]).toEqual([7, 2]);
    expect([...given.average]).toEqual([7, 2]);
    whole.dispose();
  });

  it('takes asynchronous functions and graph models', async () => {
    const remote = async (x: Tensor): Promise<Tensor> => Promise.resolve(linear(x));
    expect((await one(remote, 'age')).average).toEqual((await one(linear, 'age')).average);
    const graph = {
      inputs: [{name: 'x'}],
      outputs: [{name: 'y'}],
      execute: (fed: NamedTensorMap): Tensor => linear(fed['x']!),
    };
    const [found] = await new PartialDependence(graph).explain(X, {features: [0]});
    expect(found!.average).toEqual((await one(linear, 'age')).average);
  });

  it('refuses what cannot mean anything, and leaves nothing behind', async () => {
    const tensors = tf.memory().numTensors;
    const make = (options: object, model: (x: Tensor) => Tensor = linear) =>
      new PartialDependence(model, {featureNames, ...options});
    expect(() => make({gridSize: 1})).toThrow('gridSize of PartialDependence is 1');
    expect(() => make({percentiles: [0.9, 0.1]})).toThrow('percentiles of PartialDependence is [0.9, 0.1]');
    expect(() => make({target: -1})).toThrow('target of PartialDependence is -1');
    expect(() => make({kind: 'avarage'})).toThrow(/Did you mean 'average'/);
    expect(() => make({gridsize: 3})).toThrow(/Did you mean 'gridSize'/);
    const explain = (features: unknown, options = {}, x: Tensor | number[][] = X) =>
      make(options).explain(x, {features: features as DependenceFeatures[]});
    await expect(explain(['agee'])).rejects.toThrow(/Unknown feature 'agee'.*Did you mean 'age'/s);
    await expect(explain([3])).rejects.toThrow(/Unknown feature '3'.*Known: age, bmi, height/s);
    await expect(explain([['age', 'age']])).rejects.toThrow('[age, age] is no pair of features');
    await expect(explain([['age', 'bmi', 'height']])).rejects.toThrow('is no pair');
    await expect(explain([])).rejects.toThrow('is told no features');
    await expect(explain(['age'], {target: 1})).rejects.toThrow(
      "The target 1 is not one of the model's 1 outputs",
    );
    await expect(explain(['age'], {featureNames: ['age']})).rejects.toThrow('1 featureNames for 3 features');
    await expect(explain(['age'], {categories: {bmi: [NaN], agge: [1]}})).rejects.toThrow(
      "Unknown feature 'agge'",
    );
    await expect(explain(['bmi'], {categories: {bmi: [NaN]}})).rejects.toThrow(
      "The categories of 'bmi' are [NaN]",
    );
    await expect(explain(['age'], {}, [[1, NaN, 2]])).rejects.toThrow('Input 0 holds NaN');
    const mostlyZero = Array.from({length: 40}, (_, i) => [i < 39 ? 0 : i, 0, 0]);
    await expect(explain(['age'], {gridSize: 2}, mostlyZero)).rejects.toThrow("'age' is 0 throughout");
    const image = tf.ones([1, 2, 2]);
    await expect(make({}).explain(image, {features: [0]})).rejects.toThrow('the input is [1, 2, 2]');
    image.dispose();
    const twice = (x: Tensor): Tensor => tf.tidy(() => tf.matMul(x, tf.ones([3, 2])));
    await expect(make({}, twice).explain(X, {features: [0]})).rejects.toThrow('The model gives 2 scores');
    const logarithm = (x: Tensor): Tensor => tf.tidy(() => tf.log(tf.sum(tf.mul(x, [0, 1, 0]), 1)));
    await expect(make({}, logarithm).explain(X, {features: [0]})).rejects.toThrow(
      'gives -Infinity for example 0',
    );
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('asks which output of a model with several', () => {
    const given = layers.input({shape: [3]});
    const outputs = ['price', 'rent'].map(
      name => layers.layers.dense({name, units: 1}).apply(given) as layers.SymbolicTensor,
    );
    const model = layers.model({inputs: given, outputs});
    expect(() => new PartialDependence(model)).toThrow('The model has 2 outputs: price, rent');
    model.dispose();
  });

  it('leaves nothing behind when it is stopped, or the model fails', async () => {
    const tensors = tf.memory().numTensors;
    const controller = new AbortController();
    let calls = 0;
    const stopping = (x: Tensor): Tensor => {
      if (++calls === 2) controller.abort(new Error('enough'));
      return linear(x);
    };
    const request = {features: ['age'], signal: controller.signal} as const;
    const options = {featureNames, batchSize: 3};
    await expect(new PartialDependence(stopping, options).explain(X, request)).rejects.toThrow('enough');
    expect(calls).toBe(2);
    await expect(new PartialDependence(linear, options).explain(X, request)).rejects.toThrow('enough');
    const failing = (): Tensor => {
      throw new Error('broken model');
    };
    await expect(one(failing, 0)).rejects.toThrow('broken model');
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

describe('a partial dependence', () => {
  beforeAll(() => activate('cpu'));
  const names = ['<age>', 'bmi', 'height'];

  it('is drawn as a curve, with curves of examples behind it and deciles below', async () => {
    const found = await one(linear, 0, {kind: 'both', featureNames: names});
    const svg = found.plot();
    expect(svg).toContain('&lt;age&gt;');
    expect(svg).toContain('mean and 4 examples');
    expect(svg.match(/stroke-opacity/g)).toHaveLength(4);
    expect(svg.match(/<path class="curve"|class="curve"/g)).toHaveLength(1);
    expect((await one(linear, 0, {kind: 'individual'})).plot()).not.toContain('class="curve"');
    expect(() => found.plot({widht: 3} as object)).toThrow("Did you mean 'width'");
  });

  it('shows a hundred of many examples', async () => {
    const many = Array.from({length: 250}, (_, i) => [i, 0, 0]);
    const found = await one(linear, 1, {kind: 'both'}, many);
    expect(found.plot()).toContain('100 of 250 examples');
    expect(found.plot().match(/stroke-opacity/g)).toHaveLength(100);
  });

  it('is drawn as a map of colours for two features, as bars for categories, and where nothing moves', async () => {
    const pair = await one(product, ['age', 'bmi'], {gridSize: 3});
    expect(pair.plot({theme: 'dark'}).match(/<rect/g)).toHaveLength(9 + 60 + 1);
    const bars = await one(product, 'age', {categories: {age: [0, 1, 5]}, kind: 'both'});
    expect(bars.plot().match(/<rect/g)).toHaveLength(3 + 1);
    expect(bars.plot().match(/<circle/g)).toHaveLength(12);
    for (const features of ['height', ['height', 'age']] as const) {
      const still = await one(x => tf.zeros([x.shape[0]]), features, {}, [[1, 2, 3]]);
      expect(still.plot()).not.toContain('NaN');
    }
  });

  it('is saved as plain numbers', async () => {
    const found = await one(linear, 'age', {kind: 'both'});
    const saved = JSON.parse(JSON.stringify(found)) as {
      grid: number[][];
      average: number[];
      individual: number[];
    };
    expect(saved.grid).toEqual([[1, 2, 4, 7]]);
    expect(saved.average).toEqual([...found.average]);
    expect(saved.individual).toEqual([...found.individual!]);
    expect(Object.keys(saved).sort()).toEqual([
      'average',
      'categorical',
      'centered',
      'deciles',
      'evaluations',
      'features',
      'grid',
      'individual',
      'kind',
      'target',
    ]);
  });
});
