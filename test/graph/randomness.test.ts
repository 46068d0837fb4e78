import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {input, layers, model, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {ModelGraph} from '../../src/graph';
import type {RunOptions} from '../../src/graph';
import {activate} from './backends';
import {noise} from './zoo';

const values = (t: Tensor) => [...t.dataSync()];
const ones = (...shape: number[]) => tf.ones(shape);

/** The outputs of a run as numbers. */
function outputsOf(built: LayersModel, x: Tensor, options: RunOptions): number[][] {
  const {outputs} = ModelGraph.of(built).run([x], options);
  const found = outputs.map(values);
  tf.dispose(outputs);
  return found;
}
const draw = (built: LayersModel, x: Tensor, seed: number, step: number) =>
  outputsOf(built, x, {training: true, random: {seed, step}})[0]!;

beforeAll(() => activate('cpu'));

const plain = {units: 4, recurrentInitializer: 'glorotNormal'} as const;
const makers: Record<string, () => LayersModel> = {
  dropout: () => sequential({layers: [layers.dropout({rate: 0.5, inputShape: [6, 5]})]}),
  'dropout with a seed of its own': () =>
    sequential({layers: [layers.dropout({rate: 0.5, seed: 7, inputShape: [6, 5]})]}),
  'dropout with a seed of 0': () =>
    sequential({layers: [layers.dropout({rate: 0.5, seed: 0, inputShape: [6, 5]})]}),
  'spatial dropout': () => sequential({layers: [layers.spatialDropout1d({rate: 0.5, inputShape: [6, 5]})]}),
  'Gaussian noise': () => sequential({layers: [layers.gaussianNoise({stddev: 1, inputShape: [6, 5]})]}),
  'Gaussian dropout': () => sequential({layers: [layers.gaussianDropout({rate: 0.5, inputShape: [6, 5]})]}),
  'alpha dropout': () => sequential({layers: [layers.alphaDropout({rate: 0.5, inputShape: [6, 5]})]}),
  'dropout in an LSTM': () =>
    sequential({layers: [layers.lstm({...plain, dropout: 0.5, inputShape: [6, 5]})]}),
  'recurrent dropout in a GRU': () =>
    sequential({layers: [layers.gru({...plain, recurrentDropout: 0.5, inputShape: [6, 5]})]}),
  'dropout in stacked cells': () =>
    sequential({
      layers: [
        layers.rnn({cell: [layers.simpleRNNCell({...plain, dropout: 0.5})] as never, inputShape: [6, 5]}),
      ],
    }),
  'dropout in a bidirectional layer': () =>
    sequential({
      layers: [
        layers.bidirectional({
          layer: layers.lstm({...plain, dropout: 0.5}),
          mergeMode: 'concat',
          inputShape: [6, 5],
        }),
      ],
    }),
  'dropout with a seed inside TimeDistributed': () =>
    sequential({
      layers: [layers.timeDistributed({layer: layers.dropout({rate: 0.5, seed: 3}), inputShape: [6, 5]})],
    }),
  'dropout in a nested model': () => {
    const inner = sequential({layers: [layers.dropout({rate: 0.5, inputShape: [6, 5]})]});
    const x = input({shape: [6, 5]});
    return model({inputs: x, outputs: inner.apply(x) as SymbolicTensor});
  },
};

describe.each(Object.entries(makers))('the draws of %s', (_, make) => {
  const x = () => noise([3, 6, 5]);

  it('are fixed by seed and step, and differ between steps and seeds', () => {
    const built = make();
    const first = draw(built, x(), 42, 0);
    draw(built, x(), 9, 9);
    expect(draw(built, x(), 42, 0)).toEqual(first);
    expect(draw(built, x(), 42, 1)).not.toEqual(first);
    expect(draw(built, x(), 43, 0)).not.toEqual(first);
  });

  it('leave Math.random, the seeds of layers and memory as they were', () => {
    const built = make();
    const original = Math.random;
    const seeds = () => ModelGraph.of(built).layers.map(({layer}) => (layer as {seed?: number}).seed);
    const before = {seeds: seeds(), tensors: tf.memory().numTensors};
    tf.tidy(() => void ModelGraph.of(built).run([x()], {training: true, random: {seed: 1, step: 1}}));
    expect(Math.random).toBe(original);
    expect({seeds: seeds(), tensors: tf.memory().numTensors}).toEqual(before);
  });

  it('are the same for another build of the model', () => {
    const [a, b] = [make(), make()];
    b.setWeights(a.getWeights());
    expect(draw(b, x(), 5, 2)).toEqual(draw(a, x(), 5, 2));
  });

  it('do not happen in inference', () => {
    const built = make();
    const quiet = outputsOf(built, x(), {training: false, random: {seed: 1, step: 1}});
    expect(outputsOf(built, x(), {})).toEqual(quiet);
  });
});

describe('random draws', () => {
  it('differ from step to step with a seeded dropout, which repeats itself for ever in tfjs', () => {
    const built = makers['dropout with a seed of its own']!();
    const x = ones(3, 6, 5);
    const once = () => values(built.apply(x, {training: true}) as Tensor);
    expect(once()).toEqual(once());
    expect(draw(built, x, 1, 0)).not.toEqual(draw(built, x, 1, 1));
  });

  it('can be repeated with an unseeded dropout, which they cannot in tfjs', () => {
    const built = makers['dropout']!();
    const x = ones(3, 6, 5);
    const once = () => values(built.apply(x, {training: true}) as Tensor);
    expect(once()).not.toEqual(once());
    expect(draw(built, x, 1, 0)).toEqual(draw(built, x, 1, 0));
  });

  it('depend on the seed of the layer', () => {
    const seeded = (seed: number) =>
      sequential({layers: [layers.dropout({rate: 0.5, seed, inputShape: [30]})]});
    expect(draw(seeded(1), ones(1, 30), 1, 0)).not.toEqual(draw(seeded(2), ones(1, 30), 1, 0));
    expect(draw(seeded(0), ones(1, 30), 1, 0)).not.toEqual(draw(seeded(2), ones(1, 30), 1, 0));
  });

  it('differ between layers, and between the calls of one layer', () => {
    const x = input({shape: [40]});
    const dropout = layers.dropout({rate: 0.5, seed: 1});
    const other = layers.dropout({rate: 0.5, seed: 1});
    const built = model({
      inputs: x,
      outputs: [dropout.apply(x), dropout.apply(x), other.apply(x)] as SymbolicTensor[],
    });
    const [a, b, c] = outputsOf(built, ones(1, 40), {training: true, random: {seed: 1, step: 0}});
    expect(a).not.toEqual(b);
    expect(a).not.toEqual(c);
    expect(b).not.toEqual(c);
  });

  it('do not depend on what ran before, or on other layers', () => {
    const x = input({shape: [40]});
    const first = layers.dropout({rate: 0.5}).apply(x) as SymbolicTensor;
    const quiet = layers.activation({activation: 'linear'}).apply(x) as SymbolicTensor;
    const after = (y: SymbolicTensor) =>
      model({
        inputs: x,
        outputs: [
          y,
          layers
            .dropout({rate: 0.5})
            .apply(layers.flatten().apply(layers.reshape({targetShape: [2, 20]}).apply(x))) as SymbolicTensor,
        ],
      });
    const options = {training: true, random: {seed: 1, step: 0}};
    const [, withDraws] = outputsOf(after(first), ones(1, 40), options);
    const [, without] = outputsOf(after(quiet), ones(1, 40), options);
    expect(withDraws).toEqual(without);
  });

  it('differ from one step in time to the next inside TimeDistributed', () => {
    const built = makers['dropout with a seed inside TimeDistributed']!();
    const drawn = draw(built, ones(1, 6, 5), 1, 0);
    const steps = Array.from({length: 6}, (_, t) => drawn.slice(t * 5, t * 5 + 5).join());
    expect(new Set(steps).size).toBeGreaterThan(3);
  });

  it('change the dropout of stacked cells at each step, which stays what it was first in tfjs', () => {
    const built = makers['dropout in stacked cells']!();
    const x = noise([2, 6, 5]);
    const once = () => values(built.apply(x, {training: true}) as Tensor);
    expect(once()).toEqual(once());
    expect(draw(built, x, 1, 0)).not.toEqual(draw(built, x, 1, 1));
  });

  it('come from Math.random where no randomness is given', () => {
    const built = makers['dropout']!();
    const x = ones(3, 6, 5);
    expect(outputsOf(built, x, {training: true})).not.toEqual(outputsOf(built, x, {training: true}));
  });

  it('are put back in order after a layer throws', () => {
    const dropout = layers.dropout({rate: 0.5, seed: 7, inputShape: [6, 5]});
    const built = sequential({layers: [dropout]});
    // A bool is not what dropout takes: it throws inside the call.
    const wrong = () => tf.zeros([3, 6, 5], 'bool');
    const original = Math.random;
    const x = wrong();
    const before = tf.memory().numTensors;
    expect(() => ModelGraph.of(built).run([x], {training: true, random: {seed: 1, step: 1}})).toThrow(
      'floating',
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(Math.random).toBe(original);
    expect(dropout.getConfig()['seed']).toBe(7);
  });

  it('says whether there are any', () => {
    const still = sequential({layers: [layers.dense({units: 1, inputShape: [2]})]});
    expect(ModelGraph.of(still).hasRandomness).toBe(false);
    expect(ModelGraph.of(makers['dropout in an LSTM']!()).hasRandomness).toBe(true);
  });
});
