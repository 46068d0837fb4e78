/** A small classifier of images for each optimizer. */
import * as layers from '@tensorflow/tfjs-layers';
import {
  Adadelta,
  Adafactor,
  Adagrad,
  Adam,
  AdamW,
  Adamax,
  LAMB,
  Lion,
  Nadam,
  RMSprop,
  SGD,
  losses,
} from 'glassbox';
import type {Optimizer} from 'glassbox';
import {integers, uniforms} from './numbers';
import type {TrainedModel} from './train';

const BATCH = 8;

/** By the class that is exported; several for an optimizer that has several ways to compute. */
export const optimizerCases: Record<string, readonly (() => Optimizer)[]> = {
  Adadelta: [() => new Adadelta({learningRate: 1})],
  Adafactor: [() => new Adafactor({learningRate: 0.05})],
  Adagrad: [() => new Adagrad({learningRate: 0.05})],
  Adam: [
    () => new Adam({learningRate: 0.01}),
    () => new Adam({learningRate: 0.01, amsgrad: true, weightDecay: 0.01}),
  ],
  AdamW: [() => new AdamW({learningRate: 0.01})],
  Adamax: [() => new Adamax({learningRate: 0.01})],
  LAMB: [() => new LAMB({learningRate: 0.01})],
  Lion: [() => new Lion({learningRate: 0.003})],
  Nadam: [() => new Nadam({learningRate: 0.01})],
  RMSprop: [
    () => new RMSprop({learningRate: 0.003}),
    () => new RMSprop({learningRate: 0.003, momentum: 0.9, centered: true}),
  ],
  SGD: [
    () => new SGD({learningRate: 0.1, momentum: 0.9}),
    () => new SGD({learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01}),
  ],
};

export const optimizerModels: readonly TrainedModel[] = Object.entries(optimizerCases).flatMap(
  ([name, cases]) =>
    cases.map((optimizer, i) => ({
      name: `optimizer ${name}, case ${i + 1}`,
      build: () =>
        layers.sequential({
          layers: [
            // A smooth network: what adaptive optimizers divide by must not be a rounding error of a gradient of zero.
            layers.layers.conv2d({filters: 4, kernelSize: 3, activation: 'tanh', inputShape: [6, 6, 2]}),
            layers.layers.averagePooling2d({poolSize: 2}),
            layers.layers.flatten(),
            layers.layers.dense({units: 5, activation: 'sigmoid'}),
            layers.layers.dense({units: 3}),
          ],
        }),
      feed: () => [uniforms('images', [BATCH, 6, 6, 2])],
      target: () => integers('labels of images', [BATCH], 3),
      loss: () => new losses.SparseCategoricalCrossentropy({fromLogits: true}),
      optimizer,
    })),
);
