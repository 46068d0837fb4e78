import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {input, layers, model as functional} from '@tensorflow/tfjs-layers';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {AttentionRollout} from '../../src/explain';
import {MultiHeadAttention} from '../../src/layers';
import {withSeed} from '../../src/core';
import {activate, BACKENDS} from '../graph/backends';
import {distance} from './oracle';

/** Two layers of self-attention with residual connections over five words; 0 is padding. */
function encoder(options: {cross?: boolean} = {}): LayersModel {
  return withSeed(1, () => {
    const words = input({shape: [5]});
    let x = layers.embedding({inputDim: 9, outputDim: 6, maskZero: true}).apply(words) as SymbolicTensor;
    for (const name of ['first', 'second']) {
      const attention = new MultiHeadAttention({
        name,
        numHeads: 2,
        keyDim: 4,
        kernelInitializer: 'randomNormal',
      });
      const other = layers.dense({units: 6}).apply(x) as SymbolicTensor;
      const attended = attention.apply(options.cross ? [x, other] : x) as SymbolicTensor;
      x = layers.add().apply([x, attended]) as SymbolicTensor;
    }
    const pooled = layers.flatten().apply(x) as SymbolicTensor;
    const outputs = layers.dense({units: 2}).apply(pooled) as SymbolicTensor;
    const model = functional({inputs: words, outputs});
    // Attention as initialized is nearly the same everywhere: in which order it is multiplied would not show.
    tf.tidy(() => model.setWeights(model.getWeights().map(weight => tf.mul(weight, 12))));
    return model;
  });
}

/** A layer that holds a layer of attention. */
class Block extends layers.Layer {
  static className = 'Block';
  readonly attention = new MultiHeadAttention({numHeads: 1, keyDim: 4, kernelInitializer: 'randomNormal'});
  override build(shape: number[]): void {
    this.attention.build(shape);
    this.trainableWeights = this.attention.trainableWeights;
    this.built = true;
  }
  override computeOutputShape(shape: number[]): number[] {
    return shape;
  }
  override call(inputs: Tensor | Tensor[]): Tensor {
    return this.attention.call(inputs, {}) as Tensor;
  }
}

/** What each attention layer gives as its probabilities, from models that end there. */
function probabilities(model: LayersModel, words: Tensor): Promise<number[][][][][]> {
  const layersOf = ['first', 'second'].map(async name => {
    const layer = model.getLayer(name) as MultiHeadAttention;
    const before = functional({inputs: model.inputs, outputs: layer.input});
    const made = tf.tidy(() => {
      const x = before.predict(words) as Tensor;
      const copy = new MultiHeadAttention({numHeads: 2, keyDim: 4, returnAttentionScores: true});
      copy.build(x.shape);
      copy.setWeights(layer.getWeights());
      const mask = tf.cast(tf.notEqual(words, 0), 'bool');
      const [, scores] = copy.call(x, {mask}) as Tensor[];
      return scores!;
    });
    const values = (await made.array()) as number[][][][];
    made.dispose();
    return values;
  });
  return Promise.all(layersOf);
}

describe.each(BACKENDS)('attention rollout on %s', backend => {
  let model: LayersModel;
  let words: Tensor;

  beforeAll(async () => {
    await activate(backend);
    model = encoder();
    words = tf.tensor2d([
      [1, 2, 3, 4, 5],
      [6, 7, 8, 0, 0],
    ]);
  });
  afterAll(() => {
    model.dispose();
    words.dispose();
  });

  it('multiplies attention, half with what goes around it, over the layers', async () => {
    const all = await probabilities(model, words);
    const positions = [0, 1, 2, 3, 4];
    const expected = [0, 1].map(example => {
      let whole = positions.map(i => positions.map(j => Number(i === j)));
      for (const scores of all) {
        const mixed = positions.map(i => {
          const row = positions.map(
            j => (scores[example]![0]![i]![j]! + scores[example]![1]![i]![j]!) / 4 + Number(i === j) / 2,
          );
          const sum = row.reduce((a, b) => a + b);
          return row.map(value => value / sum);
        });
        whole = positions.map(i =>
          positions.map(j => positions.reduce((sum, k) => sum + mixed[i]![k]! * whole[k]![j]!, 0)),
        );
      }
      return whole;
    });
    const tensors = tf.memory().numTensors;
    const matrix = await new AttentionRollout(model, {position: 'all', batchSize: 1}).explain(words);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(matrix.shape).toEqual([2, 5, 5]);
    expect(distance(matrix.values, expected)).toBeLessThan(1e-5);
    const third = await new AttentionRollout(model, {position: 2}).explain(words);
    expect(
      distance(
        third.values,
        expected.map(whole => whole[2]!),
      ),
    ).toBeLessThan(1e-5);
  });

  it('follows attention that other layers hold', async () => {
    const blocks = withSeed(2, () => {
      const steps = input({shape: [5, 6]});
      const first = new Block({}).apply(steps) as SymbolicTensor;
      return functional({
        inputs: steps,
        outputs: layers.flatten().apply(new Block({}).apply(first)) as SymbolicTensor,
      });
    });
    const rows = tf.randomNormal([2, 5, 6], 0, 1, 'float32', 1);
    const {values, shape} = await new AttentionRollout(blocks).explain(rows, {target: 0});
    expect(shape).toEqual([2, 5]);
    expect([...values.slice(0, 5)].reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    tf.dispose([rows]);
  });

  it('gives the mean view of what is no padding, which sums up to one', async () => {
    const {values, shape} = await new AttentionRollout(model, {heads: 'max'}).explain(words);
    expect(shape).toEqual([2, 5]);
    expect([...values.slice(5)].reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect([...values.slice(8)]).toEqual([0, 0]);
  });

  it('leaves the layers as they were', async () => {
    const before = model.predict(words) as Tensor;
    await new AttentionRollout(model).explain(words);
    const layer = model.getLayer('first');
    expect(Object.hasOwn(layer, 'call')).toBe(false);
    expect(layer.getConfig()['returnAttentionScores']).toBe(false);
    const after = model.predict(words) as Tensor;
    expect(await after.data()).toEqual(await before.data());
    tf.dispose([before, after]);
  });

  it('refuses what cannot be followed, and leaves nothing behind', async () => {
    const cross = encoder({cross: true});
    const plain = functional({
      inputs: model.inputs,
      outputs: model.layers[1]!.output,
    });
    const tensors = tf.memory().numTensors;
    await expect(new AttentionRollout(cross).explain(words)).rejects.toThrow(/another sequence/);
    expect(Object.hasOwn(cross.getLayer('first'), 'call')).toBe(false);
    await expect(new AttentionRollout(model, {position: 5}).explain(words)).rejects.toThrow(/position 5/);
    expect(tf.memory().numTensors).toBe(tensors);
    const [left, right] = ['left', 'right'].map(name =>
      new MultiHeadAttention({name, numHeads: 1, keyDim: 2}).apply(model.layers[1]!.output),
    );
    const sum = layers.add().apply([left, right] as SymbolicTensor[]) as SymbolicTensor;
    const beside = functional({inputs: model.inputs, outputs: sum});
    expect(() => new AttentionRollout(beside)).toThrow(/'right' stands beside another/);
    // A branch that leads to another output is not on the way.
    const apart = functional({inputs: model.inputs, outputs: [left, right] as SymbolicTensor[]});
    expect(() => new AttentionRollout(apart, {output: 1})).not.toThrow();
    expect(() => new AttentionRollout(plain)).toThrow(/no MultiHeadAttention/);
    expect(() => new AttentionRollout((x: Tensor) => x)).toThrow(/Only a LayersModel/);
    expect(() => new AttentionRollout(model, {heads: 'sum' as 'max'})).toThrow(/heads 'sum'/);
    expect(() => new AttentionRollout(model, {residual: 2})).toThrow(/residual/);
    cross.dispose();
  });
});
