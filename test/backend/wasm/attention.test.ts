import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {asFloat, asPairs} from '../../../src/layers/attentionMasks';
import type {AttentionMasks} from '../../../src/layers/attentionMasks';
import {OPEN, normal, operands, randomMasks, tensorOf} from '../../layers/operands';
import type {Sizes} from '../../layers/operands';
import {attentionGradientReference, attentionReference} from '../../layers/reference';
import type {Allowed, Values} from '../../layers/reference';
import {expectNear} from './support';

beforeAll(() => useBackend('wasm', {engine: true}));

type Operands = ReturnType<typeof operands>;

/** The output and the three gradients, as the two kernels give them; asserts that nothing stays behind. */
function attend(given: Operands, masks: () => AttentionMasks, upstream: Values): Float32Array[] {
  const before = {tensors: tf.memory().numTensors, data: tf.backend().numDataIds()};
  const found = tf.tidy(() => {
    const {query: queryMask, key: keyMask, pairs, causal} = masks();
    const inputs = {
      ...{query: tensorOf(given.query), key: tensorOf(given.key), value: tensorOf(given.value)},
      ...(queryMask && {queryMask: asFloat(queryMask)}),
      ...(keyMask && {keyMask: asFloat(keyMask)}),
      ...(pairs && {pairs: asPairs(pairs)}),
    };
    const run = (name: string, all: Record<string, Tensor>): Tensor[] =>
      tf.engine().runKernel(name, all, {causal});
    const [output, statistics] = run('GlassboxAttention', inputs) as [Tensor, Tensor];
    const backward = {...inputs, statistics, dy: tensorOf(upstream)};
    return [output, ...run('GlassboxAttentionGrad', backward)].map(
      tensor => tensor.dataSync().slice() as Float32Array,
    );
  });
  expect({tensors: tf.memory().numTensors, data: tf.backend().numDataIds()}).toEqual(before);
  return found;
}

function compare(random: Random, sizes: Sizes, masks: () => AttentionMasks, allowed?: Allowed): void {
  const given = operands(random, sizes);
  const {query, key, value} = given;
  const upstream = normal(random, [sizes.batch, sizes.targets, sizes.heads, sizes.valueDim]);
  const found = attend(given, masks, upstream);
  const expected = [
    attentionReference(query, key, value, allowed).output,
    ...attentionGradientReference(query, key, value, upstream, allowed),
  ];
  found.forEach((values, i) => expectNear(values, expected[i]!));
}

const sizes = (
  batch: number,
  heads: number,
  targets: number,
  sources: number,
  keyDim: number,
  valueDim = keyDim,
): Sizes => ({batch, heads, targets, sources, keyDim, valueDim});

describe('attention as one kernel', () => {
  it.each([
    ['a single number', sizes(1, 1, 1, 1, 1)],
    ['whole panels', sizes(2, 4, 64, 64, 16)],
    ['primes', sizes(2, 3, 67, 37, 17, 5)],
    ['more rows than a block has', sizes(1, 2, 131, 20, 7)],
    ['more keys than a block has rows for', sizes(1, 1, 35, 700, 3)],
    ['one query', sizes(2, 2, 1, 50, 8)],
    ['one key', sizes(2, 2, 50, 1, 8)],
    ['wide heads', sizes(1, 2, 20, 20, 80, 33)],
    ['many small heads', sizes(7, 13, 5, 6, 4)],
  ])('agrees with float64, forward and back: %s', (name, shape) => {
    compare(new Random(1, name), shape, () => OPEN);
    compare(
      new Random(2, name),
      shape,
      () => ({...OPEN, causal: true}),
      (_b, _h, t, s) => s <= t,
    );
  });

  it('agrees with float64 for random shapes and masks, forward and back', () => {
    const random = new Random(4, 'fused attention');
    const upTo = (n: number) => 1 + Math.floor(random.uniform() * n);
    for (let i = 0; i < 60; i++) {
      const shape = sizes(upTo(3), upTo(3), upTo(80), upTo(80), upTo(20), upTo(20));
      const {masks, allowed} = randomMasks(random, shape);
      compare(random, shape, masks, allowed);
    }
  });

  it('takes masks of pairs that are alike along any axis', () => {
    const random = new Random(6);
    const shape = sizes(2, 3, 5, 7, 4);
    const full = [2, 3, 5, 7];
    for (let kinds = 0; kinds < 16; kinds++) {
      const own = full.map((size, axis) => ((kinds >> axis) & 1 ? 1 : size));
      const bits = Array.from({length: own.reduce((a, b) => a * b)}, () => (random.uniform() < 0.6 ? 1 : 0));
      const allowed: Allowed = (...at) =>
        bits[at.reduce((index, place, axis) => index * own[axis]! + (own[axis] === 1 ? 0 : place), 0)] === 1;
      compare(random, shape, () => ({...OPEN, pairs: tf.tensor(bits, own)}), allowed);
    }
  });

  it('gives the same bits every time', () => {
    const random = new Random(8);
    const shape = sizes(3, 5, 33, 33, 9);
    const given = operands(random, shape);
    const upstream = normal(random, [3, 33, 5, 9]);
    const once = () => attend(given, () => OPEN, upstream);
    expect(once()).toEqual(once());
  });

  it('lets a NaN through to what looks at it, and to nothing else', () => {
    const random = new Random(9);
    const shape = sizes(1, 1, 3, 4, 2);
    const given = operands(random, shape);
    (given.query.values as Float32Array)[2] = NaN;
    const [output] = attend(given, () => OPEN, normal(random, [1, 3, 1, 2]));
    expect([...output!].map(Number.isNaN)).toEqual([false, false, true, true, false, false]);
  });

  it('stays finite where logits are far beyond what an exponential can hold', () => {
    const [large, small] = [3000, -3000];
    const given: Operands = {
      query: {shape: [1, 1, 1, 1], values: Float32Array.of(large)},
      key: {shape: [1, 2, 1, 1], values: Float32Array.of(large, small)},
      value: {shape: [1, 2, 1, 1], values: Float32Array.of(1, 2)},
    };
    const found = attend(given, () => OPEN, {shape: [1, 1, 1, 1], values: Float32Array.of(1)});
    expect(found.map(values => [...values])).toEqual([[1], [0], [0, 0], [1, 0]]);
  });

  describe('refuses what would be read or written out of bounds, before it computes', () => {
    const [query, key] = [
      [4, 5, 2, 3],
      [4, 6, 2, 3],
    ];
    const fitting = {query, key, value: key};
    const backward = {...fitting, statistics: [4, 2, 5, 2], dy: query};

    it.each([
      ['keys and values of a batch of 1', {...fitting, key: [1, 6, 2, 3], value: [1, 6, 2, 3]}, 'key'],
      ['fewer keys than values', {...fitting, key: [4, 5, 2, 3]}, 'key'],
      ['keys of other features', {...fitting, key: [4, 6, 2, 2]}, 'key'],
      ['values of fewer heads', {...fitting, value: [4, 6, 1, 3]}, 'value'],
      ["a query's mask of a batch of 1", {...fitting, queryMask: [1, 5]}, 'queryMask'],
      ["a keys' mask that is too short", {...fitting, keyMask: [4, 2]}, 'keyMask'],
      ['a mask of pairs without heads', {...fitting, pairs: [4, 5, 6]}, 'pairs'],
      ['a gradient of another shape', {...backward, dy: [4, 4, 2, 3]}, 'dy'],
      ['statistics of another call', {...backward, statistics: [1, 2, 5, 2]}, 'statistics'],
    ])('%s', (_, shapes, culprit) => {
      const before = tf.memory().numTensors;
      const run = () =>
        tf.tidy(() => {
          const inputs = Object.fromEntries(
            Object.entries(shapes).map(([name, shape]) => [name, tf.ones(shape)]),
          );
          const name = 'dy' in shapes ? 'GlassboxAttentionGrad' : 'GlassboxAttention';
          return tf.engine().runKernel<Tensor[]>(name, inputs, {causal: false});
        });
      expect(run).toThrow(`Attention's ${culprit} is float32`);
      expect(tf.memory().numTensors).toBe(before);
    });

    it('a mask that is not of float32', () => {
      const inputs = {
        query: tf.ones(query),
        key: tf.ones(key),
        value: tf.ones(key),
        keyMask: tf.ones([4, 6], 'bool'),
      };
      expect(() => tf.engine().runKernel<Tensor[]>('GlassboxAttention', inputs, {causal: false})).toThrow(
        "Attention's keyMask is bool [4, 6], but float32 [4, 6] is needed.",
      );
      tf.dispose(inputs);
    });
  });
});
