/** A small network of the usual parts, and data for it: the same on every backend. */
import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {Adam, Random, Trainer, losses, withSeed} from 'glassbox';
import type {Callback, TrainerOptions} from 'glassbox';

const SAMPLES = 40;
const STEPS_PER_EPOCH = 5;

/** Convolution, BatchNorm, pooling, dropout and a dense layer, with weights by `withSeed`. */
export function smallNetwork(): LayersModel {
  return withSeed(5, () =>
    sequential({
      layers: [
        layers.conv2d({inputShape: [6, 6, 1], filters: 4, kernelSize: 3, activation: 'relu'}),
        layers.batchNormalization({momentum: 0.9}),
        layers.maxPooling2d({poolSize: 2}),
        layers.flatten(),
        layers.dropout({rate: 0.2}),
        layers.dense({units: 3, activation: 'softmax', kernelRegularizer: 'l1l2'}),
      ],
    }),
  );
}

/** Images and which of three rows is the brightest. */
export function images(): [{values: Float32Array; shape: number[]}, Int32Array] {
  const random = new Random(7, 'images');
  const values = Float32Array.from({length: SAMPLES * 36}, () => random.normal());
  const classes = Int32Array.from({length: SAMPLES}, (_, image) => {
    const sums = [0, 2, 4].map(row =>
      values.subarray(image * 36 + row * 6, image * 36 + row * 6 + 6).reduce((sum, value) => sum + value, 0),
    );
    return sums.indexOf(Math.max(...sums));
  });
  return [{values, shape: [SAMPLES, 6, 6, 1]}, classes];
}

/** A run, step by step. */
export interface Curve {
  /** The weights that it starts from. */
  readonly first: Float32Array[];
  /** The loss of each step. */
  readonly losses: number[];
}

/** Trains a new network on the active backend, shuffled and with dropout: an epoch is 5 steps. */
export async function curveOf(seed: number, steps = 50): Promise<Curve> {
  const model = smallNetwork();
  const first = await Promise.all(model.getWeights().map(weight => weight.data<'float32'>()));
  const found: number[] = [];
  let sum = 0;
  await train(
    model,
    {loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], seed, steps},
    {
      async onTrainBatchEnd({batch, logs}) {
        // The logs are means over the epoch so far.
        const {loss} = await logs.read();
        found.push(batch * loss! - (batch === 1 ? 0 : sum));
        sum = batch * loss!;
      },
    },
  );
  return {first, losses: found};
}

/** What there is after some steps. */
export interface Memory {
  readonly tensors: number;
  readonly bytes: number;
  /** Numbers of bytes on the device, in use and held for later: what the backend knows of it. */
  readonly device: number[];
}

/**
 * Trains the smallest network with a convolution and a pooling on the active backend; tells what there is after every 20 steps.
 * A GPU that the processor imitates takes milliseconds for each operation, however small.
 */
export async function memoryOver(steps: number): Promise<Memory[]> {
  const seen: Memory[] = [];
  const {conv2d, maxPooling2d, flatten, dense} = layers;
  const model = withSeed(1, () =>
    sequential({
      layers: [
        conv2d({inputShape: [6, 6, 1], filters: 1, kernelSize: 3, useBias: false}),
        maxPooling2d({poolSize: 2}),
        flatten(),
        dense({units: 3, useBias: false}),
      ],
    }),
  );
  const loss = new losses.SparseCategoricalCrossentropy({fromLogits: true});
  await train(
    model,
    {loss, seed: 1, steps},
    {
      order: 1000,
      onEpochEnd({epoch}) {
        if ((epoch + 1) % 4 === 0) seen.push(memoryNow());
      },
    },
  );
  return seen;
}

/** Trains and disposes the model. */
async function train(
  model: LayersModel,
  {steps, ...options}: TrainerOptions & {steps: number},
  callback: Callback,
): Promise<void> {
  const optimizer = new Adam({learningRate: 0.01});
  const trainer = new Trainer(model, {optimizer, callbacks: [callback], ...options});
  await trainer.fit(images(), {epochs: steps / STEPS_PER_EPOCH, batchSize: SAMPLES / STEPS_PER_EPOCH});
  trainer.dispose();
  model.dispose();
}

function memoryNow(): Memory {
  const {numTensors, numBytes, ...rest} = tf.memory();
  const {wasm} = tf.backend() as {wasm?: {HEAPU8: Uint8Array}};
  const device = Object.entries(rest).flatMap(([name, value]) => (/GPU/.test(name) ? [Number(value)] : []));
  return {tensors: numTensors, bytes: numBytes, device: wasm ? [wasm.HEAPU8.byteLength] : device};
}
