/**
 * What the Trainer adds to a step: the `mlp` workload (784 → 512 → 256 → 10, batch 128, Adam) trained by the Trainer
 * and by a bare `tf.variableGrads` loop with the same loss and optimizer, step by step in turn in one process.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {Adam, Trainer, losses, withSeed} from 'glassbox';
import type {Batch} from 'glassbox';

const BATCH = 128;
const WARM_UP = 20;

export interface Overhead {
  steps: number;
  /** Medians, in milliseconds. */
  bare: number;
  trainer: number;
  /** The median of the differences of neighbouring steps, in milliseconds. */
  difference: number;
}

export async function measureOverhead(steps: number): Promise<Overhead> {
  const x = tf.randomNormal([BATCH, 784], 0, 1, 'float32', 1);
  const y = tf.tensor1d(
    Int32Array.from({length: BATCH}, (_, i) => i % 10),
    'int32',
  );
  const loss = new losses.SparseCategoricalCrossentropy({fromLogits: true});
  const bareStep = bareLoop(mlp(), loss, x, y);
  const bare: number[] = [];
  const trainer: number[] = [];
  let left: number | undefined;

  // The trainer reads its data in between its steps: there the bare loop takes its turn.
  function* batches(): Generator<Batch> {
    for (let step = 0; step <= WARM_UP + steps; step++) {
      if (left !== undefined) trainer.push(performance.now() - left);
      const begun = performance.now();
      bareStep();
      bare.push(performance.now() - begun);
      const batch: Batch = [x.clone(), y.clone()];
      left = performance.now();
      yield batch;
    }
  }
  await new Trainer(mlp(), {loss, optimizer: new Adam(), seed: 1}).fit(batches());
  const from = WARM_UP + 1;
  const pairs = trainer.slice(from).map((time, i) => time - bare[from + i]!);
  return {
    steps: pairs.length,
    bare: median(bare.slice(from)),
    trainer: median(trainer.slice(from)),
    difference: median(pairs),
  };
}

function mlp(): layers.LayersModel {
  const {dense} = layers.layers;
  return withSeed(1, () =>
    layers.sequential({
      layers: [
        dense({units: 512, activation: 'relu', inputShape: [784]}),
        dense({units: 256, activation: 'relu'}),
        dense({units: 10}),
      ],
    }),
  );
}

function bareLoop(model: layers.LayersModel, loss: losses.Loss, x: tf.Tensor, y: tf.Tensor): () => void {
  const variables = model.trainableWeights.map(weight => weight.read() as tf.Variable);
  const optimizer = new Adam();
  return () => {
    const {value, grads} = tf.variableGrads(
      () => tf.mean<tf.Scalar>(loss.call(y, model.apply(x, {training: true}) as tf.Tensor)),
      variables,
    );
    optimizer.applyGradients(grads);
    tf.dispose([value, grads]);
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
