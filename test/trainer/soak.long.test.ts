import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {ExponentialMovingAverage, GradientAccumulation} from '../../src/callbacks';
import {withSeed} from '../../src/core';
import {Trainer} from '../../src/trainer';
import type {Callback} from '../../src/trainer';
import {normals} from './fixtures';

beforeAll(async () => {
  await useBackend('wasm');
});

/** Bytes of the WASM memory, which never shrinks: what grows in a run stays visible. */
function wasmBytes(): number {
  const {HEAPU8} = Reflect.get(tf.backend(), 'wasm') as {HEAPU8: Uint8Array};
  return HEAPU8.buffer.byteLength;
}

it('2,000 updates leave the number of tensors, their bytes and the WASM memory flat', async () => {
  const model = withSeed(1, () => {
    const {conv2d, batchNormalization, maxPooling2d, flatten, dropout, dense, activation} = layers.layers;
    return layers.sequential({
      layers: [
        conv2d({filters: 4, kernelSize: 3, padding: 'same', useBias: false, inputShape: [8, 8, 1]}),
        maxPooling2d({poolSize: 2}),
        batchNormalization(),
        activation({activation: 'relu'}),
        flatten(),
        dropout({rate: 0.2}),
        dense({units: 8, activation: 'relu', kernelRegularizer: layers.regularizers.l2({l2: 1e-4})}),
        dense({units: 3, activation: 'softmax'}),
      ],
    });
  });
  const samples = 400;
  const x = normals(1, [samples, 8, 8, 1]);
  const y = Int32Array.from({length: samples}, (_, i) => i % 3);
  const seen: {tensors: number; bytes: number; wasm: number}[] = [];
  const watch: Callback = {
    order: 1000,
    // At the same place of every epoch, so that what lives within an epoch is alike.
    onEpochEnd: () => {
      const {numTensors, numBytes} = tf.memory();
      seen.push({tensors: numTensors, bytes: numBytes, wasm: wasmBytes()});
    },
  };
  const trainer = new Trainer(model, {
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    callbacks: [new GradientAccumulation({steps: 2}), new ExponentialMovingAverage({decay: 0.99}), watch],
    clipNorm: 1,
    seed: 1,
  });
  const before = tf.memory().numTensors;
  const {steps} = await trainer.fit([x, y], {epochs: 80, batchSize: 8, validation: [x, y]});
  expect(steps).toBe(2000);
  const [first] = seen.slice(2);
  for (const later of seen.slice(2)) expect(later).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
});
