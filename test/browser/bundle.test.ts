import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {runInChromium} from './runInChromium';

const dist = join(fileURLToPath(new URL('../../', import.meta.url)), 'dist');

describe('a page with nothing but the bundle', () => {
  it('trains a small model on WASM, keeps its checkpoints in IndexedDB and leaks nothing', async () => {
    const result = await runInChromium(
      dist,
      `const {tf, layers, useBackend, withSeed, Trainer, AdamW, ModelCheckpoint, IndexedDBStore} =
         await import('/glassbox.browser.js');
       const backend = await useBackend('auto');
       const model = withSeed(1, () => layers.sequential({layers: [
         layers.layers.conv2d({inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: 'relu'}),
         layers.layers.flatten(),
         layers.layers.dense({units: 2, activation: 'softmax'}),
       ]}));
       // Bright on the left, or bright on the right.
       const side = Array.from({length: 128}, (_, i) => i % 2);
       const pixels = Float32Array.from({length: 128 * 64}, (_, i) =>
         (i % 8 < 4) === (side[Math.floor(i / 64)] === 0) ? 1 - (i % 5) / 10 : (i % 3) / 10);
       const x = tf.tensor4d(pixels, [128, 8, 8, 1]);
       const y = tf.tensor1d(side, 'int32');
       const store = new IndexedDBStore('glassbox-test');
       const trainer = new Trainer(model, {
         loss: 'sparseCategoricalCrossentropy',
         optimizer: new AdamW({learningRate: 0.01}),
         metrics: ['accuracy'],
         callbacks: [new ModelCheckpoint({store, monitor: 'accuracy', keepBest: 1})],
         seed: 1,
       });
       const before = tf.memory().numTensors;
       const {history, stopReason} = await trainer.fit([x, y], {epochs: 5});
       const scores = await trainer.evaluate([x, y]);
       return {
         backend: backend.name, stopReason, accuracy: scores.accuracy, epochs: history.loss.length,
         learned: history.loss[4] < history.loss[0], leaked: tf.memory().numTensors - before,
         kept: (await store.list()).length > 0,
       };`,
    );
    expect(result).toEqual({
      backend: 'wasm',
      stopReason: 'completed',
      accuracy: 1,
      epochs: 5,
      learned: true,
      leaked: 0,
      kept: true,
    });
  });

  it('gets errors by their names, minified as it is', async () => {
    const result = await runInChromium(
      dist,
      `const {useBackend, ConfigurationError} = await import('/glassbox.browser.js');
       try { await useBackend('abacus'); } catch (error) {
         return [error.name, error instanceof ConfigurationError, error.message.includes('abacus')];
       }`,
    );
    expect(result).toEqual(['ConfigurationError', true, true]);
  });
});
