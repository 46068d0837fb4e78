import * as layers from '@tensorflow/tfjs-layers';
import {CLASSES, numbers} from './data';
import type {Workload} from './types';

/** The network of a small image-classification case: three convolutions, each pooled. */
export const caseStudy: Workload = {
  name: 'case',
  batch: 64,
  build(width) {
    const {conv2d, dense, flatten, maxPooling2d} = layers.layers;
    const model = layers.sequential();
    for (const [i, filters] of [32, 64, 64].entries()) {
      model.add(
        conv2d({
          filters: filters * width,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
          ...(i === 0 ? {inputShape: [32, 32, 3]} : {}),
        }),
      );
      model.add(maxPooling2d({poolSize: 2}));
    }
    model.add(flatten());
    model.add(dense({units: 128 * width, activation: 'relu'}));
    model.add(dense({units: CLASSES}));
    return model;
  },
  input: batch => numbers([batch, 32, 32, 3]),
};
