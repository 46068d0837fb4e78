/** Queries, keys, values and masks to try attention on. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor4D} from '@tensorflow/tfjs-core';
import type {Random} from '../../src/core';
import type {AttentionMasks} from '../../src/layers/attentionMasks';
import {sizeOf} from '../backend/wasm/support';
import type {Allowed, Values} from './reference';

/** Everybody may look at everybody. */
export const OPEN: AttentionMasks = {query: null, key: null, pairs: null, causal: false};

export interface Sizes {
  batch: number;
  targets: number;
  sources: number;
  heads: number;
  keyDim: number;
  valueDim: number;
}

export function normal(random: Random, shape: number[]): Values {
  return {shape, values: Float32Array.from({length: sizeOf(shape)}, () => random.normal())};
}

export function operands(random: Random, {batch, targets, sources, heads, keyDim, valueDim}: Sizes) {
  return {
    query: normal(random, [batch, targets, heads, keyDim]),
    key: normal(random, [batch, sources, heads, keyDim]),
    value: normal(random, [batch, sources, heads, valueDim]),
  };
}

export const tensorOf = ({values, shape}: Values): Tensor4D =>
  tf.tensor<tf.Rank.R4>(values, [...shape] as [number, number, number, number]);

/** Masks of every kind at random, and what they say together. */
export function randomMasks(random: Random, {batch, targets, sources, heads}: Sizes) {
  const bits = (count: number) => Array.from({length: count}, () => (random.uniform() < 0.7 ? 1 : 0));
  const maybe = <T>(make: () => T): T | null => (random.uniform() < 0.5 ? make() : null);
  const query = maybe(() => bits(batch * targets));
  const key = maybe(() => bits(batch * sources));
  const pairHeads = random.uniform() < 0.5 ? heads : 1;
  const pairs = maybe(() => bits(batch * pairHeads * targets * sources));
  const causal = random.uniform() < 0.5;
  const allowed: Allowed = (b, h, t, s) =>
    (query === null || query[b * targets + t] === 1) &&
    (key === null || key[b * sources + s] === 1) &&
    (pairs === null ||
      pairs[((b * pairHeads + (pairHeads === 1 ? 0 : h)) * targets + t) * sources + s] === 1) &&
    (!causal || s <= t);
  const masks = (): AttentionMasks => ({
    query: query && tf.tensor(query, [batch, targets], 'bool'),
    key: key && tf.tensor(key, [batch, sources], 'bool'),
    pairs: pairs && tf.tensor(pairs, [batch, pairHeads, targets, sources]),
    causal,
  });
  return {masks, allowed};
}
