/** Small models and data for trainer tests, all of them functions of a seed. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {Random, withSeed} from '../../src/core';
import {Dataset} from '../../src/data';
import {ModelGraph} from '../../src/graph';

/** Normal numbers as a host array. */
export function normals(seed: number, shape: number[]): {values: Float32Array; shape: number[]} {
  const random = new Random(seed, 'fixture');
  const size = shape.reduce((product, length) => product * length, 1);
  return {values: Float32Array.from({length: size}, () => random.normal()), shape};
}

/** Rows of 4 features with a class of 3 that depends on them. */
export function blobs(
  samples: number,
  seed = 1,
): {x: {values: Float32Array; shape: number[]}; y: Int32Array} {
  const x = normals(seed, [samples, 4]);
  const y = Int32Array.from({length: samples}, (_, i) => {
    const row = x.values.subarray(i * 4, i * 4 + 3);
    return row.indexOf(Math.max(...row));
  });
  return {x, y};
}

/** Dense, BatchNorm, dropout: everything with state or randomness that a small classifier has. */
export function classifier(seed = 1): LayersModel {
  return withSeed(seed, () =>
    layers.sequential({
      layers: [
        layers.layers.dense({
          units: 8,
          activation: 'relu',
          inputShape: [4],
          kernelRegularizer: layers.regularizers.l2({l2: 1e-3}),
        }),
        layers.layers.batchNormalization({momentum: 0.9}),
        layers.layers.dropout({rate: 0.25}),
        layers.layers.dense({units: 3, activation: 'softmax'}),
      ],
    }),
  );
}

/** One dense layer without bias, starting at `kernel`. */
export function linear(
  kernel: number[][],
  config: Partial<Parameters<typeof layers.layers.dense>[0]> = {},
): LayersModel {
  const model = layers.sequential({
    layers: [
      layers.layers.dense({units: kernel[0]!.length, inputShape: [kernel.length], useBias: false, ...config}),
    ],
  });
  tf.tidy(() => ModelGraph.of(model).parameters()[0]!.variable.assign(tf.tensor2d(kernel)));
  return model;
}

/** One dense softmax over 3 classes at each of `steps` time steps of 4 features; all classes start equally likely. */
export function sequenceClassifier(steps: number): LayersModel {
  return layers.sequential({
    layers: [
      layers.layers.dense({
        units: 3,
        activation: 'softmax',
        kernelInitializer: 'zeros',
        inputShape: [steps, 4],
      }),
    ],
  });
}

/** Rows of 4 features, and two outputs `a` and `b` of one unit each. */
export function twoHeads(): LayersModel {
  const input = layers.input({shape: [4]});
  const head = (name: string): layers.SymbolicTensor =>
    layers.layers.dense({units: 1, name}).apply(input) as layers.SymbolicTensor;
  return layers.model({inputs: input, outputs: [head('a'), head('b')]});
}

/** All weights of a model, statistics too, by key. */
export async function weightsOf(model: LayersModel): Promise<Record<string, number[]>> {
  const parameters = ModelGraph.of(model).parameters();
  return Object.fromEntries(
    await Promise.all(
      parameters.map(
        async ({key, variable}) => [key, [...(await variable.data<'float32'>())]] as [string, number[]],
      ),
    ),
  );
}

/** The batches of arrays in order, as a Dataset. */
export function inBatches(
  x: {values: Float32Array; shape: number[]},
  y: Int32Array,
  batchSize: number,
): Dataset<unknown> {
  return Dataset.fromArrays([x, y]).batch(batchSize);
}

/** Largest absolute difference of two lists of numbers. */
export function distance(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}
