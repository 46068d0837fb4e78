import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {Random} from '../../src/core';
import {fusedAttention} from '../../src/layers/fusedAttention';
import {scaledDotProduct} from '../../src/layers/scaledDotProduct';
import type {AttentionMasks} from '../../src/layers/attentionMasks';
import {expectNear} from '../backend/wasm/support';
import {activate} from '../graph/backends';
import {OPEN, normal, operands, randomMasks, tensorOf} from './operands';
import type {Sizes} from './operands';
import {attentionReference} from './reference';
import type {Allowed, Values} from './reference';

type Attend = (
  query: Tensor4D,
  key: Tensor4D,
  value: Tensor4D,
  masks: AttentionMasks,
) => {output: Tensor4D; scores?: Tensor4D};

/** The one kernel; plain operations where it hands over. */
const inOne: Attend = (...given) => {
  const output = fusedAttention(...given);
  return output === undefined ? scaledDotProduct(...given) : {output};
};

const WAYS = [
  ['plain on cpu', 'cpu', scaledDotProduct],
  ['plain on wasm', 'wasm', scaledDotProduct],
  ['as one kernel on wasm', 'wasm', inOne],
  ['as one kernel where there is none', 'cpu', inOne],
] as const satisfies readonly [string, string, Attend][];

describe.each(WAYS)('scaled dot-product attention %s', (_, backend, way) => {
  const attend: Attend = way;
  const gradientsOf = gradientsBy(attend);

  beforeAll(() => activate(backend));

  it('is what it is by hand: a query that fits one of two keys', () => {
    const near = (values: number[]) => tf.tensor4d(values, [1, 2, 1, 1]);
    tf.tidy(() => {
      const query = tf.tensor4d([Math.log(3)], [1, 1, 1, 1]);
      const {output, scores} = attend(query, near([1, 0]), near([10, 20]), OPEN);
      if (scores) expectNear(scores.dataSync(), [0.75, 0.25]);
      expectNear(output.dataSync(), [12.5]);
    });
  });

  it('agrees with plain float64 loops for random shapes and masks', () => {
    const random = new Random(3, 'attention');
    const upTo = (n: number) => 1 + Math.floor(random.uniform() * n);
    for (let i = 0; i < 40; i++) {
      const [batch, targets, sources, heads] = [upTo(3), upTo(9), upTo(9), upTo(3)];
      const sizes = {batch, targets, sources, heads, keyDim: upTo(9), valueDim: upTo(9)};
      const {query, key, value} = operands(random, sizes);
      const {masks, allowed} = randomMasks(random, sizes);
      const expected = attentionReference(query, key, value, allowed);
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const found = attend(tensorOf(query), tensorOf(key), tensorOf(value), masks());
        expect(found.output.shape).toEqual([batch, targets, heads, sizes.valueDim]);
        expect(found.scores?.shape ?? [batch, heads, targets, sources]).toEqual([
          batch,
          heads,
          targets,
          sources,
        ]);
        expectNear(found.output.dataSync(), expected.output);
        if (found.scores) expectNear(found.scores.dataSync(), expected.scores);
      });
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('has the gradients that finite differences of the float64 loops have', () => {
    const random = new Random(5, 'attention gradients');
    const sizes = {batch: 2, targets: 4, sources: 3, heads: 2, keyDim: 3, valueDim: 2};
    for (let i = 0; i < 5; i++) {
      const given = operands(random, sizes);
      const {masks, allowed} = randomMasks(random, sizes);
      const upstream = normal(random, [2, 4, 2, 2]);
      const gradients = gradientsOf(given, masks, upstream);
      const expected = numericGradients(given, allowed, upstream);
      gradients.forEach((gradient, j) => expectNear(gradient, expected[j]!, 1e-4));
    }
  });

  it('gives a query that may look nowhere zeros, and no gradient', () => {
    const random = new Random(7);
    const sizes = {batch: 2, targets: 3, sources: 3, heads: 2, keyDim: 4, valueDim: 4};
    const given = operands(random, sizes);
    const masks = () => ({...OPEN, key: tf.tensor([1, 1, 1, 0, 0, 0], [2, 3], 'bool')});
    tf.tidy(() => {
      const {query, key, value} = given;
      const {output, scores} = attend(tensorOf(query), tensorOf(key), tensorOf(value), masks());
      for (const found of scores === undefined ? [output] : [output, scores]) {
        const last = tf.slice(found, 1).dataSync();
        expect(last.every(y => y === 0)).toBe(true);
      }
    });
    const gradients = gradientsOf(given, masks, normal(random, [2, 3, 2, 4]));
    for (const gradient of gradients) expect(gradient.slice(24).every(dx => dx === 0)).toBe(true);
  });

  it('stays finite where logits are huge', () => {
    tf.tidy(() => {
      const query = tf.fill<tf.Rank.R4>([1, 2, 1, 4], 300);
      const key = tf.tensor4d([300, 300, 300, 300, -300, -300, -300, -300], [1, 2, 1, 4]);
      const value = tf.tensor4d([1, 2], [1, 2, 1, 1]);
      expect([...attend(query, key, value, OPEN).output.dataSync()]).toEqual([1, 1]);
    });
  });

  it('can be differentiated twice', () => {
    const random = new Random(9);
    const {query, key, value} = operands(random, {...SMALL, keyDim: 3});
    tf.tidy(() => {
      const [k, v] = [tensorOf(key), tensorOf(value)];
      const inner = (q: Tensor) => tf.sum(tf.square(attend(q as Tensor4D, k, v, OPEN).output));
      const penalty = (q: Tensor) => tf.sum(tf.square(tf.grad(inner)(q)));
      const found = tf.grad(penalty)(tensorOf(query)).dataSync();
      const step = 1e-2;
      const at = (i: number, offset: number) => {
        const moved = Float32Array.from(query.values);
        moved[i]! += offset;
        return penalty(tensorOf({...query, values: moved})).dataSync()[0]!;
      };
      const expected = Array.from(query.values, (_, i) => (at(i, step) - at(i, -step)) / (2 * step));
      expectNear(found, expected, 1e-2);
    });
  });
});

const SMALL: Sizes = {batch: 1, targets: 2, sources: 3, heads: 1, keyDim: 2, valueDim: 2};

type Operands = ReturnType<typeof operands>;

const gradientsBy =
  (attend: Attend) =>
  (given: Operands, masks: () => AttentionMasks, upstream: Values): number[][] => {
    const before = tf.memory().numTensors;
    const data = tf.backend().numDataIds();
    const found = tf.tidy(() => {
      const weights = tensorOf(upstream);
      const inputs = [given.query, given.key, given.value].map(tensorOf);
      const scalar = (...[q, k, v]: Tensor[]) =>
        tf.sum(tf.mul(weights, attend(q as Tensor4D, k as Tensor4D, v as Tensor4D, masks()).output));
      return tf
        .grads(scalar)(inputs)
        .map(gradient => [...gradient.dataSync()]);
    });
    expect(tf.memory().numTensors).toBe(before);
    expect(tf.backend().numDataIds()).toBe(data);
    return found;
  };

function numericGradients(given: Operands, allowed: Allowed, upstream: Values): number[][] {
  const inputs = [given.query, given.key, given.value].map(({shape, values}) => ({
    shape,
    values: Float64Array.from(values),
  }));
  const [query, key, value] = inputs;
  const total = () =>
    attentionReference(query!, key!, value!, allowed).output.reduce(
      (sum, y, i) => sum + y * upstream.values[i]!,
      0,
    );
  const step = 1e-5;
  return inputs.map(({values}) =>
    Array.from(values, (x, i) => {
      values[i] = x + step;
      const above = total();
      values[i] = x - step;
      const below = total();
      values[i] = x;
      return (above - below) / (2 * step);
    }),
  );
}
