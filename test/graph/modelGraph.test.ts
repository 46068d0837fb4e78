import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import {input, layers, model, sequential} from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it, vi} from 'vitest';
import {ConfigurationError, DataError, ShapeError} from '../../src/core';
import {ModelGraph, releasingTape} from '../../src/graph';
import type {LayerCall} from '../../src/graph';
import {activate} from './backends';
import {noise} from './zoo';

const values = (t: Tensor) => [...t.dataSync()];

beforeAll(() => activate('cpu'));

describe('the graph of a model', () => {
  it('is made once, and anew when layers are added', () => {
    const built = sequential({layers: [layers.dense({units: 2, inputShape: [2]})]});
    const graph = ModelGraph.of(built);
    expect(ModelGraph.of(built)).toBe(graph);
    built.add(layers.dense({units: 1}));
    expect(ModelGraph.of(built)).not.toBe(graph);
    expect(ModelGraph.of(built).parameters()).toHaveLength(4);
  });

  it('is refused for what is no model, or has no layers yet', () => {
    expect(() => ModelGraph.of(sequential())).toThrow(ConfigurationError);
    expect(() => ModelGraph.of({} as never)).toThrow(ConfigurationError);
    expect(() => ModelGraph.of(undefined as never)).toThrow(ConfigurationError);
  });

  it('lists every layer with its place', () => {
    const inner = sequential({layers: [layers.dense({units: 2, inputShape: [2]})]});
    const wrapped = layers.timeDistributed({layer: layers.dense({units: 1})});
    const x = input({shape: [3, 2]});
    const y = wrapped.apply(layers.timeDistributed({layer: inner}).apply(x)) as SymbolicTensor;
    const paths = ModelGraph.of(model({inputs: x, outputs: y})).layers.map(
      ({path, layer}) => `${path} ${layer.getClassName()}`,
    );
    expect(paths).toEqual([
      '0 InputLayer',
      '1 TimeDistributed',
      '1/layer Sequential',
      '1/layer/0 Dense',
      '2 TimeDistributed',
      '2/layer Dense',
    ]);
  });

  it('tells whether there is batch normalization', () => {
    const norm = layers.timeDistributed({layer: layers.batchNormalization(), inputShape: [2, 2]});
    expect(ModelGraph.of(sequential({layers: [norm]})).hasBatchNormalization).toBe(true);
    expect(
      ModelGraph.of(sequential({layers: [layers.dense({units: 1, inputShape: [1]})]})).hasBatchNormalization,
    ).toBe(false);
  });
});

describe('the ports of a model', () => {
  it('say name, shape and type', () => {
    const a = input({shape: [null, 3], name: 'words', dtype: 'int32'});
    const b = input({batchShape: [2, 4], name: 'numbers'});
    const lstm = layers.lstm({
      units: 2,
      returnState: true,
      name: 'reader',
      recurrentInitializer: 'glorotNormal',
    });
    const states = lstm.apply(a) as SymbolicTensor[];
    const built = model({
      inputs: [a, b],
      outputs: [...states, layers.dense({units: 1, name: 'score'}).apply(b) as SymbolicTensor],
    });
    const {inputs, outputs} = ModelGraph.of(built);
    expect(inputs).toEqual([
      {name: 'words', shape: [null, null, 3], dtype: 'int32'},
      {name: 'numbers', shape: [2, 4], dtype: 'float32'},
    ]);
    expect(outputs.map(({name, shape}) => ({name, shape}))).toEqual([
      {name: 'reader', shape: [null, 2]},
      {name: 'reader_1', shape: [null, 2]},
      {name: 'reader_2', shape: [null, 2]},
      {name: 'score', shape: [2, 1]},
    ]);
    expect(outputs[3]!.layer.name).toBe('score');
  });

  const dense = (activation?: string, extra: object = {}) =>
    layers.dense({units: 4, inputShape: [6], activation, ...extra} as never);
  it.each([
    ['softmax', () => [dense('softmax')]],
    ['sigmoid', () => [dense('sigmoid')]],
    ['linear', () => [dense()]],
    ['relu', () => [layers.conv2d({filters: 1, kernelSize: 1, activation: 'relu', inputShape: [2, 2, 1]})]],
    ['softmax', () => [dense(), layers.activation({activation: 'softmax'})]],
    ['softmax', () => [dense(), layers.softmax({axis: -1})]],
    ['softmax', () => [dense(), layers.softmax({axis: 1})]],
    [undefined, () => [dense(), layers.reshape({targetShape: [2, 2]}), layers.softmax({axis: 1})]],
    ['relu', () => [dense(), layers.reLU()]],
    ['sigmoid', () => [dense('sigmoid'), layers.reshape({targetShape: [2, 2]}), layers.flatten()]],
    ['softmax', () => [dense('softmax'), layers.reshape({targetShape: [1, 4]}), layers.flatten()]],
    [undefined, () => [dense('softmax'), layers.reshape({targetShape: [2, 2]})]],
    [
      'softmax',
      () => [
        layers.timeDistributed({layer: layers.dense({units: 3, activation: 'softmax'}), inputShape: [2, 2]}),
      ],
    ],
    [
      'softmax',
      () => [
        layers.reshape({targetShape: [6], inputShape: [2, 3]}),
        sequential({layers: [dense('softmax')]}),
      ],
    ],
    [undefined, () => [dense('softmax'), layers.batchNormalization()]],
    [undefined, () => [layers.lstm({units: 1, inputShape: [2, 2], recurrentInitializer: 'zeros'})]],
  ] as [string | undefined, () => layers.Layer[]][])(
    'name the final activation: %s (%#)',
    (expected, stack) => {
      expect(ModelGraph.of(sequential({layers: stack()})).outputs[0]!.activation).toBe(expected);
    },
  );
});

describe('a run', () => {
  const small = () =>
    sequential({layers: [layers.dense({units: 2, inputShape: [3]}), layers.dense({units: 1})]});

  it('refuses inputs that do not fit, and says which', () => {
    const graph = ModelGraph.of(small());
    const before = tf.memory().numTensors;
    const fed = tf.zeros([2, 4]);
    expect(() => graph.run([fed])).toThrow(ShapeError);
    expect(() => graph.run([fed])).toThrow(/dense_Dense\d+_input.*\[any, 3\].*\[2, 4\]/);
    expect(() => graph.run([])).toThrow(DataError);
    expect(() => graph.run([tf.scalar(1)])).toThrow(ShapeError);
    fed.dispose();
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(1);
  });

  it('shows every call, in order, with inputs and outputs', () => {
    const shared = layers.dense({units: 2});
    const inner = sequential({layers: [layers.activation({activation: 'tanh', inputShape: [2]})]});
    const x = input({shape: [2]});
    const y = shared.apply(inner.apply(shared.apply(x))) as SymbolicTensor;
    const built = model({inputs: x, outputs: y});
    const calls: LayerCall[] = [];
    tf.tidy(() => {
      const fed = noise([1, 2]);
      const {outputs} = ModelGraph.of(built).run([fed], {
        intercept: call => {
          calls.push(call);
          return undefined;
        },
      });
      expect(calls.map(({path, nodeIndex}) => `${path} ${nodeIndex}`)).toEqual(['1 0', '2/0 0', '1 1']);
      expect(calls[0]!.inputs[0]).toBe(fed);
      expect(calls[1]!.inputs).toEqual(calls[0]!.outputs);
      expect(calls[2]!.outputs[0]).toBe(outputs[0]);
    });
  });

  it('goes on with what an interceptor puts in the place of an output', () => {
    const graph = ModelGraph.of(small());
    tf.tidy(() => {
      const {outputs} = graph.run([noise([1, 3])], {
        intercept: ({path, outputs}) => (path === '0' ? outputs.map(y => tf.zerosLike(y)) : undefined),
      });
      expect(values(outputs[0]!)).toEqual([0]);
    });
  });

  it('can be differentiated by what an interceptor captures', () => {
    const built = sequential({
      layers: [
        layers.dense({units: 1, inputShape: [2], kernelInitializer: 'ones'}),
        layers.activation({activation: 'tanh'}),
      ],
    });
    tf.tidy(() => {
      const gradient = tf.grad((hidden: Tensor) => {
        const intercept = ({path}: LayerCall) => (path === '0' ? [hidden] : undefined);
        return tf.sum<Scalar>(ModelGraph.of(built).run([tf.zeros([1, 2])], {intercept}).outputs[0]!);
      })(tf.tensor2d([[0.5]])); // prettier-ignore
      expect(gradient.dataSync()[0]).toBeCloseTo(1 - Math.tanh(0.5) ** 2, 6);
    });
  });

  it('gives outputs that may be disposed without harm to inputs or each other', () => {
    const x = input({shape: [2]});
    const same = layers.dropout({rate: 0.5}).apply(x) as SymbolicTensor;
    const shut = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    const built = model({inputs: x, outputs: [same, same]});
    shut.mockRestore();
    const fed = noise([1, 2]);
    const {outputs} = ModelGraph.of(built).run([fed]);
    outputs[0]!.dispose();
    expect(values(outputs[1]!)).toEqual(values(fed));
    outputs[1]!.dispose();
    expect(fed.isDisposed).toBe(false);
    fed.dispose();
  });

  it('lets go of what lies between when no gradient is recorded', () => {
    const stack = Array.from({length: 30}, (_, i) =>
      layers.dense({units: 4, ...(i === 0 ? {inputShape: [4]} : {})}),
    );
    const graph = ModelGraph.of(sequential({layers: stack}));
    const peakOf = (run: () => unknown) => {
      let peak = 0;
      class Probe {
        constructor(layer: layers.Layer) {
          layer.setCallHook(() => (peak = Math.max(peak, tf.memory().numTensors)));
        }
      }
      stack.forEach(layer => new Probe(layer));
      const before = tf.memory().numTensors;
      tf.tidy(() => void run());
      stack.forEach(layer => layer.clearCallHook());
      return peak - before;
    };
    const x = noise([2, 4]);
    expect(peakOf(() => graph.run([x]))).toBeLessThan(4);
    x.dispose();
  });

  it('leaves nothing behind when a layer throws', () => {
    class Throwing extends layers.Layer {
      static readonly className = 'Throwing';
      override call(inputs: Tensor[]): Tensor {
        tf.add(inputs[0]!, 1);
        throw new Error('on purpose');
      }
    }
    const built = sequential({
      layers: [layers.dense({units: 2, inputShape: [2]}), layers.batchNormalization(), new Throwing({})],
    });
    const x = noise([2, 2]);
    const before = tf.memory().numTensors;
    const training = {training: true, random: {seed: 1, step: 1}};
    expect(() => ModelGraph.of(built).run([x], training)).toThrow('on purpose');
    expect(tf.memory().numTensors).toBe(before);
    const gradients = () =>
      tf.tidy(() => tf.variableGrads(() => ModelGraph.of(built).run([x], training).outputs[0] as Scalar));
    expect(() => releasingTape(gradients)).toThrow('on purpose');
    expect(tf.memory().numTensors).toBe(before);
    // Recording works as before.
    const gradient = tf.tidy(
      () =>
        tf
          .grad((v: Tensor) => tf.sum<Scalar>(tf.square(v)))(tf.scalar(3))
          .dataSync()[0],
    );
    expect(gradient).toBe(6);
  });

  it('runs a layer that two models share in each of them', () => {
    const shared = layers.dense({units: 2, inputShape: [2]});
    const first = sequential({layers: [shared]});
    const x = input({shape: [2]});
    const second = model({
      inputs: x,
      outputs: layers.add().apply([shared.apply(x), x] as SymbolicTensor[]) as SymbolicTensor,
    });
    tf.tidy(() => {
      const fed = noise([3, 2]);
      const a = ModelGraph.of(first).run([fed]).outputs[0]!;
      const b = ModelGraph.of(second).run([fed]).outputs[0]!;
      expect(values(b)).toEqual(values(tf.add(a, fed)));
    });
  });
});
