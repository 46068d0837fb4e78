/** Small models of many architectures, with inputs that fit them. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {Random} from '../../src/core';

const {layers, input, model, sequential} = tfl;

/** Numbers from a seeded normal distribution. */
export function noise(shape: number[], seed = 1): Tensor {
  const random = new Random(seed, 'noise');
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({length: size}, () => random.normal()),
    shape,
  );
}

/** Token numbers from 0 (padding) to `vocabulary` − 1, with padding at the end of each row. */
export function tokens(rows: readonly (readonly number[])[]): Tensor {
  return tf.tensor2d(
    rows.map(row => [...row]),
    undefined,
    'int32',
  );
}

export interface ZooModel {
  readonly name: string;
  readonly build: () => LayersModel;
  readonly feed: () => Tensor[];
  /** Whether training draws random numbers or uses batch moments, where tfjs is no reference. */
  readonly stochastic?: boolean;
}

const lstm = {units: 3, recurrentInitializer: 'glorotNormal', returnSequences: true} as const;

export const zoo: readonly ZooModel[] = [
  {
    name: 'dense stack',
    build: () =>
      sequential({
        layers: [
          layers.dense({units: 5, inputShape: [4], activation: 'tanh'}),
          layers.leakyReLU({alpha: 0.1}),
          layers.dense({units: 3, activation: 'softmax'}),
        ],
      }),
    feed: () => [noise([6, 4])],
  },
  {
    name: 'convolutions with pooling, dropout and batch normalization',
    stochastic: true,
    build: () =>
      sequential({
        layers: [
          layers.conv2d({
            filters: 4,
            kernelSize: 3,
            padding: 'same',
            inputShape: [8, 8, 2],
            activation: 'relu',
          }),
          layers.batchNormalization(),
          layers.maxPooling2d({poolSize: 2}),
          layers.dropout({rate: 0.3}),
          layers.depthwiseConv2d({kernelSize: 3}),
          layers.separableConv2d({filters: 3, kernelSize: 2}),
          layers.flatten(),
          layers.dense({units: 2}),
        ],
      }),
    feed: () => [noise([3, 8, 8, 2])],
  },
  {
    name: 'residual blocks with a merge of each kind',
    build: () => {
      const x = input({shape: [6]});
      const a = layers.dense({units: 6, activation: 'relu'}).apply(x) as tfl.SymbolicTensor;
      const b = layers.dense({units: 6}).apply(a) as tfl.SymbolicTensor;
      const sum = layers.add().apply([x, b]) as tfl.SymbolicTensor;
      const product = layers.multiply().apply([sum, a]) as tfl.SymbolicTensor;
      const high = layers.maximum().apply([sum, product]) as tfl.SymbolicTensor;
      const low = layers.minimum().apply([sum, product]) as tfl.SymbolicTensor;
      const mean = layers.average().apply([high, low]) as tfl.SymbolicTensor;
      const joined = layers.concatenate().apply([mean, x, product]) as tfl.SymbolicTensor;
      const angle = layers.dot({axes: -1, normalize: true}).apply([mean, product]) as tfl.SymbolicTensor;
      return model({
        inputs: x,
        outputs: [layers.dense({units: 2}).apply(joined) as tfl.SymbolicTensor, angle],
      });
    },
    feed: () => [noise([5, 6])],
  },
  {
    name: 'two inputs, two outputs',
    build: () => {
      const a = input({shape: [3], name: 'left'});
      const b = input({shape: [4], name: 'right'});
      const joined = layers
        .concatenate()
        .apply([
          layers.dense({units: 4}).apply(a) as tfl.SymbolicTensor,
          layers.dense({units: 2}).apply(b) as tfl.SymbolicTensor,
        ]) as tfl.SymbolicTensor;
      const head = (units: number) => layers.dense({units}).apply(joined) as tfl.SymbolicTensor;
      return model({inputs: [a, b], outputs: [head(1), head(3)]});
    },
    feed: () => [noise([4, 3], 1), noise([4, 4], 2)],
  },
  {
    name: 'a shared layer called three times',
    build: () => {
      const x = input({shape: [4]});
      const shared = layers.dense({units: 4, activation: 'tanh'});
      const once = shared.apply(x) as tfl.SymbolicTensor;
      const twice = shared.apply(once) as tfl.SymbolicTensor;
      const thrice = shared.apply(twice) as tfl.SymbolicTensor;
      return model({inputs: x, outputs: layers.add().apply([once, thrice]) as tfl.SymbolicTensor});
    },
    feed: () => [noise([3, 4])],
  },
  {
    name: 'a siamese pair of one nested encoder',
    build: () => {
      const encoder = sequential({
        layers: [layers.dense({units: 5, inputShape: [4], activation: 'relu'}), layers.dense({units: 2})],
      });
      const a = input({shape: [4]});
      const b = input({shape: [4]});
      const ea = encoder.apply(a) as tfl.SymbolicTensor;
      const eb = encoder.apply(b) as tfl.SymbolicTensor;
      return model({inputs: [a, b], outputs: layers.dot({axes: 1}).apply([ea, eb]) as tfl.SymbolicTensor});
    },
    feed: () => [noise([3, 4], 3), noise([3, 4], 4)],
  },
  {
    name: 'models nested three deep',
    build: () => {
      const inner = sequential({layers: [layers.dense({units: 3, inputShape: [2], activation: 'sigmoid'})]});
      const middle = sequential({layers: [inner, layers.dense({units: 4})]});
      const x = input({shape: [2]});
      const y = middle.apply(layers.activation({activation: 'tanh'}).apply(x)) as tfl.SymbolicTensor;
      return sequential({layers: [model({inputs: x, outputs: y}), layers.dense({units: 1})]});
    },
    feed: () => [noise([4, 2])],
  },
  {
    name: 'a head on a part of another model',
    build: () => {
      const base = sequential({
        layers: [
          layers.dense({units: 5, inputShape: [3], activation: 'relu'}),
          layers.dense({units: 4, activation: 'relu'}),
          layers.dense({units: 2}),
        ],
      });
      const features = base.layers[1]!.output as tfl.SymbolicTensor;
      const head = layers.dense({units: 2}).apply(features) as tfl.SymbolicTensor;
      return model({inputs: base.inputs, outputs: head});
    },
    feed: () => [noise([4, 3])],
  },
  {
    name: 'simple recurrent, LSTM and GRU stacked',
    build: () =>
      sequential({
        layers: [
          layers.lstm({...lstm, inputShape: [5, 2]}),
          layers.gru({...lstm, goBackwards: true}),
          layers.simpleRNN({units: 2, recurrentInitializer: 'glorotNormal'}),
        ],
      }),
    feed: () => [noise([3, 5, 2])],
  },
  {
    name: 'an encoder and decoder joined by states',
    build: () => {
      const source = input({shape: [4, 2]});
      const target = input({shape: [3, 2]});
      const [, h, c] = layers
        .lstm({units: 3, returnState: true, recurrentInitializer: 'glorotNormal'})
        .apply(source) as tfl.SymbolicTensor[];
      const decoded = layers.lstm(lstm).apply(target, {initialState: [h!, c!]}) as tfl.SymbolicTensor;
      return model({inputs: [source, target], outputs: decoded});
    },
    feed: () => [noise([2, 4, 2], 5), noise([2, 3, 2], 6)],
  },
  {
    name: 'bidirectional with every merge mode',
    build: () => {
      const x = input({shape: [4, 2]});
      const both = (mergeMode: 'concat' | 'sum' | 'mul' | 'ave') =>
        layers.bidirectional({layer: layers.lstm(lstm), mergeMode}).apply(x) as tfl.SymbolicTensor;
      const parts = [both('concat'), both('sum'), both('mul'), both('ave')];
      return model({inputs: x, outputs: layers.concatenate().apply(parts) as tfl.SymbolicTensor});
    },
    feed: () => [noise([2, 4, 2])],
  },
  {
    name: 'time-distributed layers and models',
    build: () => {
      const inner = sequential({layers: [layers.dense({units: 3, inputShape: [4], activation: 'relu'})]});
      return sequential({
        layers: [
          layers.timeDistributed({layer: layers.dense({units: 4}), inputShape: [3, 2]}),
          layers.timeDistributed({layer: inner}),
          layers.globalAveragePooling1d(),
        ],
      });
    },
    feed: () => [noise([2, 3, 2])],
  },
  {
    name: 'stacked cells',
    build: () =>
      sequential({
        layers: [
          layers.rnn({
            inputShape: [4, 2],
            returnSequences: true,
            cell: [
              layers.lstmCell({units: 3, recurrentInitializer: 'glorotNormal'}),
              layers.gruCell({units: 2, recurrentInitializer: 'glorotNormal'}),
            ] as never,
          }),
        ],
      }),
    feed: () => [noise([3, 4, 2])],
  },
  {
    name: 'convolutional LSTM',
    build: () =>
      sequential({
        layers: [
          layers.convLstm2d({
            filters: 2,
            kernelSize: 3,
            padding: 'same',
            inputShape: [3, 4, 4, 1],
            recurrentInitializer: 'glorotNormal',
          }),
          layers.globalMaxPooling2d({}),
        ],
      }),
    feed: () => [noise([2, 3, 4, 4, 1])],
  },
  {
    name: 'embedding with a one-dimensional convolution',
    build: () =>
      sequential({
        layers: [
          layers.embedding({inputDim: 6, outputDim: 4, inputLength: 5}),
          layers.conv1d({filters: 3, kernelSize: 2, activation: 'relu'}),
          layers.layerNormalization(),
          layers.globalMaxPooling1d(),
          layers.dense({units: 1, activation: 'sigmoid'}),
        ],
      }),
    feed: () => [
      tokens([
        [1, 2, 3, 4, 5],
        [2, 3, 1, 1, 4],
      ]),
    ],
  },
  {
    name: 'shapes moved about',
    build: () =>
      sequential({
        layers: [
          layers.reshape({targetShape: [4, 3], inputShape: [12]}),
          layers.permute({dims: [2, 1]}),
          layers.flatten(),
          layers.repeatVector({n: 2}),
          layers.prelu({}),
          layers.elu(),
          layers.thresholdedReLU({theta: 0.1}),
        ],
      }),
    feed: () => [noise([2, 12])],
  },
  {
    name: 'upsampling, padding and cropping',
    build: () =>
      sequential({
        layers: [
          layers.zeroPadding2d({padding: 1, inputShape: [3, 3, 2]}),
          layers.upSampling2d({size: [2, 2]}),
          layers.cropping2D({
            cropping: [
              [1, 1],
              [2, 0],
            ],
          }),
          layers.conv2dTranspose({filters: 2, kernelSize: 2}),
          layers.globalAveragePooling2d({}),
        ],
      }),
    feed: () => [noise([2, 3, 3, 2])],
  },
  {
    name: 'noise layers',
    stochastic: true,
    build: () =>
      sequential({
        layers: [
          layers.gaussianNoise({stddev: 0.5, inputShape: [4]}),
          layers.gaussianDropout({rate: 0.2}),
          layers.alphaDropout({rate: 0.2}),
          layers.dropout({rate: 0.5, seed: 7}),
        ],
      }),
    feed: () => [noise([2, 4])],
  },
];
