/** Resuming on the cpu backend, where tensors may hold another array than their dtype says. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {withSeed} from '../../src/core';
import {SGD} from '../../src/optimizers';
import {Trainer} from '../../src/trainer';
import type {Callback, FitOptions} from '../../src/trainer';
import {normals, weightsOf} from '../trainer/fixtures';

const x = normals(3, [30, 4]);
const y = Int32Array.from({length: 30}, (_, i) => (x.values[i * 4]! > 0 ? 1 : 0));

beforeAll(async () => {
  await useBackend('cpu');
});

/** Two epochs of five batches with a ranking metric, whose state has labels and scores of each batch. */
async function train(units: 1 | 2, more: {callbacks?: Callback[]; options?: FitOptions} = {}) {
  const model = withSeed(1, () =>
    layers.sequential({
      layers: [
        layers.layers.dense({units, activation: units === 1 ? 'sigmoid' : 'softmax', inputShape: [4]}),
      ],
    }),
  );
  const trainer = new Trainer(model, {
    loss: units === 1 ? 'binaryCrossentropy' : 'sparseCategoricalCrossentropy',
    metrics: ['auc'],
    optimizer: new SGD({learningRate: 0.1, momentum: 0.9}),
    seed: 5,
    callbacks: more.callbacks ?? [],
  });
  const result = await trainer.fit([x, y], {epochs: 2, batchSize: 6, ...more.options});
  const weights = await weightsOf(model);
  trainer.dispose();
  model.dispose();
  return {result, weights};
}

it.each([1, 2] as const)('goes on in mid-epoch with the AUC of %i units from sparse labels', async units => {
  const before = tf.memory().numTensors;
  const checkpoints: Uint8Array[] = [];
  const keep: Callback = {
    onTrainBatchEnd: async ({checkpoint}) => void checkpoints.push(await checkpoint()),
  };
  const whole = await train(units, {callbacks: [keep]});
  expect(whole.result.history['auc']).toHaveLength(2);
  expect(checkpoints).toHaveLength(10);
  for (const at of [1, 2, 6, 8]) {
    const rest = await train(units, {options: {resumeFrom: checkpoints[at]!}});
    expect(rest.result).toEqual(whole.result);
    expect(rest.weights).toEqual(whole.weights);
  }
  expect(tf.memory().numTensors).toBe(before);
});
