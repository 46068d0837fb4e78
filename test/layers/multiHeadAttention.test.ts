import {readFileSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {input, layers, loadLayersModel, model, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {Adam, ShapeError, Trainer, useBackend, withSeed} from '../../src';
import {ModelGraph} from '../../src/graph';
import {MultiHeadAttention} from '../../src/layers';
import type {MultiHeadAttentionOptions} from '../../src/layers';
import {expectNear} from '../backend/wasm/support';
import {activate, BACKENDS} from '../graph/backends';
import {noise, tokens} from '../graph/zoo';

interface Packed {
  shape: number[];
  values: number[];
}

interface OracleCase {
  name: string;
  heads: number;
  keyDim: number;
  bias: boolean;
  causal: boolean;
  padding: number[] | null;
  pairs: Packed | null;
  inputs: Packed[];
  weights: Packed[];
  output: Packed;
  scores: Packed;
  upstream: Packed;
  inputGradients: Packed[];
  weightGradients: Packed[];
}

const oracle = JSON.parse(
  readFileSync(new URL('../oracle/attention.json', import.meta.url), 'utf8'),
) as OracleCase[];

const unpack = ({values, shape}: Packed) => tf.tensor(values, shape);
const symbolic = (tensors: unknown) => tensors as SymbolicTensor;
const variablesOf = (layer: MultiHeadAttention) =>
  layer.getWeights().map((_, i) => (layer.weights[i] as unknown as {val: tf.Variable}).val);

const numbersOf = (tensors: Tensor | Tensor[]) =>
  (Array.isArray(tensors) ? tensors : [tensors]).map(tensor => [...tensor.dataSync()]);

/** Self-attention on `[batch, 4, 6]`, or on what `x` is. */
function selfAttention(options: Partial<MultiHeadAttentionOptions> = {}, x = input({shape: [4, 6]})) {
  const attention = new MultiHeadAttention({numHeads: 2, keyDim: 3, ...options});
  return model({inputs: x, outputs: attention.apply(x) as SymbolicTensor | SymbolicTensor[]});
}

function run(built: LayersModel, x: Tensor | Tensor[], options = {}): number[][] {
  return tf.tidy(() => numbersOf(ModelGraph.of(built).run(Array.isArray(x) ? x : [x], options).outputs));
}

describe.each(BACKENDS)('multi-head attention on %s', backend => {
  beforeAll(() => activate(backend));

  const asked = oracle.flatMap(testCase => [
    {...testCase, returnAttentionScores: true},
    {...testCase, name: `${testCase.name}, probabilities not asked for`, returnAttentionScores: false},
  ]);
  it.each(asked)("gives PyTorch's outputs, probabilities and gradients: $name", testCase => {
    const {heads, keyDim, bias, causal, padding, pairs, returnAttentionScores} = testCase;
    const before = {tensors: tf.memory().numTensors, data: tf.backend().numDataIds()};
    const attention = new MultiHeadAttention({
      numHeads: heads,
      keyDim,
      useBias: bias,
      useCausalMask: causal,
      returnAttentionScores,
    });
    tf.tidy(() => {
      const inputs = testCase.inputs.map(unpack);
      attention.build(inputs.map(x => x.shape));
      attention.built = true;
      attention.setWeights(testCase.weights.map(unpack));
      const sources = (inputs[1] ?? inputs[0]!).shape[1]!;
      const key =
        padding &&
        tf.tensor(
          padding.map(length => Array.from({length: sources}, (_, s) => s < length)),
          undefined,
          'bool',
        );
      const upstream = unpack(testCase.upstream);
      const call = (xs: Tensor[]) => {
        const [query, value = query!, keys = value] = xs;
        const given = pairs === null ? [...xs] : [query!, value, keys, unpack(pairs)];
        if (padding !== null && given.length === 1) given.push(tf.clone(query!));
        return [attention.call(given, {masks: [null, key]})].flat() as [Tensor, Tensor?];
      };
      const [output, scores] = call(inputs);
      expectNear(output.dataSync(), testCase.output.values);
      if (returnAttentionScores) expectNear(scores!.dataSync(), testCase.scores.values);

      const weights = variablesOf(attention);
      const loss = (): tf.Scalar => tf.sum(tf.mul(call(inputs)[0], upstream));
      const {grads} = tf.variableGrads(loss, weights);
      // Together, since the gradient of the key's bias is zero: it moves all logits of a query alike.
      expectNear(
        weights.flatMap(({name}) => [...grads[name]!.dataSync()]),
        testCase.weightGradients.flatMap(({values}) => values),
      );
      const inputGradients = tf.grads((...xs: Tensor[]) => tf.sum(tf.mul(call(xs)[0], upstream)))(inputs);
      inputGradients.forEach((gradient, i) => {
        expectNear(gradient.dataSync(), testCase.inputGradients[i]!.values);
      });
    });
    for (const weight of variablesOf(attention)) weight.dispose();
    expect({tensors: tf.memory().numTensors, data: tf.backend().numDataIds()}).toEqual(before);
  });

  it('learns in a Trainer, as a part of a model', async () => {
    const built = withSeed(1, () => {
      const x = input({shape: [5, 4]});
      const mixed = symbolic(new MultiHeadAttention({numHeads: 2, keyDim: 4, dropout: 0.1}).apply(x));
      const sum = symbolic(layers.add().apply([x, mixed]));
      const normal = symbolic(layers.layerNormalization().apply(sum));
      const pooled = symbolic(layers.globalAveragePooling1d({}).apply(normal));
      return model({inputs: x, outputs: symbolic(layers.dense({units: 1}).apply(pooled))});
    });
    const before = tf.memory().numTensors;
    // Whether the first step's feature appears again at the last: only attention can tell.
    const x = noise([64, 5, 4]);
    const y = tf.tidy(() => {
      const [first, last] = [tf.slice(x, [0, 0, 0], [-1, 1, -1]), tf.slice(x, [0, 4, 0], [-1, 1, -1])];
      return tf.reshape(tf.sum(tf.mul(first, last), 2), [64, 1]);
    });
    const optimizer = new Adam({learningRate: 0.01});
    const trainer = new Trainer(built, {loss: 'meanSquaredError', optimizer, seed: 1});
    const {history} = await trainer.fit([x, y], {epochs: 15, batchSize: 16});
    const losses = history['loss']!;
    expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]!);
    tf.dispose([x, y]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('lets nobody look at padding, and hands the mask of the query on', () => {
    const x = input({shape: [5]});
    const embedded = symbolic(layers.embedding({inputDim: 9, outputDim: 6, maskZero: true}).apply(x));
    const attention = new MultiHeadAttention({numHeads: 2, keyDim: 3, returnAttentionScores: true});
    const built = model({inputs: x, outputs: attention.apply(embedded) as SymbolicTensor[]});
    tf.tidy(() => {
      const {outputs, masks} = ModelGraph.of(built).run([
        tokens([
          [1, 2, 3, 0, 0],
          [4, 5, 6, 7, 8],
        ]),
      ]);
      expect([...masks[0]!.dataSync()]).toEqual([1, 1, 1, 0, 0, 1, 1, 1, 1, 1]);
      expect(masks[1]).toBeNull();
      const scores = outputs[1]!.arraySync() as number[][][][];
      for (const head of scores[0]!) {
        head.forEach((row, t) => {
          expect(row.slice(3)).toEqual([0, 0]);
          expect(row.reduce((a, b) => a + b)).toBeCloseTo(t < 3 ? 1 : 0, 5);
        });
      }
      expect(scores[1]!.flat(2).every(p => p > 0)).toBe(true);
      // What tfjs's own executor makes of it is the same.
      const stock = built.predict(
        tokens([
          [1, 2, 3, 0, 0],
          [4, 5, 6, 7, 8],
        ]),
      ) as Tensor[];
      expect(numbersOf(stock)).toEqual(numbersOf(outputs));
    });
  });

  it('follows the masks of query, value and key where they are three', () => {
    const ids = ['query', 'value', 'key'].map(name => input({shape: [3], name: `${name}-${backend}`}));
    const embed = layers.embedding({inputDim: 9, outputDim: 4, maskZero: true});
    const parts = ids.map(x => symbolic(embed.apply(x)));
    const attention = new MultiHeadAttention({numHeads: 1, keyDim: 3, returnAttentionScores: true});
    const built = model({inputs: ids, outputs: attention.apply(parts) as SymbolicTensor[]});
    const rows = [[[1, 2, 0]], [[3, 4, 0]], [[0, 5, 6]]].map(tokens);
    const [, scores] = run(built, rows);
    // Only the second value has both a value and a key; the third query is none.
    expect(scores!.map(p => Math.round(p * 1e6) / 1e6)).toEqual([0, 1, 0, 0, 1, 0, 0, 0, 0]);
    expect(
      tf.tidy(() => numbersOf(built.predict(rows) as Tensor[])[1]!.map(p => Math.round(p * 1e6) / 1e6)),
    ).toEqual([0, 1, 0, 0, 1, 0, 0, 0, 0]);
  });

  it('takes a mask of pairs as an input', () => {
    const x = input({shape: [3, 4]});
    const mask = input({shape: [3, 3]});
    const attention = new MultiHeadAttention({numHeads: 2, keyDim: 2, returnAttentionScores: true});
    const outputs = attention.apply(x, {attentionMask: mask}) as SymbolicTensor[];
    const built = model({inputs: [x, mask], outputs});
    const pairs = tf.tensor([0, 1, 0, 1, 1, 0, 0, 0, 0], [1, 3, 3]);
    const [, scores] = run(built, [noise([1, 3, 4]), pairs]);
    const head = scores!.slice(0, 9).map(p => p > 0);
    expect(head).toEqual([false, true, false, true, true, false, false, false, false]);
    const direct = tf.tidy(() =>
      numbersOf(attention.apply(noise([1, 3, 4]), {attentionMask: pairs}) as Tensor[]),
    );
    expect(direct[1]).toEqual(scores);
  });
});

describe.each([
  ['cpu', {}],
  ['wasm', {engine: true}],
  ['wasm', {engine: false}],
] as const)('multi-head attention on %s %j', (backend, options) => {
  beforeAll(async () => {
    await useBackend(backend, options);
  });

  const built = (more: Partial<MultiHeadAttentionOptions> = {}): MultiHeadAttention => {
    const layer = new MultiHeadAttention({numHeads: 2, keyDim: 4, name: 'mixer', ...more});
    const [query, value] = [
      [null, null, 8],
      [null, null, 8],
    ];
    layer.build([query, value, value]);
    return layer;
  };

  it.each([
    [
      'a batch of 4 over one of 1',
      [
        [4, 5, 8],
        [1, 5, 8],
      ],
      "The query of layer 'mixer' is a batch of 4, but its value a batch of 1.",
    ],
    [
      'keys of another batch',
      [
        [2, 5, 8],
        [2, 5, 8],
        [3, 5, 8],
      ],
      "The query of layer 'mixer' is a batch of 2, but its key a batch of 3.",
    ],
    [
      'more keys than values',
      [
        [2, 5, 8],
        [2, 3, 8],
        [2, 7, 8],
      ],
      "Layer 'mixer' was given 3 values and 7 keys.",
    ],
    ['a matrix', [[2, 8]], "The query of layer 'mixer' has the shape [2, 8]."],
  ])('refuses %s, whether fused or not', (_, shapes, message) => {
    tf.tidy(() => {
      const inputs = shapes.map(shape => tf.ones(shape));
      for (const returnAttentionScores of [false, true]) {
        const layer = built({returnAttentionScores});
        expect(() => layer.call(inputs, {})).toThrow(message);
        expect(() => layer.call(inputs, {})).toThrow(ShapeError);
      }
    });
  });

  it('refuses masks that do not fit their input', () => {
    tf.tidy(() => {
      const x = noise([3, 5, 8]);
      const layer = built();
      expect(() => layer.call(x, {mask: tf.ones([1, 5])})).toThrow(
        "The query's mask of layer 'mixer' has the shape [1, 5], but [3, 5] is needed.",
      );
      expect(() => layer.call([x, x.clone()], {masks: [null, tf.ones([3, 2])]})).toThrow(
        "The value's mask of layer 'mixer' has the shape [3, 2], but [3, 5] is needed.",
      );
      const masks = [null, null, tf.ones([3, 4])];
      expect(() => layer.call([x, x.clone(), x.clone()], {masks})).toThrow("The key's mask of layer 'mixer'");
    });
  });

  it('gives nothing for nothing, with and without a gradient', () => {
    tf.tidy(() => {
      for (const shape of [
        [0, 5, 8],
        [2, 0, 8],
      ]) {
        const layer = built();
        const x = tf.zeros(shape);
        expect((layer.call(x, {}) as Tensor).shape).toEqual(shape);
        const dx = tf.grad((input: Tensor) => tf.sum<tf.Scalar>(layer.call(input, {}) as Tensor))(x);
        expect(dx.shape).toEqual(shape);
      }
    });
  });
});

describe('multi-head attention', () => {
  beforeAll(() => activate('cpu'));

  it('is the same after its model was written to JSON and read again', async () => {
    const x = input({shape: [4, 6]});
    const mask = input({shape: [4, 4]});
    const options: MultiHeadAttentionOptions = {
      ...{numHeads: 3, keyDim: 2, valueDim: 4, outputShape: 5, dropout: 0.25, seed: 3, useCausalMask: true},
      ...{returnAttentionScores: true, kernelInitializer: 'heNormal', kernelRegularizer: 'l1l2'},
      biasConstraint: 'nonNeg',
    };
    const outputs = new MultiHeadAttention(options).apply(x, {attentionMask: mask}) as SymbolicTensor[];
    const built = model({inputs: [x, mask], outputs});
    let saved: tf.io.ModelArtifacts | undefined;
    await built.save(
      tf.io.withSaveHandler(async artifacts => {
        saved = artifacts;
        return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
      }),
    );
    expect(saved!.weightSpecs!.map(({name}) => name.split('/').slice(1).join('/'))).toEqual([
      ...['query/kernel', 'query/bias', 'key/kernel', 'key/bias', 'value/kernel', 'value/bias'],
      ...['attention_output/kernel', 'attention_output/bias'],
    ]);
    const artifacts = {...saved!, modelTopology: JSON.parse(JSON.stringify(saved!.modelTopology)) as object};
    const loaded = await loadLayersModel(tf.io.fromMemory(artifacts));
    const inputs = [noise([2, 4, 6]), tf.ones([2, 4, 4])];
    expect(run(loaded, inputs)).toEqual(run(built, inputs));
    const [before, after] = [built, loaded].map(m => m.layers.at(-1)!.getConfig());
    expect(after).toEqual(before);
    expect(loaded.outputs.map(y => y.shape)).toEqual([
      [null, 4, 5],
      [null, 3, 4, 4],
    ]);
  });

  it('works as the first layer of a Sequential', () => {
    const built = sequential({
      layers: [new MultiHeadAttention({numHeads: 2, keyDim: 4, inputShape: [3, 5]}), layers.flatten()],
    });
    expect(built.outputs[0]!.shape).toEqual([null, 15]);
  });

  it('has weights that are found by place and by name', () => {
    const parameters = ModelGraph.of(selfAttention({useBias: false, name: 'mixer'})).parameters();
    expect(parameters.map(({key, name}) => [key, name])).toEqual([
      ['1/query/kernel', 'mixer/query/kernel'],
      ['1/key/kernel', 'mixer/key/kernel'],
      ['1/value/kernel', 'mixer/value/kernel'],
      ['1/attention_output/kernel', 'mixer/attention_output/kernel'],
    ]);
    expect(parameters.map(({shape}) => shape)).toEqual([
      ...[
        [6, 2, 3],
        [6, 2, 3],
        [6, 2, 3],
      ],
      [2, 3, 6],
    ]);
  });

  it("begins with Keras's glorot uniform, which takes a kernel's first axis for the places of a filter", () => {
    const built = withSeed(1, () => selfAttention({numHeads: 4, keyDim: 16}, input({shape: [2, 64]})));
    const limit = Math.sqrt(6 / (64 * 4 + 64 * 16));
    const largest = Math.max(...built.getWeights()[0]!.dataSync());
    expect(largest).toBeLessThanOrEqual(limit);
    expect(largest).toBeGreaterThan(0.98 * limit);
  });

  it('counts a penalty for each kernel', () => {
    const built = selfAttention({kernelRegularizer: 'l1l2', kernelInitializer: 'ones'});
    // 144 ones, each 0.01·|w| + 0.01·w².
    expect(ModelGraph.of(built).regularization()!.dataSync()[0]).toBeCloseTo(2.88, 4);
  });

  it('drops probabilities in training alone, by the seed and the step', () => {
    const built = selfAttention({dropout: 0.5, seed: 4});
    const x = noise([2, 4, 6]);
    const draw = (step: number) => run(built, x, {training: true, random: {seed: 1, step}});
    expect(draw(0)).toEqual(draw(0));
    expect(draw(0)).not.toEqual(draw(1));
    expect(draw(0)).not.toEqual(run(built, x));
    expect(run(built, x)).toEqual(run(built, x));
  });

  it('drops the same on every backend', async () => {
    const built = () => selfAttention({dropout: 0.5, kernelInitializer: 'ones'});
    const draw = () => run(built(), noise([2, 4, 6]), {training: true, random: {seed: 1, step: 0}});
    await activate('wasm');
    const expected = draw();
    await activate('cpu');
    draw().forEach((output, i) => expectNear(output, expected[i]!));
  });

  it.each([
    [{numHeads: 0, keyDim: 2}, 'numHeads is 0'],
    [{numHeads: 1, keyDim: 1.5}, 'keyDim is 1.5'],
    [{numHeads: 1, keyDim: 2, dropout: 1}, 'dropout is 1'],
    [{numHeads: 1, keyDim: 2, heads: 3}, "It is called 'numHeads' here."],
    [{numHeads: 1, keyDim: 2, attentionAxes: [1]}, "Unknown option of MultiHeadAttention 'attentionAxes'"],
  ])('refuses %j', (options, message) => {
    expect(() => new MultiHeadAttention(options as MultiHeadAttentionOptions)).toThrow(message);
  });

  it('refuses inputs that do not fit, before it makes weights', () => {
    const before = tf.memory().numTensors;
    const make = () => new MultiHeadAttention({numHeads: 1, keyDim: 2, name: 'mixer'});
    const x = (...shape: number[]) => input({shape});
    expect(() => make().apply(x(4))).toThrow("The query of layer 'mixer' has the shape [any, 4].");
    expect(() => make().apply([x(2, 3), x(4, 3), x(5, 3)])).toThrow(
      "Layer 'mixer' was given 4 values and 5 keys.",
    );
    expect(() => make().apply(x(2, 3), {useCausalMask: true} as object)).toThrow(
      'Give it to the constructor',
    );
    expect(tf.memory().numTensors).toBe(before);
    const mask = tf.ones([1, 3, 2]);
    expect(() => make().apply(noise([1, 2, 3]), {attentionMask: mask})).toThrow('but [1, 2, 2] is needed');
  });
});
