/**
 * The image classifier of the demo: its network, and how it is trained. `main.ts` shows one run, `seeds.ts` several.
 */
import * as layers from '@tensorflow/tfjs-layers';
import {Adam, EarlyStopping, GradientAccumulation, Trainer, oneCycle, withSeed} from 'glassbox';
import type {Callback, FitResult} from 'glassbox';
import {CLASSES, SIZE} from './data';
import type {LabelledImages} from './data';

const EPOCHS = 10;
const BATCH = 32;
/** Batches a window: the optimizer sees 64 samples at once. */
const WINDOW = 2;

/** Three convolutions and two dense layers, with batch normalisation and dropout. */
export function buildModel(seed: number): layers.LayersModel {
  const {conv2d, batchNormalization, activation, maxPooling2d, flatten, dense, dropout} = layers.layers;
  const block = (filters: number, first = false): layers.layers.Layer[] => [
    conv2d({
      filters,
      kernelSize: 3,
      padding: 'same',
      useBias: false,
      kernelInitializer: 'heNormal',
      ...(first ? {inputShape: [SIZE, SIZE, 1]} : {}),
    }),
    maxPooling2d({poolSize: 2}),
    batchNormalization({momentum: 0.9}),
    activation({activation: 'relu'}),
  ];
  return withSeed(seed, () =>
    layers.sequential({
      layers: [
        ...block(16, true),
        ...block(32),
        ...block(64),
        flatten(),
        dropout({rate: 0.3}),
        dense({units: 128, activation: 'relu', kernelInitializer: 'heNormal'}),
        dropout({rate: 0.3}),
        dense({units: CLASSES.length, activation: 'softmax'}),
      ],
    }),
  );
}

/** Trains `model` by OneCycle, accumulating two batches an update, and stops when validation no longer improves. */
export async function train(
  model: layers.LayersModel,
  data: {train: LabelledImages; validation: LabelledImages},
  {seed, callbacks = []}: {seed: number; callbacks?: readonly Callback[]},
): Promise<{trainer: Trainer; result: FitResult}> {
  const updates = EPOCHS * Math.ceil(Math.ceil(data.train.labels.length / BATCH) / WINDOW);
  const trainer = new Trainer(model, {
    loss: 'sparseCategoricalCrossentropy',
    optimizer: new Adam({learningRate: oneCycle({peak: 4e-3, steps: updates})}),
    metrics: ['accuracy'],
    callbacks: [
      new GradientAccumulation({steps: WINDOW}),
      new EarlyStopping({monitor: 'val_loss', patience: 4, restoreBest: true}),
      ...callbacks,
    ],
    seed,
  });
  const result = await trainer.fit([data.train.images, data.train.labels], {
    epochs: EPOCHS,
    batchSize: BATCH,
    validation: [data.validation.images, data.validation.labels],
  });
  return {trainer, result};
}
