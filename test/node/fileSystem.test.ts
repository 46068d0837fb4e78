import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {CheckpointError} from '../../src/core';
import {fileSystem} from '../../src/node';

const folder = mkdtempSync(join(tmpdir(), 'glassbox-model-'));
beforeAll(async () => {
  await useBackend('cpu');
});
afterAll(() => rmSync(folder, {recursive: true}));

it('a model saved in a folder is loaded with the same outputs', async () => {
  const model = layers.sequential({
    layers: [
      layers.layers.conv2d({filters: 2, kernelSize: 2, inputShape: [4, 4, 1]}),
      layers.layers.batchNormalization(),
      layers.layers.flatten(),
      layers.layers.dense({units: 3}),
    ],
  });
  await model.save(fileSystem(join(folder, 'deep', 'er')));
  expect(readdirSync(join(folder, 'deep', 'er')).sort()).toEqual(['model.json', 'weights.bin']);
  const x = tf.randomNormal([2, 4, 4, 1], 0, 1, 'float32', 1);
  const expected = (model.predict(x) as tf.Tensor).dataSync();
  for (const path of ['deep/er', 'deep/er/model.json']) {
    const loaded = await layers.loadLayersModel(fileSystem(join(folder, path)));
    expect((loaded.predict(x) as tf.Tensor).dataSync()).toEqual(expected);
  }
});

it('a folder without a model is named', async () => {
  await expect(layers.loadLayersModel(fileSystem(folder))).rejects.toThrow(CheckpointError);
  await expect(layers.loadLayersModel(fileSystem(folder))).rejects.toThrow(/model\.json/);
});
