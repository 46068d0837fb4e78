import * as layers from '@tensorflow/tfjs-layers';
import {CLASSES, numbers} from './data';
import type {Workload} from './types';

export const mlp: Workload = {
  name: 'mlp',
  batch: 128,
  build(width) {
    const {dense} = layers.layers;
    return layers.sequential({
      layers: [
        dense({units: 512 * width, activation: 'relu', inputShape: [784]}),
        dense({units: 256 * width, activation: 'relu'}),
        dense({units: CLASSES}),
      ],
    });
  },
  input: batch => numbers([batch, 784]),
};
