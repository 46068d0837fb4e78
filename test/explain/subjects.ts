/** Small models of every kind that explainers take, which tell when they are called. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {input, layers, model as functional, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {withSeed} from '../../src/core';
import type {TextModel} from '../../src/explain';
import {MultiHeadAttention} from '../../src/layers';

/** Counts a model's calls; at one of them something may happen. */
export class Calls {
  count = 0;
  private at = 0;
  private happens: () => void = () => undefined;

  /** From now on counts anew. */
  watch(at = 0, happens: () => void = () => undefined): void {
    Object.assign(this, {count: 0, at, happens});
  }

  readonly note = (): void => {
    if (++this.count === this.at) this.happens();
  };
}

/** A model, examples for it, and its calls. */
export interface Subject<Model, Input> {
  readonly model: Model;
  readonly input: Input;
  readonly calls: Calls;
}

type Rows = (rows: Tensor) => Promise<Tensor>;

export interface Subjects {
  readonly cnn: Subject<LayersModel, Tensor>;
  readonly mlp: Subject<LayersModel, Tensor>;
  readonly encoder: Subject<LayersModel, Tensor>;
  /** An asynchronous function of rows, which waits before it answers. */
  readonly rows: Subject<Rows, Tensor>;
  readonly texts: Subject<TextModel, readonly string[]>;
}

export function buildSubjects(): Subjects {
  const watched = (model: LayersModel, x: Tensor): Subject<LayersModel, Tensor> => {
    const calls = new Calls();
    // Convolutions have no hook.
    const noted = model.layers.find(layer => ['Dense', 'Flatten'].includes(layer.getClassName()))!;
    noted.setCallHook(calls.note);
    return {model, input: x, calls};
  };
  const x = tf.tensor2d([
    [0.5, -1, 2, 0.3],
    [1.5, 0.2, -0.7, 1],
  ]);
  return {
    cnn: watched(cnn(), tf.randomNormal([2, 6, 6, 1], 0, 1, 'float32', 4)),
    mlp: watched(mlp(), x),
    encoder: watched(
      encoder(),
      tf.tensor2d([
        [1, 2, 3, 4],
        [4, 3, 0, 0],
      ]),
    ),
    rows: rows(x),
    texts: texts(['a good book', 'a bad end of a good day']),
  };
}

/** A convolution, batch normalization with statistics of its own, pooling, and probabilities. */
function cnn(): LayersModel {
  return withSeed(1, () => {
    return sequential({
      layers: [
        layers.conv2d({name: 'conv', filters: 3, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1]}),
        layers.batchNormalization({
          movingMeanInitializer: 'randomNormal',
          movingVarianceInitializer: 'ones',
        }),
        layers.maxPooling2d({poolSize: 2}),
        layers.flatten(),
        layers.dense({name: 'logits', units: 3, activation: 'softmax'}),
      ],
    });
  });
}

function mlp(): LayersModel {
  return withSeed(2, () =>
    sequential({
      layers: [
        layers.dense({units: 5, activation: 'relu', inputShape: [4]}),
        layers.dense({units: 2, activation: 'softmax'}),
      ],
    }),
  );
}

function encoder(): LayersModel {
  return withSeed(3, () => {
    const words = input({shape: [4]});
    const embedded = layers.embedding({inputDim: 5, outputDim: 4, maskZero: true}).apply(words);
    const attended = new MultiHeadAttention({numHeads: 2, keyDim: 2}).apply(embedded);
    const pooled = layers.flatten().apply(attended);
    return functional({inputs: words, outputs: layers.dense({units: 2}).apply(pooled) as SymbolicTensor});
  });
}

function rows(x: Tensor): Subjects['rows'] {
  const calls = new Calls();
  const model: Rows = async given => {
    await Promise.resolve();
    calls.note();
    return tf.tidy(() =>
      tf.softmax(
        tf.matMul(tf.sin(given as tf.Tensor2D), [
          [1, -1],
          [2, 0],
          [0.5, 1],
          [-1, 3],
        ] as never),
      ),
    );
  };
  return {model, input: x, calls};
}

function texts(given: readonly string[]): Subjects['texts'] {
  const calls = new Calls();
  const model: TextModel = some => {
    calls.note();
    const moods = some.map(text => Number(text.includes('good')) - 2 * Number(text.includes('bad')));
    return tf.softmax(
      tf.tensor2d(
        moods.flatMap(mood => [mood, -mood]),
        [some.length, 2],
      ),
    );
  };
  return {model, input: given, calls};
}

/** What must be as before after an explanation: tensors, gradients, and all that a model holds. */
export async function stateOf({cnn, mlp, encoder}: Subjects): Promise<object> {
  const models = [cnn, mlp, encoder].map(({model}) => model);
  const weights = await Promise.all(
    models.flatMap(model => model.weights.map(async weight => String(await weight.read().data()))),
  );
  const kernels = tf.getKernelsForBackend(tf.getBackend());
  return {
    tensors: tf.memory().numTensors,
    data: tf.memory().numDataBuffers,
    scopes: tf.engine().state.scopeStack.length,
    gradients: kernels.map(({kernelName}) => tf.getGradient(kernelName)?.gradFunc),
    weights,
    models: models.flatMap(model => [
      (model.output as SymbolicTensor).id,
      // Own fields too: methods may have been put over those of the class.
      ...model.layers.map(layer =>
        [
          ...[layer.name, layer.inboundNodes.length, layer.outboundNodes.length, ...Object.keys(layer)],
          JSON.stringify(layer.getConfig()),
        ].join(),
      ),
    ]),
  };
}

export function disposeSubjects({cnn, mlp, encoder, rows}: Subjects): void {
  for (const {model} of [cnn, mlp, encoder]) model.dispose();
  tf.dispose([cnn.input, mlp.input, encoder.input, rows.input]);
}
