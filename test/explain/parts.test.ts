/** Features of several numbers, which a mask makes: each is counted once, and called by its name. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {
  Explanation,
  FeatureAblation,
  KernelShap,
  Shapley,
  completeness,
  maskTokens,
  perturbationCurves,
  grid,
} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {distance} from './oracle';

describe.each(BACKENDS)('features of several numbers on %s', backend => {
  const weights = [1, 2, 3, 10];
  const linear = (x: Tensor): Tensor => tf.sum(tf.mul(x, weights), 1);
  const featureNames = ['paris', 'rome', 'age', 'debt'];
  const featureMask = {city: [0, 1]};
  const ones = [[1, 1, 1, 1]];
  beforeAll(() => activate(backend));

  /** The names of a plot's rows, and the numbers beside them. */
  const texts = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)/g)].map(([, text]) => text!);

  it('share an attribution, which sums, groups and plots count once', async () => {
    const explanation = await new Shapley(linear, {featureMask, featureNames}).explain(ones);
    expect([...explanation.values]).toEqual([3, 3, 3, 10]);
    expect(completeness(explanation)[0]).toBeLessThan(1e-6);
    const waterfall = texts(explanation.plot('waterfall'));
    expect(waterfall).toEqual(expect.arrayContaining(['city', 'age = 1', 'debt = 1', '+10', '+3']));
    expect(waterfall.some(text => /missed|paris|rome/.test(text))).toBe(false);
    expect(texts(explanation.plot('force')).some(text => /missed/.test(text))).toBe(false);
    const {values, featureNames: names} = explanation.group({rest: [2, 3]});
    expect([...values]).toEqual([3, 13]);
    expect(names).toEqual(['city', 'rest']);
    expect([...explanation.group({all: [0, 1, 2]}).values]).toEqual([6, 10]);
    expect(() => explanation.group({half: [1, 2]})).toThrow(/Columns 0 and 1 are one feature/);
  });

  it('are the same after a way through JSON, and in an example alone', async () => {
    const explanation = await new Shapley(linear, {featureMask, featureNames}).explain([...ones, ...ones]);
    const read = Explanation.fromJSON(JSON.stringify(explanation));
    expect(read.plot('bar')).toBe(explanation.plot('bar'));
    expect(texts(read.example(1).plot('bar'))).toContain('city');
  });

  it('bear the names of the mask, or those of their columns, where each has a single value', async () => {
    const named = await new Shapley(linear, {featureMask, featureNames, perFeature: true}).explain(ones);
    expect([...named.values]).toEqual([3, 3, 10]);
    expect(named.featureNames).toEqual(['city', 'age', 'debt']);
    const mask = [1, 1, 0, 2];
    const joined = await new Shapley(linear, {featureMask: mask, featureNames, perFeature: true}).explain(
      ones,
    );
    expect(joined.featureNames).toEqual(['age', 'paris, rome', 'debt']);
    const own = ['years', 'town', 'money'];
    const given = await new Shapley(linear, {featureMask: mask, featureNames: own, perFeature: true}).explain(
      ones,
    );
    expect(given.featureNames).toEqual(own);
    const unnamed = await new Shapley(linear, {featureMask, perFeature: true}).explain(ones);
    expect(unnamed.featureNames).toEqual(['city', 'feature 2', 'feature 3']);
  });

  it('may differ from example to example, each shown by itself', async () => {
    const masks = [
      [0, 0, 1, 2],
      [0, 1, 1, 2],
    ];
    const explanation = await new FeatureAblation(linear, {featureMask: masks, featureNames}).explain([
      ...ones,
      ...ones,
    ]);
    expect(texts(explanation.plot('bar', {example: 1}))).toContain('rome, age');
    expect(() => explanation.plot('bar')).toThrow(/different feature masks/);
    expect(texts(explanation.example(0).plot('bar'))).toContain('paris, rome');
  });

  it('are words of several tokens, and tokens that stay are none', async () => {
    const score = (ids: Tensor): Tensor => tf.sum(tf.cast(ids, 'float32'), 1);
    const masker = maskTokens({baseline: 0, keep: [9], continues: token => token >= 5});
    const ids = tf.tensor2d([[9, 1, 5, 2]], [1, 4], 'int32');
    const explanation = await new KernelShap(score, {masker}).explain(ids).finally(() => ids.dispose());
    expect(distance(explanation.values, [0, 6, 6, 2])).toBeLessThan(1e-5);
    expect(completeness(explanation)[0]).toBeLessThan(1e-6);
    const grouped = explanation.group({end: [1, 2, 3]});
    expect(distance(grouped.values, [8])).toBeLessThan(1e-5);
  });

  it('go and come as one, by what each adds and not by its size', async () => {
    const score = (x: Tensor): Tensor => tf.sum(tf.mul(x, [1, 1, 1, 1, 5]), 1);
    const five = [[1, 1, 1, 1, 1]];
    const explanation = await new Shapley(score, {featureMask: [0, 0, 0, 0, 1]}).explain(five);
    const {deletion, insertion} = await perturbationCurves(score, five, explanation);
    expect([...deletion.scores.data]).toEqual([9, 4, 0]);
    expect([...insertion.scores.data]).toEqual([0, 5, 9]);
  });

  it('may be the segments of an image, as they were found', async () => {
    const halves = Array.from({length: 64}, (_, i) => (i % 8 < 4 ? 0 : 1));
    const image = tf.tensor4d(halves, [1, 8, 8, 1]);
    const quarters = {height: 8, width: 8, channels: 1, data: Float32Array.from(halves)};
    const segments = grid(quarters, {segments: 4});
    expect(segments.count).toBe(4);
    const score = (x: Tensor): Tensor => tf.sum(x, [1, 2, 3]);
    const explainer = new Shapley(score, {featureMask: segments});
    const {values} = await explainer.explain(image).finally(() => image.dispose());
    expect([...values]).toEqual(halves.map(value => 16 * value));
    await expect(explainer.explain(tf.zeros([1, 4, 4, 1]))).rejects.toThrow(/segments 64 pixels/);
  });

  it('have names for all of them, or none', () => {
    const explain = (featureNames: unknown) =>
      new Shapley(linear, {featureNames: featureNames as string[]}).explain(ones);
    const refused = {name: 'ConfigurationError', code: 'configuration/feature-names'};
    return Promise.all([
      expect(explain(['a', 'b'])).rejects.toMatchObject({
        ...refused,
        message: expect.stringMatching(/2 featureNames for 4/),
      }),
      expect((async () => explain('abcd'))()).rejects.toMatchObject(refused),
      expect((async () => explain([1, 2, 3, 4]))()).rejects.toMatchObject(refused),
    ]);
  });

  it('are those of all inputs, by name, in sums and plots', async () => {
    const score = ([a, b]: Tensor[]): Tensor =>
      tf.add(tf.sum(tf.mul(a!, [1, 2]), 1), tf.sum(tf.mul(b!, [4, 8]), 1));
    const inputs = [tf.tensor2d([[1, 1]]), tf.tensor2d([[1, 1]])];
    const explanation = await new Shapley(score).explain(inputs);
    const rows = texts(explanation.plot('waterfall'));
    expect(rows).toEqual(
      expect.arrayContaining(['feature 1 of input 1 = 1', '+8', 'feature 0 of input 0 = 1', '+1']),
    );
    expect(rows.some(text => text.includes('missed'))).toBe(false);
    const named = await new Shapley(score, {featureNames}).explain(inputs);
    expect(texts(named.plot('bar'))).toContain('debt = 1');
    const second = named.forInput(1);
    expect([...second.values]).toEqual([4, 8]);
    expect(second.featureNames).toEqual(['age', 'debt']);
    expect([...second.group({both: [0, 1]}).values]).toEqual([12]);
    expect([...named.aggregate('mean', 1).data]).toEqual([4, 8]);
    expect(() => named.forInput(2)).toThrow(/There is no input 2/);
    tf.dispose(inputs);
  });

  it('are shown by pairs, where these are explained', async () => {
    const score = (x: Tensor): Tensor => tf.prod(x, 1);
    const explanation = await new Shapley(score, {featureNames: ['a', 'b']}).explainInteractions([[2, 3]]);
    // ab by brute force: nothing by itself, 6 together.
    const rows = texts(explanation.plot());
    expect(rows).toEqual(expect.arrayContaining(['a × b', '+6']));
    expect(rows.some(text => text.includes('missed'))).toBe(false);
  });
});
