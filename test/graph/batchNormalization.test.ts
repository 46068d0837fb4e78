import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import {layers, input, model, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {activate, BACKENDS} from './backends';
import {applyStatistics, ModelGraph} from '../../src/graph';
import oracle from '../oracle/graph_batchnorm.json';
import {noise, tokens} from './zoo';

const values = (t: Tensor) => [...t.dataSync()];

/** The largest difference, relative to the largest expected value. */
function relativeError(actual: Tensor, expected: readonly number[]): number {
  const found = values(actual);
  expect(found).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs), 1e-6);
  return Math.max(...found.map((value, i) => Math.abs(value - expected[i]!))) / scale;
}

/** The model `[features] → BatchNormalization`, whose mask is given as a second input's. */
function modelOf(entry: (typeof oracle)[number]): LayersModel {
  const {shape, axis, center, scale, momentum, epsilon} = entry;
  const norm = layers.batchNormalization({axis, center, scale, momentum, epsilon});
  const x = input({batchShape: [null, ...shape.slice(1)]});
  const built = model({inputs: x, outputs: norm.apply(x) as SymbolicTensor});
  norm.setWeights([
    ...(scale ? [tf.tensor1d(entry.gamma)] : []),
    ...(center ? [tf.tensor1d(entry.beta)] : []),
    tf.tensor1d(entry.movingMean),
    tf.tensor1d(entry.movingVariance),
  ]);
  return built;
}

describe.each(BACKENDS)('batch normalization in training on %s', backend => {
  beforeAll(async () => {
    await activate(backend);
  });

  const unmasked = oracle.filter(entry => entry.mask === null);
  it.each(unmasked)('agrees with float64, its gradients and statistics too: $name', entry => {
    tf.tidy(() => {
      const built = modelOf(entry);
      const graph = ModelGraph.of(built);
      const x = tf.variable(tf.tensor(entry.x, entry.shape));
      const dy = tf.tensor(entry.dy, entry.shape);
      let statistics: ReturnType<typeof graph.run>['statistics'] = [];
      const trained = graph.parameters().filter(p => p.trainable);
      const {grads} = tf.variableGrads(() => {
        const result = graph.run([x], {training: true});
        // Kept through the gradient's own scope.
        statistics = result.statistics.map(s => ({...s, value: tf.keep(s.value)}));
        expect(relativeError(result.outputs[0]!, entry.y)).toBeLessThan(
          entry.name.includes('far') ? 1e-4 : 2e-6,
        );
        return tf.sum<Scalar>(tf.mul(result.outputs[0]!, dy));
      }, [x, ...trained.map(p => p.variable)]);
      const gradient = (key: string) => grads[trained.find(p => p.key.endsWith(key))!.variable.name]!;
      const tolerance = entry.name.includes('far') ? 1e-4 : 5e-6;
      expect(relativeError(grads[x.name]!, entry.dx)).toBeLessThan(tolerance);
      if (entry.dGamma !== null)
        expect(relativeError(gradient('gamma'), entry.dGamma)).toBeLessThan(tolerance);
      if (entry.dBeta !== null) expect(relativeError(gradient('beta'), entry.dBeta)).toBeLessThan(tolerance);
      expect(relativeError(statistics[0]!.value, entry.newMean)).toBeLessThan(1e-6);
      expect(relativeError(statistics[1]!.value, entry.newVariance)).toBeLessThan(2e-6);
      tf.dispose(statistics.map(s => s.value));
      built.dispose();
      x.dispose();
    });
  });

  const sequences = oracle.filter(entry => entry.mask !== null);
  it.each(sequences)('leaves masked steps out of the moments: $name', entry => {
    tf.tidy(() => {
      // A mask enters a model by a Masking layer: masked steps are marked, and BatchNorm sees other values.
      const {shape} = entry;
      const steps = input({shape: [shape[1]!]});
      const x = input({batchShape: [null, ...shape.slice(1)]});
      const norm = layers.batchNormalization({
        axis: entry.axis,
        momentum: entry.momentum,
        epsilon: entry.epsilon,
      });
      const masked = new MaskFrom().apply([x, steps]) as SymbolicTensor;
      const built = model({inputs: [x, steps], outputs: norm.apply(masked) as SymbolicTensor});
      norm.setWeights(
        [entry.gamma, entry.beta, entry.movingMean, entry.movingVariance].map(list => tf.tensor1d(list)),
      );
      const graph = ModelGraph.of(built);
      const xs = tf.variable(tf.tensor(entry.x, shape));
      const mask = tf.tensor2d(entry.mask);
      const dy = tf.tensor(entry.dy, shape);
      let newMean: Tensor | undefined;
      const {grads} = tf.variableGrads(() => {
        const {outputs, statistics} = graph.run([xs, mask], {training: true});
        newMean = tf.keep(statistics[0]!.value);
        expect(relativeError(outputs[0]!, entry.y)).toBeLessThan(2e-6);
        expect(relativeError(statistics[1]!.value, entry.newVariance)).toBeLessThan(2e-6);
        return tf.sum<Scalar>(tf.mul(outputs[0]!, dy));
      }, [xs]);
      expect(relativeError(newMean!, entry.newMean)).toBeLessThan(2e-6);
      expect(relativeError(grads[xs.name]!, entry.dx)).toBeLessThan(5e-6);
      newMean!.dispose();
      built.dispose();
      xs.dispose();
    });
  });
});

/** Hands its first input on, masked by its second. */
class MaskFrom extends layers.Layer {
  static readonly className = 'MaskFrom';
  override computeOutputShape(shapes: (number | null)[][]): (number | null)[] {
    return shapes[0]!;
  }
  override call(inputs: Tensor[]): Tensor {
    return tf.clone(inputs[0]!);
  }
  override computeMask(inputs: Tensor[]): Tensor {
    return tf.cast(inputs[1]!, 'bool');
  }
}

describe('batch normalization', () => {
  beforeAll(async () => {
    await activate('cpu');
  });

  it('trains without center and without scale, where tfjs crashes', () => {
    for (const part of [{center: false}, {scale: false}]) {
      const built = sequential({layers: [layers.batchNormalization({inputShape: [2], ...part})]});
      const x = noise([4, 2]);
      expect(() => built.apply(x, {training: true})).toThrow();
      tf.tidy(() => {
        const [y] = ModelGraph.of(built).run([x], {training: true}).outputs;
        values(tf.mean(y!, 0)).forEach(mean => expect(mean).toBeCloseTo(0, 6));
      });
    }
  });

  it('changes nothing in a run, where tfjs writes its statistics while it is called', () => {
    const built = sequential({layers: [layers.batchNormalization({inputShape: [2], momentum: 0.5})]});
    const x = tf.tensor2d([[1, 10], [3, 30]]); // prettier-ignore
    tf.tidy(() => {
      const {statistics} = ModelGraph.of(built).run([x], {training: true});
      expect(values(built.getWeights()[2]!)).toEqual([0, 0]);
      const before = tf.memory().numTensors;
      applyStatistics(statistics);
      expect(tf.memory().numTensors).toBe(before);
      expect(values(built.getWeights()[2]!)).toEqual([1, 10]); // 0 · 0.5 + [2, 20] · 0.5
      expect(values(built.getWeights()[3]!)).toEqual([1, 50.5]); // 1 · 0.5 + [1, 100] · 0.5
      built.apply(x, {training: true});
      expect(values(built.getWeights()[2]!)).toEqual([1.5, 15]);
    });
  });

  const freezings: Record<string, () => {built: LayersModel; x: Tensor}> = {
    'the layer itself': () => {
      const norm = layers.batchNormalization({inputShape: [2], trainable: false});
      return {built: sequential({layers: [norm]}), x: noise([4, 2])};
    },
    'the whole model': () => {
      const built = sequential({layers: [layers.batchNormalization({inputShape: [2]})]});
      built.trainable = false;
      return {built, x: noise([4, 2])};
    },
    'a model that encloses it': () => {
      const inner = sequential({layers: [layers.batchNormalization({inputShape: [2]})]});
      const x = input({shape: [2]});
      const built = model({inputs: x, outputs: inner.apply(x) as SymbolicTensor});
      inner.trainable = false;
      return {built, x: noise([4, 2])};
    },
    'a model whose layers were taken over': () => {
      const base = sequential({
        layers: [layers.dense({units: 2, inputShape: [2]}), layers.batchNormalization()],
      });
      base.trainable = false;
      const head = layers.dense({units: 1}).apply(base.outputs[0]!) as SymbolicTensor;
      return {built: model({inputs: base.inputs, outputs: head}), x: noise([4, 2])};
    },
    'a wrapper around it': () => {
      const wrapper = layers.timeDistributed({layer: layers.batchNormalization(), inputShape: [3, 2]});
      wrapper.trainable = false;
      return {built: sequential({layers: [wrapper]}), x: noise([4, 3, 2])};
    },
  };
  it.each(Object.entries(freezings))('rests when frozen: %s', (_, make) => {
    const {built, x} = make();
    tf.tidy(() => {
      const graph = ModelGraph.of(built);
      const resting = graph.run([x], {training: false});
      const {outputs, statistics} = graph.run([x], {training: true});
      expect(statistics).toEqual([]);
      expect(values(outputs[0]!)).toEqual(values(resting.outputs[0]!));
      const moving = () => graph.parameters().filter(p => p.key.includes('moving_')).map(p => values(p.variable)); // prettier-ignore
      const before = moving();
      expect(before.length).toBe(2);
      built.apply(x, {training: true});
      expect(moving()).not.toEqual(before); // plain tfjs moves them
    });
  });

  it('wakes up again when it is made trainable', () => {
    const norm = layers.batchNormalization({inputShape: [2], trainable: false});
    const graph = ModelGraph.of(sequential({layers: [norm]}));
    norm.trainable = true;
    tf.tidy(() => {
      expect(graph.run([noise([4, 2])], {training: true}).statistics).toHaveLength(2);
    });
  });

  it('passes gradients through while it rests', () => {
    const norm = layers.batchNormalization({trainable: false});
    const built = sequential({layers: [layers.dense({units: 2, inputShape: [2], useBias: false}), norm]});
    norm.setWeights([tf.tensor1d([2, 3]), tf.zeros([2]), tf.zeros([2]), tf.tensor1d([3.999, 8.999])]);
    const graph = ModelGraph.of(built);
    const [kernel] = graph.parameters().filter(p => p.trainable);
    tf.tidy(() => {
      const {grads} = tf.variableGrads(
        () => tf.sum<Scalar>(graph.run([tf.tensor2d([[5, 7]])], {training: true}).outputs[0]!),
        [kernel!.variable],
      );
      // γ/√(variance + ε) = 2/2 and 3/3, so the gradient is the input.
      values(grads[kernel!.variable.name]!).forEach((g, i) => expect(g).toBeCloseTo([5, 5, 7, 7][i]!, 4));
    });
  });

  it('has a gradient of its gradient too, for a gradient penalty', () => {
    const norm = layers.batchNormalization({inputShape: [2]});
    const graph = ModelGraph.of(sequential({layers: [norm]}));
    const gamma = graph.parameters()[0]!.variable;
    const x = noise([5, 2]);
    const cubes = (v: Tensor) => {
      const y = graph.run([v], {training: true}).outputs[0]!;
      return tf.sum<Scalar>(tf.mul(y, tf.square(y)));
    };
    /** Σ (∂ Σy³ / ∂x)² */
    const penalty = () => tf.sum<Scalar>(tf.square(tf.grad(cubes)(x)));
    tf.tidy(() => {
      const gradient = values(tf.variableGrads(penalty, [gamma]).grads[gamma.name]!);
      const h = 1e-2;
      gradient.forEach((g, i) => {
        const at = (shift: number) => {
          gamma.assign(tf.tensor1d([1, 1].map((one, j) => one + (i === j ? shift : 0))));
          return penalty().dataSync()[0]!;
        };
        const difference = (at(h) - at(-h)) / (2 * h);
        expect(Math.abs(g - difference) / Math.abs(difference)).toBeLessThan(1e-3);
        gamma.assign(tf.ones([2]));
      });
    });
  });

  it('moves the statistics once for each call of a shared layer', () => {
    const norm = layers.batchNormalization({momentum: 0.5});
    const a = input({shape: [1]});
    const b = input({shape: [1]});
    const built = model({
      inputs: [a, b],
      outputs: layers
        .concatenate()
        .apply([norm.apply(a), norm.apply(b)] as SymbolicTensor[]) as SymbolicTensor,
    });
    tf.tidy(() => {
      const x = [tf.tensor2d([[2], [2]]), tf.tensor2d([[8], [8]])];
      const {statistics} = ModelGraph.of(built).run(x, {training: true});
      expect(statistics).toHaveLength(2);
      expect(values(statistics[0]!.value)).toEqual([4.5]); // (0 · ½ + 2 · ½) · ½ + 8 · ½
    });
  });

  it('works step by step inside TimeDistributed, as tfjs does, but writes nothing', () => {
    const make = () =>
      sequential({
        layers: [
          layers.timeDistributed({layer: layers.batchNormalization({momentum: 0.5}), inputShape: [3, 2]}),
        ],
      });
    const [ours, theirs] = [make(), make()];
    const x = noise([5, 3, 2]);
    tf.tidy(() => {
      const {outputs, statistics} = ModelGraph.of(ours).run([x], {training: true});
      const expected = theirs.apply(x, {training: true}) as Tensor;
      expect(relativeError(outputs[0]!, values(expected))).toBeLessThan(2e-6);
      expect(statistics).toHaveLength(2);
      expect(values(ours.getWeights()[2]!)).toEqual([0, 0]);
      const [movedMean, movedVariance] = theirs.getWeights().slice(2);
      expect(relativeError(statistics[0]!.value, values(movedMean!))).toBeLessThan(2e-6);
      expect(relativeError(statistics[1]!.value, values(movedVariance!))).toBeLessThan(2e-6);
    });
  });

  it('works inside a model inside TimeDistributed, and inside a custom layer', () => {
    const inner = sequential({layers: [layers.batchNormalization({inputShape: [2], center: false})]});
    const built = sequential({
      layers: [layers.timeDistributed({layer: inner, inputShape: [3, 2]}), new Normalizing({})],
    });
    tf.tidy(() => {
      const {outputs, statistics} = ModelGraph.of(built).run([noise([5, 3, 2])], {training: true});
      expect(statistics).toHaveLength(4);
      const [mean] = [tf.mean(outputs[0]!, [0, 1])];
      values(mean).forEach(m => expect(m).toBeCloseTo(0, 5));
      expect(Object.hasOwn(built.layers[1]!, 'call')).toBe(false);
      expect(Object.hasOwn((built.layers[1] as Normalizing).norm, 'call')).toBe(false);
    });
  });

  it.each(['frozen', 'asked for inference'])(
    'inside a custom layer, %s, goes by its moving statistics',
    how => {
      const layer = new Normalizing({});
      const built = sequential({layers: [layers.dense({units: 2, inputShape: [2]}), layer]});
      if (how === 'frozen') layer.norm.trainable = false;
      else layer.asksForInference = true;
      const x = noise([5, 2]);
      tf.tidy(() => {
        const {outputs, statistics} = ModelGraph.of(built).run([x], {training: true});
        expect(statistics).toHaveLength(0);
        const expected = built.predict(x) as Tensor;
        expect(relativeError(outputs[0]!, values(expected))).toBeLessThan(1e-6);
        expect(Object.hasOwn(layer.norm, 'call')).toBe(false);
      });
    },
  );

  it('keeps masks beside it apart from the moments of a padded batch', () => {
    // Padding of 0 embeds to 100: were it counted, the mean would be far off.
    const embedding = layers.embedding({inputDim: 3, outputDim: 1, maskZero: true, inputLength: 3});
    const built = sequential({layers: [embedding, layers.batchNormalization({momentum: 0})]});
    embedding.setWeights([tf.tensor2d([[100], [1], [3]])]);
    tf.tidy(() => {
      const {statistics, masks} = ModelGraph.of(built).run([tokens([[1, 2, 0], [2, 1, 0]])], {training: true}); // prettier-ignore
      expect(statistics[0]!.value.dataSync()[0]).toBeCloseTo(2, 5);
      expect(statistics[1]!.value.dataSync()[0]).toBeCloseTo(1, 5);
      expect(values(masks[0]!)).toEqual([1, 1, 0, 1, 1, 0]);
    });
  });

  afterAll(async () => {
    await activate('cpu');
  });
});

/** A layer that holds a batch normalization of its own and calls it as Keras's composite layers do. */
class Normalizing extends layers.Layer {
  static readonly className = 'Normalizing';
  readonly norm = layers.batchNormalization();
  asksForInference = false;
  override build(shape: (number | null)[]): void {
    this.norm.build(shape);
    this.norm.built = true;
    super.build(shape);
  }
  override get trainableWeights() {
    return this.norm.trainableWeights;
  }
  override get nonTrainableWeights() {
    return this.norm.nonTrainableWeights;
  }
  override call(inputs: Tensor[], kwargs: object): Tensor {
    return this.norm.call(inputs, this.asksForInference ? {training: false} : kwargs) as Tensor;
  }
}
