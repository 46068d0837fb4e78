import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {expect, it} from 'vitest';
import {runInChromium} from './chromium';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

it('a page with nothing but the bundle has tfjs, the engine and the library', async () => {
  const result = await runInChromium(
    dist,
    `const {tf, layers, useBackend, SGD, losses} = await import('/glassbox.browser.js');
     const backend = await useBackend('wasm');
     const sum = tf.tidy(() => tf.tensor([1, 2, 3]).add ? 0 : tf.sum(tf.tensor([1, 2, 3])).dataSync()[0]);
     return {backend: backend.name, active: tf.getBackend(), six: tf.sum([1, 2, 3]).dataSync()[0], layer: typeof layers.sequential, sgd: typeof SGD, loss: typeof losses.Huber};`,
  );
  expect(result).toMatchObject({
    backend: 'wasm',
    six: 6,
    layer: 'function',
    sgd: 'function',
    loss: 'function',
  });
});
