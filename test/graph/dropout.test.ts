import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {input, layers, model, sequential} from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {ModelGraph} from '../../src/graph';
import {BACKENDS, activate} from './backends';
import {noise} from './zoo';

type Options = Parameters<typeof layers.dropout>[0];

const built = (options: Partial<Options> = {}) =>
  ModelGraph.of(sequential({layers: [layers.dropout({rate: 0.4, inputShape: [7, 5], ...options})]}));
const run = (graph: ModelGraph, x: Tensor, seed = 1, step = 0): Tensor =>
  graph.run([x], {training: true, random: {seed, step}}).outputs[0]!;

/** What each element is multiplied by. */
const mask = (graph: ModelGraph, seed = 1, step = 0, batch = 3) =>
  tf.tidy(() => [...run(graph, tf.ones([batch, 7, 5]), seed, step).dataSync()]);

describe.each(BACKENDS)('dropout on %s', backend => {
  it('has the mask that (seed, step, layer) gives on every backend', async () => {
    await activate('cpu');
    const expected = [mask(built()), mask(built(), 2), mask(built(), 1, 1)];
    await activate(backend);
    expect([mask(built()), mask(built(), 2), mask(built(), 1, 1)]).toEqual(expected);
    expect(new Set(expected.map(String)).size).toBe(3);
  });

  it('gives an example the same mask in a larger batch', async () => {
    await activate(backend);
    expect(mask(built(), 1, 0, 4).slice(0, 105)).toEqual(mask(built(), 1, 0, 3));
  });

  it('draws for each layer and each call of a layer', async () => {
    await activate(backend);
    const x = input({shape: [40]});
    const [first, second] = [layers.dropout({rate: 0.5}), layers.dropout({rate: 0.5})];
    const outputs = [first.apply(x), first.apply(x), second.apply(x)] as SymbolicTensor[];
    const graph = ModelGraph.of(model({inputs: x, outputs}));
    const drawn = tf.tidy(() =>
      graph
        .run([tf.ones([2, 40])], {training: true, random: {seed: 1, step: 0}})
        .outputs.map(output => String(output.dataSync())),
    );
    expect(new Set(drawn).size).toBe(3);
  });

  it.each([undefined, [3, 1, 5], [1, 7, 1]])(
    'has the gradient mask · dy, with a noise shape of %j',
    async noiseShape => {
      await activate(backend);
      const graph = built(noiseShape && {noiseShape});
      const factors = mask(graph);
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const [x, dy] = [noise([3, 7, 5]), noise([3, 7, 5], 2)];
        const {value, grad} = tf.valueAndGrad((t: Tensor) => run(graph, t))(x, dy);
        const times = (t: Tensor) => t.dataSync().map((v, i) => v * factors[i]!);
        expect(value.dataSync()).toEqual(times(x));
        expect(grad.dataSync()).toEqual(times(dy));
      });
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('has gradients of gradients', async () => {
    await activate(backend);
    const graph = built();
    const factors = mask(graph);
    tf.tidy(() => {
      const x = noise([3, 7, 5]);
      // Of Σ (mask · x)³: 6 · mask³ · x.
      const slope = tf.grad((t: Tensor) => tf.sum(tf.pow(run(graph, t), 3)));
      const curvature = tf
        .grad((t: Tensor) => tf.sum(slope(t)))(x)
        .dataSync();
      x.dataSync().forEach((v, i) => expect(curvature[i]).toBeCloseTo(6 * factors[i]! ** 3 * v, 3));
    });
  });

  it('shares one mask among what the noise shape leaves out', async () => {
    await activate(backend);
    const rows = (values: number[]) =>
      Array.from({length: 3}, (_, example) =>
        Array.from({length: 7}, (_, t) => values.slice((example * 7 + t) * 5, (example * 7 + t + 1) * 5)),
      );
    const spatial = ModelGraph.of(
      sequential({layers: [layers.spatialDropout1d({rate: 0.4, inputShape: [7, 5]})]}),
    );
    for (const example of rows(mask(spatial))) for (const step of example) expect(step).toEqual(example[0]);
    const given = built({noiseShape: [null, 1, 5] as unknown as number[]});
    for (const example of rows(mask(given))) for (const step of example) expect(step).toEqual(example[0]);
    expect(rows(mask(spatial))[0]).not.toEqual(rows(mask(spatial))[1]);
  });

  it('does nothing at rates of 0 and 1, as in tfjs, or outside of training', async () => {
    await activate(backend);
    const nothing = new Array<number>(105).fill(1);
    expect(mask(built({rate: 0}))).toEqual(nothing);
    expect(mask(built({rate: 1}))).toEqual(nothing);
    const [y] = built().run([tf.ones([3, 7, 5])], {random: {seed: 1, step: 0}}).outputs;
    expect([...y!.dataSync()]).toEqual(nothing);
  });

  it('keeps what it keeps of a rate near 1, scaled', async () => {
    await activate(backend);
    const kept = mask(built({rate: 0.999}), 1, 0, 300).filter(factor => factor !== 0);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(40);
    for (const factor of kept) expect(factor).toBeCloseTo(1000, 2);
  });

  it('tells who watches the layer', async () => {
    await activate(backend);
    const dropout = layers.dropout({rate: 0.4, inputShape: [7, 5]});
    const graph = ModelGraph.of(sequential({layers: [dropout]}));
    const seen: unknown[] = [];
    dropout.setCallHook(inputs => void seen.push(inputs));
    mask(graph);
    expect(seen).toHaveLength(1);
  });

  it('repeats itself by its own seed where no randomness is given, as in tfjs', async () => {
    await activate(backend);
    const graph = built({seed: 7});
    const once = () =>
      tf.tidy(() => [...graph.run([tf.ones([3, 7, 5])], {training: true}).outputs[0]!.dataSync()]);
    expect(once()).toEqual(once());
  });
});
