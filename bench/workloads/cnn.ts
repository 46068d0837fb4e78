import * as layers from '@tensorflow/tfjs-layers';
import {CLASSES, numbers} from './data';
import type {Workload} from './types';

export const cnn: Workload = {
  name: 'cnn',
  batch: 128,
  build(width) {
    const {conv2d, dense, flatten, maxPooling2d} = layers.layers;
    return layers.sequential({
      layers: [
        conv2d({filters: 32 * width, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1]}),
        conv2d({filters: 64 * width, kernelSize: 3, activation: 'relu'}),
        maxPooling2d({poolSize: 2}),
        flatten(),
        dense({units: 128 * width, activation: 'relu'}),
        dense({units: CLASSES}),
      ],
    });
  },
  input: batch => numbers([batch, 28, 28, 1]),
};
