/** The small convolutional network of both pages. */
import {layers, withSeed} from '../../dist/glassbox.browser.js';
import {CLASSES, SIZE} from './data.js';

export function buildModel() {
  const {conv2d, maxPooling2d, flatten, dense} = layers.layers;
  return withSeed(1, () =>
    layers.sequential({
      layers: [
        conv2d({inputShape: [SIZE, SIZE, 1], filters: 8, kernelSize: 3, activation: 'relu'}),
        maxPooling2d({poolSize: 2}),
        conv2d({filters: 16, kernelSize: 3, activation: 'relu'}),
        maxPooling2d({poolSize: 2}),
        flatten(),
        dense({units: CLASSES.length, activation: 'softmax'}),
      ],
    }),
  );
}
