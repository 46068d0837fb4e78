/** One way to use each layer of tfjs-layers in a model that is trained: its options and its inputs' shapes. */
import * as layers from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';

const make = layers.layers;

export interface LayerCase {
  /** Shapes without the batch. */
  inputs: number[][];
  build(inputs: SymbolicTensor[]): SymbolicTensor;
  /** Values are integers below this number, and no gradient reaches them. */
  integers?: number;
}

type Apply = {apply(inputs: SymbolicTensor | SymbolicTensor[]): unknown};

/** A single layer on its input. */
function on(shape: number[], layer: () => Apply, extra: Partial<LayerCase> = {}): LayerCase {
  return {inputs: [shape], build: inputs => layer().apply(inputs[0]!) as SymbolicTensor, ...extra};
}

/** A layer of several inputs. */
function onAll(shapes: number[][], layer: () => Apply): LayerCase {
  return {inputs: shapes, build: inputs => layer().apply(inputs) as SymbolicTensor};
}

/** The gates that tfjs's default initializers and activations leave trainable. */
const gates = {recurrentActivation: 'sigmoid' as const, recurrentInitializer: 'glorotUniform' as const};
const plain = {recurrentInitializer: 'glorotUniform' as const};
const image = [5, 6, 3];
const pair = [
  [4, 3],
  [4, 3],
];

/** By the name that tfjs-layers exports; several for a layer that has several ways to compute. */
export const layerCases: Record<string, LayerCase[]> = {
  activation: (
    [
      'relu',
      'tanh',
      'sigmoid',
      'softmax',
      'selu',
      'elu',
      'softplus',
      'softsign',
      'relu6',
      'hardSigmoid',
      'linear',
      'swish',
      'mish',
      'gelu',
      'gelu_new',
    ] as const
  ).map(activation => on([4, 3], () => make.activation({activation}))),
  add: [onAll(pair, () => make.add())],
  alphaDropout: [on([4, 3], () => make.alphaDropout({rate: 0.3}))],
  average: [onAll(pair, () => make.average())],
  averagePooling1d: [
    on([7, 3], () => make.averagePooling1d({poolSize: 2})),
    on([7, 3], () => make.averagePooling1d({poolSize: 3, strides: 2, padding: 'same'})),
  ],
  averagePooling2d: [
    on(image, () => make.averagePooling2d({poolSize: 2})),
    on(image, () => make.averagePooling2d({poolSize: 3, strides: 2, padding: 'same'})),
  ],
  averagePooling3d: [
    on([4, 5, 4, 2], () => make.averagePooling3d({poolSize: 2})),
    on([4, 5, 4, 2], () => make.averagePooling3d({poolSize: 3, strides: 2, padding: 'same'})),
  ],
  batchNormalization: [
    on(image, () => make.batchNormalization()),
    on([4], () => make.batchNormalization()),
    on([4, 3], () => make.batchNormalization({axis: 1})),
  ],
  bidirectional: [
    on([4, 3], () => make.bidirectional({layer: make.lstm({units: 2, ...gates}), mergeMode: 'concat'})),
    on([4, 3], () =>
      make.bidirectional({layer: make.gru({units: 2, ...gates, returnSequences: true}), mergeMode: 'sum'}),
    ),
  ],
  categoryEncoding: [
    {
      ...on([3], () => make.categoryEncoding({numTokens: 5, outputMode: 'multiHot'})),
      build: ([x]) =>
        make
          .dense({units: 2})
          .apply(make.categoryEncoding({numTokens: 5, outputMode: 'multiHot'}).apply(x!)) as SymbolicTensor,
      integers: 5,
    },
  ],
  centerCrop: [on(image, () => make.centerCrop({height: 3, width: 4}))],
  concatenate: [onAll(pair, () => make.concatenate()), onAll(pair, () => make.concatenate({axis: 1}))],
  conv1d: [
    on([9, 2], () => make.conv1d({filters: 3, kernelSize: 3, padding: 'same', strides: 2})),
    on([9, 2], () => make.conv1d({filters: 3, kernelSize: 3, padding: 'same', dilationRate: 2})),
  ],
  conv2d: [
    on(image, () => make.conv2d({filters: 4, kernelSize: 3, padding: 'same'})),
    on(image, () => make.conv2d({filters: 4, kernelSize: [2, 3], strides: [2, 1], activation: 'relu'})),
    on(image, () => make.conv2d({filters: 2, kernelSize: 3, dilationRate: 2, padding: 'same'})),
    on(image, () => make.conv2d({filters: 2, kernelSize: 3, dilationRate: 2, activation: 'tanh'})),
    on([3, 5, 6], () =>
      make.conv2d({filters: 2, kernelSize: 3, dataFormat: 'channelsFirst', activation: 'elu'}),
    ),
  ],
  conv2dTranspose: [
    on([3, 4, 2], () => make.conv2dTranspose({filters: 3, kernelSize: 3, strides: 2, padding: 'same'})),
    on([3, 4, 2], () => make.conv2dTranspose({filters: 3, kernelSize: 2})),
  ],
  conv3d: [
    on([4, 5, 4, 2], () => make.conv3d({filters: 2, kernelSize: 3, padding: 'same'})),
    on([4, 5, 4, 2], () => make.conv3d({filters: 2, kernelSize: 2, strides: 2})),
  ],
  conv3dTranspose: [
    on([2, 3, 2, 2], () => make.conv3dTranspose({filters: 2, kernelSize: 3, strides: 2, padding: 'same'})),
  ],
  convLstm2d: [
    on([3, 4, 5, 2], () => make.convLstm2d({filters: 2, kernelSize: 3, padding: 'same', ...gates})),
  ],
  convLstm2dCell: [
    on([3, 4, 5, 2], () =>
      make.convLstm2d({
        filters: 2,
        kernelSize: 2,
        returnSequences: true,
        ...gates,
        cell: make.convLstm2dCell({filters: 2, kernelSize: 2, ...gates}),
      }),
    ),
  ],
  cropping2D: [
    on(image, () =>
      make.cropping2D({
        cropping: [
          [1, 0],
          [2, 1],
        ],
      }),
    ),
  ],
  dense: [
    on([4], () => make.dense({units: 3, activation: 'relu'})),
    on([2, 4], () => make.dense({units: 3})),
  ],
  depthwiseConv2d: [
    on(image, () => make.depthwiseConv2d({kernelSize: 3, padding: 'same', depthMultiplier: 2})),
    on(image, () => make.depthwiseConv2d({kernelSize: 3, strides: 2})),
    on(image, () => make.depthwiseConv2d({kernelSize: 2, dilationRate: [2, 2], padding: 'same'})),
  ],
  dot: [
    onAll([[4], [4]], () => make.dot({axes: -1})),
    onAll(pair, () => make.dot({axes: [2, 2], normalize: true})),
  ],
  dropout: [
    on([4, 3], () => make.dropout({rate: 0.4})),
    on([4, 3], () => make.dropout({rate: 0.4, noiseShape: [3, 1, 3]})),
  ],
  elu: [on([4, 3], () => make.elu())],
  embedding: [on([5], () => make.embedding({inputDim: 7, outputDim: 3}), {integers: 7})],
  flatten: [on(image, () => make.flatten())],
  gaussianDropout: [on([4, 3], () => make.gaussianDropout({rate: 0.4}))],
  gaussianNoise: [on([4, 3], () => make.gaussianNoise({stddev: 0.4}))],
  globalAveragePooling1d: [on([5, 3], () => make.globalAveragePooling1d())],
  globalAveragePooling2d: [on(image, () => make.globalAveragePooling2d({}))],
  globalMaxPooling1d: [on([5, 3], () => make.globalMaxPooling1d())],
  globalMaxPooling2d: [on(image, () => make.globalMaxPooling2d({}))],
  gru: [
    on([4, 3], () => make.gru({units: 3, ...gates})),
    on([4, 3], () => make.gru({units: 3, returnSequences: true, ...plain})),
  ],
  gruCell: [on([4, 3], () => make.rnn({cell: make.gruCell({units: 3, ...gates})}))],
  inputLayer: [on([4], () => make.dense({units: 2}))],
  layerNormalization: [on([4, 6], () => make.layerNormalization())],
  leakyReLU: [on([4, 3], () => make.leakyReLU({alpha: 0.2}))],
  lstm: [
    on([4, 3], () => make.lstm({units: 3, ...gates})),
    on([4, 3], () => make.lstm({units: 3, returnSequences: true, goBackwards: true, ...plain})),
  ],
  lstmCell: [on([4, 3], () => make.rnn({cell: make.lstmCell({units: 3, ...gates})}))],
  masking: [on([4, 3], () => make.masking())],
  maxPooling1d: [
    on([7, 3], () => make.maxPooling1d({poolSize: 2})),
    on([7, 3], () => make.maxPooling1d({poolSize: 3, strides: 2, padding: 'same'})),
  ],
  maxPooling2d: [
    on(image, () => make.maxPooling2d({poolSize: 2})),
    on(image, () => make.maxPooling2d({poolSize: 3, strides: 2, padding: 'same'})),
  ],
  maxPooling3d: [
    on([4, 5, 4, 2], () => make.maxPooling3d({poolSize: 2})),
    on([4, 5, 4, 2], () => make.maxPooling3d({poolSize: 3, strides: 2, padding: 'same'})),
  ],
  maximum: [onAll(pair, () => make.maximum())],
  minimum: [onAll(pair, () => make.minimum())],
  multiply: [onAll(pair, () => make.multiply())],
  permute: [on([2, 3, 4], () => make.permute({dims: [3, 1, 2]}))],
  prelu: [on([4, 3], () => make.prelu({alphaInitializer: 'glorotUniform'}))],
  randomWidth: [on(image, () => make.randomWidth({factor: 0.3, interpolation: 'bilinear'}))],
  reLU: [on([4, 3], () => make.reLU()), on([4, 3], () => make.reLU({maxValue: 0.5}))],
  repeatVector: [on([3], () => make.repeatVector({n: 4}))],
  rescaling: [on(image, () => make.rescaling({scale: 0.5, offset: 1}))],
  reshape: [on([4, 3], () => make.reshape({targetShape: [2, 6]}))],
  resizing: [
    on(image, () => make.resizing({height: 3, width: 4})),
    on(image, () => make.resizing({height: 10, width: 12, interpolation: 'nearest'})),
  ],
  rnn: [on([4, 3], () => make.rnn({cell: make.simpleRNNCell({units: 2, ...plain}), returnSequences: true}))],
  separableConv2d: [
    on(image, () => make.separableConv2d({filters: 4, kernelSize: 3, padding: 'same', depthMultiplier: 2})),
    on(image, () => make.separableConv2d({filters: 2, kernelSize: 2, dilationRate: 2})),
  ],
  simpleRNN: [on([4, 3], () => make.simpleRNN({units: 3, ...plain}))],
  simpleRNNCell: [on([4, 3], () => make.rnn({cell: make.simpleRNNCell({units: 2, ...plain})}))],
  // Its default axis is 1, unlike Keras's.
  softmax: [on([5], () => make.softmax()), on([4, 3], () => make.softmax({axis: 2}))],
  spatialDropout1d: [on([4, 3], () => make.spatialDropout1d({rate: 0.4}))],
  stackedRNNCells: [
    on([4, 3], () =>
      make.rnn({
        cell: make.stackedRNNCells({
          cells: [make.lstmCell({units: 2, ...gates}), make.gruCell({units: 3, ...gates})],
        }),
      }),
    ),
  ],
  thresholdedReLU: [on([4, 3], () => make.thresholdedReLU({theta: 0.2}))],
  timeDistributed: [
    on([3, 4], () => make.timeDistributed({layer: make.dense({units: 2})})),
    on([2, 5, 4, 2], () => make.timeDistributed({layer: make.conv2d({filters: 2, kernelSize: 2})})),
  ],
  upSampling2d: [
    on([2, 3, 2], () => make.upSampling2d({size: [2, 3]})),
    on([2, 3, 2], () => make.upSampling2d({interpolation: 'bilinear'})),
  ],
  zeroPadding2d: [
    on(image, () =>
      make.zeroPadding2d({
        padding: [
          [1, 0],
          [2, 1],
        ],
      }),
    ),
  ],
};

/** Exported names that are another name of a layer above. */
export const aliases: Record<string, string> = {
  avgPool1d: 'averagePooling1d',
  avgPool2d: 'averagePooling2d',
  avgPool3d: 'averagePooling3d',
  avgPooling1d: 'averagePooling1d',
  avgPooling2d: 'averagePooling2d',
  avgPooling3d: 'averagePooling3d',
  globalMaxPool1d: 'globalMaxPooling1d',
  globalMaxPool2d: 'globalMaxPooling2d',
  maxPool1d: 'maxPooling1d',
  maxPool2d: 'maxPooling2d',
};

/** Exported names that are no layer: base classes, and the function that makes a model's input. */
export const notLayers: readonly string[] = ['Layer', 'RNN', 'RNNCell', 'input'];
