/** The networks that are explained, built alike here and in peer.py. */
import {withSeed} from 'glassbox';
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';

export type NetworkName = 'mlp' | 'small' | 'cnn';

type LayerSpec =
  | {readonly type: 'dense'; readonly units: number}
  | {readonly type: 'conv'; readonly filters: number; readonly padding: 'same' | 'valid'}
  | {readonly type: 'relu' | 'pool' | 'flatten' | 'softmax'};

interface NetworkSpec {
  readonly inputShape: readonly number[];
  readonly layers: readonly LayerSpec[];
}

const specs: Readonly<Record<NetworkName, NetworkSpec>> = {
  mlp: {
    inputShape: [30],
    layers: [
      {type: 'dense', units: 64},
      {type: 'relu'},
      {type: 'dense', units: 32},
      {type: 'relu'},
      {type: 'dense', units: 2},
      {type: 'softmax'},
    ],
  },
  small: {
    inputShape: [10],
    layers: [{type: 'dense', units: 32}, {type: 'relu'}, {type: 'dense', units: 2}, {type: 'softmax'}],
  },
  cnn: {
    inputShape: [16, 16, 3],
    layers: [
      {type: 'conv', filters: 6, padding: 'same'},
      {type: 'relu'},
      {type: 'pool'},
      {type: 'conv', filters: 8, padding: 'valid'},
      {type: 'relu'},
      {type: 'flatten'},
      {type: 'dense', units: 4},
      {type: 'softmax'},
    ],
  },
};

/** A network with an example to explain, and the rows that hide its features. */
export interface Network {
  readonly spec: NetworkSpec;
  readonly model: LayersModel;
  /** `[1, …]` */
  readonly example: Tensor;
  /** `[10, …]` for the cnn, `[100, …]` for the others */
  readonly background: Tensor;
}

export function buildNetwork(name: NetworkName): Network {
  const spec = specs[name];
  const shape = [...spec.inputShape];
  const model = withSeed(7, () =>
    sequential({layers: [layers.inputLayer({inputShape: shape}), ...spec.layers.map(layerOf)]}),
  );
  return {
    spec,
    model,
    example: tf.randomNormal([1, ...shape], 0, 1, 'float32', 1),
    background: tf.randomNormal([name === 'cnn' ? 10 : 100, ...shape], 0, 1, 'float32', 2),
  };
}

/** All of it in plain numbers: what peer.py builds the same network from. */
export function networkData({spec, model, example, background}: Network): object {
  const plain = (tensor: Tensor): object => ({shape: tensor.shape, values: [...tensor.dataSync()]});
  return {
    ...spec,
    weights: model.getWeights().map(plain),
    example: plain(example),
    background: plain(background),
  };
}

function layerOf(spec: LayerSpec): layers.Layer {
  switch (spec.type) {
    case 'dense':
      return layers.dense({units: spec.units});
    case 'conv':
      return layers.conv2d({filters: spec.filters, kernelSize: 3, padding: spec.padding});
    case 'pool':
      return layers.maxPooling2d({poolSize: 2, strides: 2});
    case 'flatten':
      return layers.flatten();
    default:
      return layers.activation({activation: spec.type});
  }
}
