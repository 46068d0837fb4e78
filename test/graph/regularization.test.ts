import * as tf from '@tensorflow/tfjs-core';
import type {Scalar} from '@tensorflow/tfjs-core';
import {input, layers, model, regularizers, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {ModelGraph} from '../../src/graph';
import {activate} from './backends';

beforeAll(() => activate('cpu'));

/** 0.5 · the number of ones in a kernel of ones. */
const l1 = () => regularizers.l1({l1: 0.5});
const dense = (options: object = {}) =>
  layers.dense({units: 2, inputShape: [3], kernelInitializer: 'ones', kernelRegularizer: l1(), ...options});
const ones = {units: 1, kernelInitializer: 'ones', recurrentInitializer: 'ones'} as const;

function penalty(built: LayersModel): number | null {
  const total = ModelGraph.of(built).regularization();
  const value = total === null ? null : total.dataSync()[0]!;
  total?.dispose();
  return value;
}
const tfjs = (built: LayersModel) =>
  tf.tidy(
    () => built.calculateLosses().reduce((sum, loss) => sum + loss.dataSync()[0]!, 0) as never,
  ) as number;

describe('the penalties of a model', () => {
  it('are null without regularizers', () => {
    expect(penalty(sequential({layers: [layers.dense({units: 1, inputShape: [1]})]}))).toBeNull();
  });

  it('are summed over weights and layers', () => {
    const both = dense({biasInitializer: 'ones', biasRegularizer: regularizers.l2({l2: 2})});
    const built = sequential({layers: [both, dense({inputShape: [2]})]});
    expect(penalty(built)).toBe(3 + 4 + 2); // ½ · 6, 2 · (1² + 1²), ½ · 4
  });

  it('count a nested model', () => {
    const x = input({shape: [3]});
    expect(
      penalty(model({inputs: x, outputs: sequential({layers: [dense()]}).apply(x) as SymbolicTensor})),
    ).toBe(3);
  });

  it('count a shared layer once, where tfjs counts each call', () => {
    const shared = dense({units: 3});
    const x = input({shape: [3]});
    const built = model({
      inputs: x,
      outputs: shared.apply(shared.apply(x)) as SymbolicTensor,
    });
    expect(penalty(built)).toBe(4.5);
    expect(tfjs(built)).toBe(9);
  });

  it('count recurrent layers, which tfjs forgets', () => {
    const built = sequential({
      layers: [
        layers.lstm({
          ...ones,
          kernelRegularizer: l1(),
          recurrentRegularizer: l1(),
          inputShape: [4, 3],
        }),
      ],
    });
    expect(penalty(built)).toBe(6 + 2); // kernel [3, 4], recurrent kernel [1, 4]
    expect(tfjs(built)).toBe(0);
  });

  it('count both directions of a bidirectional layer, which tfjs forgets', () => {
    const layer = layers.simpleRNN({...ones, kernelRegularizer: l1()});
    const built = sequential({layers: [layers.bidirectional({layer, mergeMode: 'sum', inputShape: [4, 3]})]});
    expect(penalty(built)).toBe(3);
    expect(tfjs(built)).toBe(0);
  });

  it('count the inside of TimeDistributed', () => {
    const layer = layers.dense({units: 2, kernelInitializer: 'ones', kernelRegularizer: l1()});
    expect(penalty(sequential({layers: [layers.timeDistributed({layer, inputShape: [4, 3]})]}))).toBe(3);
  });

  it('leave out frozen layers, as in Keras 3', () => {
    const frozen = dense({trainable: false});
    const built = sequential({layers: [frozen, dense({inputShape: [2]})]});
    expect(penalty(built)).toBe(2);
  });

  it('have gradients, and leave nothing behind', () => {
    const built = sequential({layers: [dense({kernelRegularizer: regularizers.l2({l2: 0.5})})]});
    const graph = ModelGraph.of(built);
    const [kernel] = graph.parameters();
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const {grads, value} = tf.variableGrads(() => graph.regularization() as Scalar, [kernel!.variable]);
      expect(value.dataSync()[0]).toBe(3);
      expect([...grads[kernel!.variable.name]!.dataSync()]).toEqual([1, 1, 1, 1, 1, 1]);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});
