import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {constraints, input, layers, model, models, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {ModelGraph} from '../../src/graph';
import {activate} from './backends';
import {zoo} from './zoo';

const values = (t: Tensor) => [...t.dataSync()];
const keys = (built: LayersModel) => ModelGraph.of(built).parameters().map(p => p.key); // prettier-ignore
const trainable = (built: LayersModel) => ModelGraph.of(built).parameters().filter(p => p.trainable).map(p => p.key); // prettier-ignore
const plain = {units: 2, recurrentInitializer: 'glorotNormal'} as const;

beforeAll(() => activate('cpu'));

describe('the parameters of a model', () => {
  it('are keyed by position', () => {
    const inner = sequential({layers: [layers.dense({units: 2, inputShape: [3]})]});
    const x = input({shape: [4, 3]});
    const cell = [layers.lstmCell(plain), layers.gruCell(plain)];
    let y = layers.timeDistributed({layer: inner}).apply(x);
    y = layers.batchNormalization().apply(y);
    y = layers
      .bidirectional({layer: layers.lstm({...plain, returnSequences: true}), mergeMode: 'sum'})
      .apply(y);
    y = layers.rnn({cell: cell, returnSequences: true}).apply(y);
    y = layers.gru(plain).apply(y);
    y = sequential({layers: [layers.dense({units: 1, inputShape: [2], useBias: false})]}).apply(y);
    const built = model({inputs: x, outputs: y as SymbolicTensor});
    const recurrent = (at: string) => ['kernel', 'recurrent_kernel', 'bias'].map(name => `${at}/${name}`);
    expect(keys(built)).toEqual([
      '1/layer/0/kernel',
      '1/layer/0/bias',
      '2/gamma',
      '2/beta',
      '2/moving_mean',
      '2/moving_variance',
      ...recurrent('3/forward'),
      ...recurrent('3/backward'),
      ...recurrent('4/0'),
      ...recurrent('4/1'),
      ...recurrent('5'),
      '6/0/kernel',
    ]);
  });

  it('say what they are', () => {
    const lstm = layers.lstm({...plain, inputShape: [3, 4], name: 'reader'});
    const [kernel] = ModelGraph.of(sequential({layers: [lstm]})).parameters();
    expect(kernel).toMatchObject({
      key: '0/kernel',
      name: 'reader/kernel',
      layerClass: 'LSTM',
      layer: lstm,
      shape: [4, 8],
      trainable: true,
      applyConstraint: undefined,
    });
    expect(kernel!.variable).toBe(lstm.getWeights()[0]);
  });

  it.each(zoo)('are all weights, each once: $name', ({build}) => {
    const built = build();
    const found = ModelGraph.of(built).parameters();
    expect(new Set(found.map(p => p.variable))).toEqual(new Set(built.weights.map(w => w.read())));
    expect(new Set(found.map(p => p.key)).size).toBe(found.length);
    const expected = new Set(built.trainableWeights.map(w => w.read()));
    expect(new Set(found.filter(p => p.trainable).map(p => p.variable))).toEqual(expected);
  });

  it.each(zoo)('have the same keys and shapes in every build: $name', ({build}) => {
    const list = (built: LayersModel) => ModelGraph.of(built).parameters().map(p => [p.key, p.shape]); // prettier-ignore
    const first = list(build());
    layers.dense({units: 1});
    expect(list(build())).toEqual(first);
  });

  it.each(zoo)('keep keys and order when frozen: $name', ({build}) => {
    const built = build();
    const before = keys(built);
    for (const layer of built.layers) layer.trainable = false;
    expect(keys(built)).toEqual(before);
    expect(trainable(built)).toEqual([]);
    built.trainable = false;
    expect(keys(built)).toEqual(before);
  });

  it('do not depend on the order in which the layers were made', () => {
    const build = (reversed: boolean) => {
      const make = [
        () => layers.dense({units: 2, name: `left${reversed}`}),
        () => layers.dense({units: 3, name: `right${reversed}`}),
      ];
      const made = reversed ? [make[1]!(), make[0]!()].reverse() : [make[0]!(), make[1]!()];
      const x = input({shape: [4]});
      const order = reversed ? [1, 0] : [0, 1];
      const applied: SymbolicTensor[] = [];
      for (const i of order) applied[i] = made[i]!.apply(x) as SymbolicTensor;
      return model({inputs: x, outputs: layers.concatenate().apply(applied) as SymbolicTensor});
    };
    const shapes = (built: LayersModel) => ModelGraph.of(built).parameters().map(p => [p.key, p.shape]); // prettier-ignore
    expect(shapes(build(true))).toEqual(shapes(build(false)));
  });

  it('survive saving and loading', async () => {
    for (const {build} of zoo.slice(0, 7)) {
      const built = build();
      const json = built.toJSON(undefined, false) as never;
      const loaded = await models.modelFromJSON({modelTopology: json});
      expect(keys(loaded)).toEqual(keys(built));
    }
  });

  it('are listed once when shared between calls and between models', () => {
    const shared = layers.dense({units: 3});
    const x = input({shape: [3]});
    const once = shared.apply(x) as SymbolicTensor;
    const small = model({inputs: x, outputs: once});
    const large = model({
      inputs: x,
      outputs: layers.add().apply([small.apply(x), shared.apply(once)] as SymbolicTensor[]) as SymbolicTensor,
    });
    expect(ModelGraph.of(large).parameters()).toHaveLength(2);
    expect(keys(small)).toEqual(['1/kernel', '1/bias']);
  });

  it('are trainable unless the layer or what encloses it is frozen', () => {
    const inner = sequential({
      layers: [layers.dense({units: 2, inputShape: [2]}), layers.batchNormalization()],
    });
    const x = input({shape: [2]});
    const last = layers.dense({units: 1});
    const built = model({inputs: x, outputs: last.apply(inner.apply(x)) as SymbolicTensor});
    expect(trainable(built)).toEqual([
      '1/0/kernel',
      '1/0/bias',
      '1/1/gamma',
      '1/1/beta',
      '2/kernel',
      '2/bias',
    ]);
    inner.trainable = false;
    expect(trainable(built)).toEqual(['2/kernel', '2/bias']);
    inner.trainable = true;
    inner.layers[0]!.trainable = false;
    expect(trainable(built)).toEqual(['1/1/gamma', '1/1/beta', '2/kernel', '2/bias']);
    built.trainable = false;
    expect(trainable(built)).toEqual([]);
  });

  it('stay frozen when tfjs builds a Sequential around a frozen model', () => {
    const base = sequential({layers: [layers.dense({units: 2, inputShape: [2]})]});
    base.trainable = false;
    const built = sequential({layers: [base, layers.dense({units: 1})]});
    built.build();
    expect(trainable(built)).toEqual(['1/kernel', '1/bias']);
  });

  it('apply their constraints, which tfjs never does in training', () => {
    const kernelConstraint = constraints.maxNorm({maxValue: 1, axis: 0});
    const built = sequential({layers: [layers.dense({units: 1, inputShape: [2], kernelConstraint})]});
    const [kernel, bias] = ModelGraph.of(built).parameters();
    const far = tf.tensor2d([[3], [4]]); // prettier-ignore
    kernel!.variable.assign(far);
    const before = tf.memory().numTensors;
    kernel!.applyConstraint!();
    expect(tf.memory().numTensors).toBe(before);
    values(kernel!.variable).forEach((v, i) => expect(v).toBeCloseTo([0.6, 0.8][i]!, 5));
    expect(bias!.applyConstraint).toBeUndefined();
  });

  it('include what a custom layer holds, and not what it only points at', () => {
    class Composite extends layers.Layer {
      static readonly className = 'Composite';
      readonly parts = [layers.dense({units: 2}), layers.dense({units: 1})];
      teacher: layers.Layer | undefined;
      override build(shape: (number | null)[]): void {
        for (const [i, part] of this.parts.entries()) {
          part.build(i === 0 ? shape : [null, 2]);
          part.built = true;
        }
        this.addWeight('scale', [1], 'float32', {apply: () => tf.ones([1])} as never);
        super.build(shape);
      }
      override get trainableWeights() {
        return [...super.trainableWeights, ...this.parts.flatMap(part => part.trainableWeights)];
      }
      override computeOutputShape(): (number | null)[] {
        return [null, 1];
      }
      override call(x: Tensor[]): Tensor {
        return this.parts.reduce<Tensor>((y, part) => part.call(y, {}) as Tensor, x[0]!);
      }
    }
    const composite = new Composite({inputShape: [3]});
    composite.teacher = sequential({layers: [layers.dense({units: 1, inputShape: [1]})]});
    const built = sequential({layers: [composite]});
    expect(keys(built)).toEqual([
      '0/scale',
      '0/parts/0/kernel',
      '0/parts/0/bias',
      '0/parts/1/kernel',
      '0/parts/1/bias',
    ]);
  });
});
