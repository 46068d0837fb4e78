import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as functional, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend, withSeed} from '../../src';
import {Saliency} from '../../src/explain';
import {distance} from './oracle';

const {dense, flatten, reshape, softmax} = layers;

/** Two dense layers up to the logits, the same weights in each model. */
const body = () => [dense({units: 4, activation: 'tanh', inputShape: [3]}), dense({units: 2})];
const ends: Record<string, () => LayersModel> = {
  'a softmax layer': () => sequential({layers: [...body(), softmax()]}),
  'an activation of its last layer': () =>
    sequential({layers: [body()[0]!, dense({units: 2, activation: 'softmax'})]}),
  'a softmax that is reshaped after': () =>
    sequential({layers: [...body(), reshape({targetShape: [1, 2]}), softmax({axis: -1}), flatten()]}),
  'a nested model': () => {
    const x = input({shape: [3]});
    const inner = sequential({layers: [...body(), softmax()]});
    return functional({inputs: x, outputs: inner.apply(x) as SymbolicTensor});
  },
};

/** One dense softmax layer, called twice, the second time on what it gave. */
function calledTwice(): LayersModel {
  const shared = dense({units: 3, activation: 'softmax'});
  const x = input({shape: [3]});
  return functional({inputs: x, outputs: shared.apply(shared.apply(x)) as SymbolicTensor});
}

describe('the head that gradient methods explain', () => {
  beforeAll(() => useBackend('cpu'));

  it.each(Object.keys(ends))('is the logits under %s', async name => {
    const x = tf.tensor2d([[0.3, -0.7, 1.1]]);
    const model = withSeed(3, ends[name]!);
    const logits = withSeed(3, () => sequential({layers: body()}));
    // Layers draw their weights when they are built: in the same order in each model.
    logits.setWeights(model.getWeights());
    const options = {absolute: false, head: 'output'} as const;
    const expected = await new Saliency(logits, options).explain(x, {target: 1});
    const found = await new Saliency(model, {absolute: false}).explain(x, {target: 1});
    expect(distance(found.values, [...expected.values])).toBeLessThan(1e-6);
    expect(distance(found.outputs, [...expected.outputs])).toBeLessThan(1e-6);
  });

  it('is the logits of the last call alone where a layer with a softmax is called twice', async () => {
    const x = tf.tensor2d([[0.3, -0.7, 1.1]]);
    const model = withSeed(3, calledTwice);
    const [kernel, bias] = model.getWeights() as [tf.Tensor2D, tf.Tensor1D];
    const logits = (rows: tf.Tensor): tf.Tensor => {
      const affine = (values: tf.Tensor): tf.Tensor => tf.add(tf.matMul(values as tf.Tensor2D, kernel), bias);
      return affine(tf.softmax(affine(rows)));
    };
    const expected = await new Saliency(logits, {absolute: false}).explain(x, {target: 1});
    const found = await new Saliency(model, {absolute: false}).explain(x, {target: 1});
    expect(distance(found.values, [...expected.values])).toBeLessThan(1e-6);
    expect(distance(found.outputs, [...expected.outputs])).toBeLessThan(1e-6);
  });
});
