import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import {input, layers, model, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel, RNN, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {ModelGraph} from '../../src/graph';
import {activate, BACKENDS} from './backends';
import {runCell} from './recurrentReference';
import type {CellName, CellWeights, Matrix} from './recurrentReference';
import {noise, tokens} from './zoo';

const values = (t: Tensor) => [...t.dataSync()];
const apply = (layer: layers.Layer, ...x: SymbolicTensor[]) =>
  layer.apply(x.length === 1 ? x[0]! : x) as SymbolicTensor;
const embed = (outputDim = 2) => layers.embedding({inputDim: 6, outputDim, maskZero: true});
/** The masks of a model's outputs. */
function maskOf(built: LayersModel, ...x: Tensor[]): (number[] | null)[] {
  const {outputs, masks} = ModelGraph.of(built).run(x);
  const found = masks.map(mask => (mask === null ? null : values(mask)));
  tf.dispose([...outputs, ...masks.filter(mask => mask !== null), ...x]);
  return found;
}
const plainRnn = {units: 3, recurrentInitializer: 'glorotNormal'} as const;

beforeAll(() => activate('cpu'));

describe('a mask', () => {
  const padded = () => tokens([[1, 2, 0], [3, 0, 0]]); // prettier-ignore
  const steps = [1, 1, 0, 1, 0, 0];

  it('passes through batch normalization, where tfjs throws', () => {
    const built = sequential({
      layers: [
        layers.embedding({inputDim: 6, outputDim: 2, maskZero: true, inputLength: 3}),
        layers.batchNormalization(),
      ],
    });
    expect(() => built.computeMask(padded(), undefined as never)).toThrow();
    expect(maskOf(built, padded())).toEqual([steps]);
  });

  it('does not leak into a branch that has none, as it does in tfjs', () => {
    const words = input({shape: [3], dtype: 'int32'});
    const signal = input({shape: [3, 2]});
    const masked = apply(layers.simpleRNN(plainRnn), apply(embed(), words));
    const unmasked = apply(layers.simpleRNN(plainRnn), signal);
    const built = model({inputs: [words, signal], outputs: [masked, unmasked]});
    const alone = model({inputs: signal, outputs: unmasked});
    tf.tidy(() => {
      const x = [padded(), noise([2, 3, 2])];
      const expected = values(alone.predict(x[1]!) as Tensor);
      expect(values(ModelGraph.of(built).run(x).outputs[1]!)).toEqual(expected);
      expect(values((built.predict(x) as Tensor[])[1]!)).not.toEqual(expected);
    });
  });

  it('is dropped by a layer that does not support masks', () => {
    const built = sequential({
      layers: [
        layers.embedding({inputDim: 6, outputDim: 2, maskZero: true, inputLength: 3}),
        layers.conv1d({filters: 2, kernelSize: 1}),
        layers.dense({units: 1}),
      ],
    });
    expect(maskOf(built, padded())).toEqual([null]);
  });

  it.each([
    ['dense', () => layers.dense({units: 2})],
    ['activation', () => layers.activation({activation: 'tanh'})],
    ['dropout', () => layers.dropout({rate: 0.5})],
    ['layer normalization', () => layers.layerNormalization()],
    ['leaky ReLU', () => layers.leakyReLU({})],
    ['ELU', () => layers.elu()],
    ['softmax', () => layers.softmax({axis: -1})],
    ['an LSTM over sequences', () => layers.lstm({...plainRnn, returnSequences: true})],
    [
      'bidirectional over sequences',
      () =>
        layers.bidirectional({
          layer: layers.gru({...plainRnn, returnSequences: true}),
          mergeMode: 'sum',
        }),
    ],
    ['time-distributed dense', () => layers.timeDistributed({layer: layers.dense({units: 2})})],
    ['a nested model', () => sequential({layers: [layers.dense({units: 2, inputShape: [3, 2]})]})],
  ] as [string, () => layers.Layer][])('is carried on by %s', (_, make) => {
    const x = input({shape: [3], dtype: 'int32'});
    const built = model({inputs: x, outputs: apply(make(), apply(embed(), x))});
    expect(maskOf(built, padded())).toEqual([steps]);
  });

  it('ends at a recurrent layer that gives its last output alone', () => {
    const x = input({shape: [3], dtype: 'int32'});
    expect(
      maskOf(model({inputs: x, outputs: apply(layers.gru(plainRnn), apply(embed(), x))}), padded()),
    ).toEqual([null]);
  });

  it('is made by Masking', () => {
    const built = sequential({layers: [layers.masking({maskValue: 9, inputShape: [2, 2]})]});
    expect(maskOf(built, tf.tensor3d([[[9, 9], [9, 1]]]))).toEqual([[0, 1]]); // prettier-ignore
  });

  describe('of two that are merged', () => {
    const two = (merge: layers.Layer, bothMasked = true) => {
      const a = input({shape: [3], dtype: 'int32'});
      const b = input({shape: [3], dtype: 'int32'});
      const second = bothMasked ? embed() : layers.embedding({inputDim: 6, outputDim: 2});
      return model({inputs: [a, b], outputs: apply(merge, apply(embed(), a), apply(second, b))});
    };
    const a = () => tokens([[1, 0, 0]]);
    const b = () => tokens([[1, 1, 0]]);

    it.each([layers.add, layers.average, layers.maximum, layers.minimum, layers.multiply])(
      'counts where either does, as in Keras 3 (%#)',
      make => {
        expect(maskOf(two((make as () => layers.Layer)()), a(), b())).toEqual([[1, 1, 0]]);
        expect(maskOf(two((make as () => layers.Layer)(), false), a(), b())).toEqual([null]);
      },
    );

    it('is joined with the values when they are joined in time', () => {
      expect(maskOf(two(layers.concatenate({axis: 1})), a(), b())).toEqual([[1, 0, 0, 1, 1, 0]]);
      expect(maskOf(two(layers.concatenate({axis: 1}), false), a(), b())).toEqual([[1, 0, 0, 1, 1, 1]]);
    });

    it('counts where either does when features are joined', () => {
      expect(maskOf(two(layers.concatenate()), a(), b())).toEqual([[1, 1, 0]]);
    });

    it('is gone after a dot product', () => {
      expect(maskOf(two(layers.dot({axes: 2})), a(), b())).toEqual([null]);
    });
  });
});

describe.each(BACKENDS)('a recurrent layer with a mask on %s', backend => {
  beforeAll(() => activate(backend));

  const batch = 3;
  const time = 4;
  const features = 2;
  // Padding at the end, in the middle and at the beginning.
  const mask = [[1, 1, 1, 0], [1, 0, 1, 1], [0, 0, 1, 1]].map(row => row.map(v => v === 1)); // prettier-ignore
  /** Sequences whose masked steps are all 0, for a Masking layer to find. */
  const sequences = (): Matrix[] => {
    const flat = values(noise([batch, time, features], 11));
    return mask.map((row, b) =>
      row.map((kept, t) =>
        Array.from({length: features}, (_, f) => (kept ? flat[(b * time + t) * features + f]! : 0)),
      ),
    );
  };
  const asTensor = (x: readonly Matrix[]) => tf.tensor3d(x.map(row => row.map(step => [...step])));
  const weightsOf = (layer: layers.Layer): CellWeights => {
    const [kernel, recurrent, bias] = layer.getWeights().map(w => w.arraySync());
    return {kernel: kernel as number[][], recurrent: recurrent as number[][], bias: bias as number[]};
  };
  const expectClose = (actual: Tensor, expected: number[]) => {
    const found = values(actual);
    expect(found).toHaveLength(expected.length);
    found.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-6));
  };
  const withBias = {units: 3, recurrentInitializer: 'glorotNormal'};
  const make = (cell: CellName, options: object = {}): RNN =>
    layers[cell]({...withBias, ...options, biasInitializer: 'randomNormal'});
  const after = (...stack: layers.Layer[]) =>
    sequential({layers: [layers.masking({inputShape: [time, features]}), ...stack]});
  const cells: CellName[] = ['simpleRNN', 'gru', 'lstm'];

  it.each(cells)('repeats the step before a masked one: %s', cell => {
    tf.tidy(() => {
      const layer = make(cell, {returnSequences: true});
      const built = after(layer);
      const expected = sequences()
        .flatMap((x, b) => runCell(cell, weightsOf(layer), x, mask[b]!))
        .flat();
      expectClose(ModelGraph.of(built).run([asTensor(sequences())]).outputs[0]!, expected);
    });
  });

  it.each(cells)('ends with the last step that counts: %s', cell => {
    tf.tidy(() => {
      const layer = make(cell);
      const built = after(layer);
      const expected = sequences().flatMap((x, b) => runCell(cell, weightsOf(layer), x, mask[b]!).at(-1)!);
      expectClose(ModelGraph.of(built).run([asTensor(sequences())]).outputs[0]!, expected);
    });
  });

  it.each(cells)('walks backwards: %s', cell => {
    tf.tidy(() => {
      const layer = make(cell, {goBackwards: true, returnSequences: true});
      const built = after(layer);
      const expected = sequences()
        .flatMap((x, b) => runCell(cell, weightsOf(layer), x, mask[b]!, true))
        .flat();
      expectClose(ModelGraph.of(built).run([asTensor(sequences())]).outputs[0]!, expected);
    });
  });

  it('goes both ways, the way back turned around again', () => {
    tf.tidy(() => {
      const layer = layers.bidirectional({
        layer: make('gru', {returnSequences: true}),
        mergeMode: 'concat',
      });
      const built = after(layer);
      const {forwardLayer, backwardLayer} = layer as unknown as Record<string, layers.Layer>;
      const expected = sequences().flatMap((x, b) => {
        const ahead = runCell('gru', weightsOf(forwardLayer!), x, mask[b]!);
        const back = runCell('gru', weightsOf(backwardLayer!), x, mask[b]!, true).reverse();
        return ahead.flatMap((h, t) => [...h, ...back[t]!]);
      });
      expectClose(ModelGraph.of(built).run([asTensor(sequences())]).outputs[0]!, expected);
    });
  });

  it('hands the mask on to the next one', () => {
    tf.tidy(() => {
      const [first, second] = [make('lstm', {returnSequences: true}), make('simpleRNN')];
      const built = after(first, second);
      const expected = sequences().flatMap((x, b) => {
        const hidden = runCell('lstm', weightsOf(first), x, mask[b]!);
        return runCell('simpleRNN', weightsOf(second), hidden, mask[b]!).at(-1)!;
      });
      expectClose(ModelGraph.of(built).run([asTensor(sequences())]).outputs[0]!, expected);
    });
  });

  it('is followed by time-distributed layers that keep the mask', () => {
    tf.tidy(() => {
      const layer = make('gru', {returnSequences: true});
      const built = after(
        layer,
        layers.timeDistributed({layer: layers.dense({units: 1, kernelInitializer: 'ones'})}),
      );
      const {outputs, masks} = ModelGraph.of(built).run([asTensor(sequences())]);
      const expected = sequences().flatMap((x, b) =>
        runCell('gru', weightsOf(layer), x, mask[b]!).map(h => h.reduce((a, v) => a + v, 0)),
      );
      expectClose(outputs[0]!, expected);
      expect(values(masks[0]!)).toEqual(mask.flat().map(Number));
    });
  });

  it('takes masked steps out of the gradient', () => {
    const built = after(make('lstm'));
    tf.tidy(() => {
      const graph = ModelGraph.of(built);
      const x = asTensor(sequences());
      const gradient = tf.grad((v: Tensor) => tf.sum<Scalar>(graph.run([v], {training: true}).outputs[0]!))(
        x,
      );
      const perStep = values(tf.sum(tf.abs(gradient), 2));
      perStep.forEach((g, i) => expect(g > 0).toBe(mask.flat()[i]));
    });
  });

  it('works over images too', () => {
    const words = input({shape: [3], dtype: 'int32'});
    const images = apply(layers.reshape({targetShape: [3, 2, 2, 1]}), apply(layers.embedding({inputDim: 6, outputDim: 4}), words)); // prettier-ignore
    const masked = apply(new MaskLike({}), images, apply(embed(), words));
    const recurrent = layers.convLstm2d({
      filters: 2,
      kernelSize: 2,
      padding: 'same',
      recurrentInitializer: 'glorotNormal',
    });
    const built = model({inputs: words, outputs: apply(recurrent, masked)});
    tf.tidy(() => {
      const graph = ModelGraph.of(built);
      const padded = graph.run([tokens([[1, 2, 0]])]).outputs[0]!;
      // What stands at masked steps does not matter: the same as the shorter sequence, twice as long.
      const longer = graph.run([tokens([[1, 0, 2]])]).outputs[0]!;
      expect(values(padded)).toEqual(values(longer));
    });
  });
});

/** Hands its first input on with its second one's mask. */
class MaskLike extends layers.Layer {
  static readonly className = 'MaskLike';
  override computeOutputShape(shapes: (number | null)[][]): (number | null)[] {
    return shapes[0]!;
  }
  override call(inputs: Tensor[]): Tensor {
    return tf.clone(inputs[0]!);
  }
  override computeMask(_: Tensor[], mask: Tensor[]): Tensor {
    return mask[1]!;
  }
}
