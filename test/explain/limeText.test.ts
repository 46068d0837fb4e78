import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {LimeText, TextMasker, TokenMasker} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';

describe('a masker of texts', () => {
  it('hides words wherever they stand, and keeps what is between them', () => {
    const masker = new TextMasker('Don’t go, go home!');
    expect(masker.features).toEqual(['Don’t', 'go', 'home']);
    expect(masker.mask([1, 1, 1])).toBe('Don’t go, go home!');
    expect(masker.mask([1, 0, 1])).toBe('Don’t ,  home!');
    expect(new TextMasker('go, go', {together: false, baseline: 'UNK'}).mask([1, 0])).toBe('go, UNK');
  });

  it('hides sentences, in any script', () => {
    const masker = new TextMasker('One two. Three? Four', {unit: 'sentence'});
    expect(masker.features).toEqual(['One two.', 'Three?', 'Four']);
    expect(masker.mask([0, 1, 0])).toBe(' Three? ');
    expect(new TextMasker('naïve Größe 東京').features).toEqual(['naïve', 'Größe', '東京']);
  });

  it('hides tokens', () => {
    expect(new TokenMasker([7, 2, 9], {baseline: 0}).mask([1, 0, 1])).toEqual([7, 0, 9]);
    expect(new TokenMasker([7, 2, 9]).mask([1, 0, 1])).toEqual([7, 9]);
    expect(() => new TokenMasker([7, 2, 9]).mask([1])).toThrow(/1 entries for 3/);
    expect(() => new TextMasker('a', {unit: 'letter' as 'word'})).toThrow(/sentence/);
  });
});

describe.each(BACKENDS)('LimeText on %s', backend => {
  beforeAll(() => activate(backend));

  const has = (text: string, word: string): number => (text.includes(word) ? 1 : 0);
  const mood = (texts: readonly string[]): Tensor => {
    const score = tf.tensor2d(texts.map(text => [2 * has(text, 'good') - has(text, 'bad')]));
    return tf.concat([score, tf.neg(score)], 1);
  };

  it('finds the words that a linear model counts', async () => {
    const tensors = tf.memory().numTensors;
    const lime = new LimeText(mood, {samples: 1000});
    const explanation = await lime.explain(['good book, bad end', 'a bad day'], {target: 'all'});
    expect(tf.memory().numTensors).toBe(tensors);
    expect(explanation.shape).toEqual([2, 4]);
    expect(explanation.featureNamesOf(1)).toEqual(['a', 'bad', 'day']);
    const expected = [2, 0, -1, 0, 0, -1, 0, 0];
    explanation.values.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(0.06));
    expect(explanation.surrogates![0]!.coefficients[0]!.name).toBe('good');
    expect(explanation.surrogates![0]!.score).toBeGreaterThan(0.99);
    const other = explanation.forClass(1).values;
    other.forEach((value, i) => expect(value).toBeCloseTo(-explanation.values[i]!, 5));
    expect(explanation.evaluations.forward).toBe(2000);
  });

  it('takes asynchronous functions and arrays, sentences and baselines, and repeats itself for a seed', async () => {
    const remote = async (texts: readonly string[]): Promise<number[]> =>
      Promise.resolve(texts.map(text => has(text, 'Buy now') + 0.5 * has(text, '[MASK]')));
    const options = {unit: 'sentence', baseline: '[MASK]', samples: 400} as const;
    const run = (seed: number) =>
      new LimeText(remote, {...options, seed}).explain('Hello. Buy now! Bye.', {target: 0});
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    expect([...again.values]).toEqual([...first.values]);
    expect([...other.values]).not.toEqual([...first.values]);
    expect(first.values[1]).toBeGreaterThan(0.5);
  });

  it('refuses what cannot mean anything, and leaves no tensor after an error or an abort', async () => {
    const tensors = tf.memory().numTensors;
    expect(() => new LimeText(mood, {units: 'word'} as object)).toThrow(/unit/);
    expect(() => new LimeText(3 as never)).toThrow(/function of texts/);
    await expect(new LimeText(mood).explain('…')).rejects.toThrow(/no words/);
    await expect(new LimeText(mood).explain([])).rejects.toThrow(/no text/);
    await expect(new LimeText(mood).explain('a b', {target: 2})).rejects.toThrow(/2 outputs/);
    await expect(new LimeText(() => [1, 2, 3]).explain('a b')).rejects.toThrow(/3 scores for 100/);
    const controller = new AbortController();
    const slow = (texts: readonly string[]): Tensor => {
      controller.abort(new Error('enough'));
      return mood(texts);
    };
    await expect(new LimeText(slow).explain('a b', {signal: controller.signal})).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
