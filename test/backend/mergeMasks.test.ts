import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {withSeed} from '../../src/core';
import {MultiHeadAttention} from '../../src/layers';
import {Trainer} from '../../src/trainer';

const make = layers.layers;
type Symbolic = layers.SymbolicTensor;
const merges = ['add', 'average', 'maximum', 'minimum', 'multiply'] as const;

const embed = (tokens: Symbolic): Symbolic =>
  make.embedding({inputDim: 6, outputDim: 3, maskZero: true}).apply(tokens) as Symbolic;

const lstm = () => make.lstm({units: 2, recurrentInitializer: 'glorotUniform'});

/** Two, or three, masked sentences merged, and read by an LSTM. */
function merging(kind: (typeof merges)[number], count: number): layers.LayersModel {
  return withSeed(3, () => {
    const inputs = Array.from({length: count}, () => layers.input({shape: [4]}));
    const merge = make[kind]();
    const mixed = merge.apply(inputs.map(embed)) as Symbolic;
    return layers.model({inputs, outputs: lstm().apply(mixed) as Symbolic});
  });
}

const sentences = [
  [1, 2, 0, 0],
  [3, 4, 5, 0],
  [5, 0, 0, 0],
];

describe.each(['cpu', 'wasm'] as const)('on %s', backend => {
  describe.each(merges)('%s of masked inputs', kind => {
    it.each([2, 3])(
      'lets model.predict of %i inputs go on, with the mask that the trainer has',
      async count => {
        await useBackend(backend);
        const model = merging(kind, count);
        const tensors = tf.memory().numTensors;
        const xs = sentences.slice(0, count).map(sentence => tf.tensor2d([sentence, sentence]));
        const plain = model.predict(xs) as tf.Tensor;
        const trainer = new Trainer(model, {loss: 'meanSquaredError'});
        const own = await trainer.predict(xs);
        expect(plain.shape).toEqual([2, 2]);
        const expected = own.dataSync();
        plain.dataSync<'float32'>().forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
        tf.dispose([xs, plain, own]);
        expect(tf.memory().numTensors).toBe(tensors);
      },
    );
  });

  it('an input without a mask leaves none', async () => {
    await useBackend(backend);
    const [tokens, features] = [layers.input({shape: [4]}), layers.input({shape: [4, 3]})];
    const merge = make.add();
    const mixed = merge.apply([embed(tokens), features, features]) as Symbolic;
    const model = layers.model({inputs: [tokens, features], outputs: mixed});
    const y = model.predict([tf.tensor2d([[1, 2, 0, 0]]), tf.ones([1, 4, 3])]) as tf.Tensor;
    expect(y.shape).toEqual([1, 4, 3]);
    const mask = tf.tensor2d([[true, true, false, false]], [1, 4], 'bool');
    for (const masks of [
      [mask, null, null],
      [null, null, mask],
    ])
      expect(merge.computeMask([y, y, y], masks as tf.Tensor[])).toBeNull();
  });

  it('attention with a residual path, twice over, predicts as the trainer does', async () => {
    await useBackend(backend);
    const model = withSeed(1, () => {
      const tokens = layers.input({shape: [4]});
      let x = embed(tokens);
      for (let block = 0; block < 2; block++) {
        const attention = new MultiHeadAttention({numHeads: 1, keyDim: 2});
        x = make.add().apply([x, attention.apply(x) as Symbolic]) as Symbolic;
      }
      return layers.model({inputs: tokens, outputs: x});
    });
    const x = tf.tensor2d(sentences);
    const own = await new Trainer(model, {loss: 'meanSquaredError'}).predict(x);
    const expected = own.dataSync();
    (model.predict(x) as tf.Tensor)
      .dataSync<'float32'>()
      .forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  });
});
