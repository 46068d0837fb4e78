import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {KernelShap, PartitionShap, Shapley, maskTokens} from '../../src/explain';
import type {MaskTokensOptions} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {distance} from './oracle';

const MASK = 2;
const options: MaskTokensOptions = {baseline: MASK, keep: [0, 1], continues: token => token >= 100};
// One begins a text, zeros pad it; 100 and 101 go on with a word.
const ids = [
  [1, 7, 100, 8, 0, 0],
  [1, 9, 7, 100, 101, 8],
];

/** Counts 7 and 8, and 10 where 7 stands before 8; notes what it was shown. */
function scorer(): {score: (rows: Tensor) => Promise<Tensor>; shown: number[][]} {
  const shown: number[][] = [];
  return {
    shown,
    async score(rows) {
      const texts = (await rows.array()) as number[][];
      shown.push(...texts);
      return tf.tensor1d(
        texts.map(text => {
          const [seven, eight] = [text.indexOf(7), text.indexOf(8)];
          return Number(seven >= 0) + Number(eight >= 0) + (seven >= 0 && eight > seven ? 10 : 0);
        }),
      );
    },
  };
}

describe.each(BACKENDS)('maskTokens on %s', backend => {
  beforeAll(() => activate(backend));

  it.each([KernelShap, PartitionShap, Shapley])(
    'hides whole words, and nothing that is kept: %o',
    async Method => {
      const {score, shown} = scorer();
      const x = tf.tensor2d(ids, [2, 6], 'int32');
      const tensors = tf.memory().numTensors;
      const {values, shape, baseValues} = await new Method(score, {masker: maskTokens(options)}).explain(x);
      expect(tf.memory().numTensors).toBe(tensors);
      x.dispose();
      expect(shape).toEqual([2, 6]);
      expect(distance(values, [0, 6, 6, 6, 0, 0, 0, 0, 6, 6, 6, 6])).toBeLessThan(1e-5);
      expect([...baseValues!]).toEqual([0, 0]);
      // Of a word all tokens or none are there.
      for (const text of shown) {
        expect(text[0]).toBe(1);
        if (text[5] === 0) expect([`7,100`, `${MASK},${MASK}`]).toContain(text.slice(1, 3).join());
        else expect([`7,100,101`, `${MASK},${MASK},${MASK}`]).toContain(text.slice(2, 5).join());
      }
      expect(shown).toContainEqual([1, MASK, MASK, 8, 0, 0]);
    },
  );

  it('gives one value for each word', async () => {
    const explainer = new Shapley(scorer().score, {masker: maskTokens(options), perFeature: true});
    const {values, shape} = await explainer.explain(tf.tensor2d(ids, [2, 6], 'int32'));
    expect(shape).toEqual([2, 3]);
    expect(distance(values, [6, 6, 0, 0, 6, 6])).toBeLessThan(1e-6);
  });

  it('takes every token for a feature if nothing is said, and leaves other inputs alone', async () => {
    const model = (inputs: Tensor[]) =>
      tf.tidy(() => tf.sum(tf.mul(inputs[0]!, tf.cast(inputs[1]!, 'float32')), 1));
    const inputs = [tf.tensor2d([[1, 0, 2]]), tf.tensor2d([[5, 6, 7]], [1, 3], 'int32')];
    const explainer = new PartitionShap(model, {masker: maskTokens({baseline: 0, input: 1})});
    const {attributions} = await explainer.explain(inputs);
    expect(attributions.map(({data}) => [...data])).toEqual([
      [0, 0, 0],
      [5, 0, 14],
    ]);
    tf.dispose(inputs);
  });

  it('refuses what cannot be right', async () => {
    expect(() => maskTokens({} as MaskTokensOptions)).toThrow(/baseline of maskTokens is undefined/);
    expect(() => maskTokens({baseline: 0.5})).toThrow(/is 0.5/);
    expect(() => maskTokens({baseline: 0, mask: 1} as MaskTokensOptions)).toThrow(/mask/);
    const tensors = tf.memory().numTensors;
    const explain = (given: number[][] | number[][][], more: Partial<MaskTokensOptions> = {}) =>
      new KernelShap((rows: Tensor) => tf.tidy(() => tf.sum(tf.reshape(rows, [rows.shape[0], -1]), 1)), {
        masker: maskTokens({...options, ...more}),
      }).explain(given);
    await expect(explain([[0, 1, 0]])).rejects.toThrow(/nothing to hide/);
    await expect(explain([[[3, 4]]])).rejects.toThrow(/input 0 has shape \[1,1,2\]/);
    await expect(explain([[3, 4]], {input: 1})).rejects.toThrow(/input 1, which the model does not have/);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
