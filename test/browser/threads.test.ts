/** The engine in a page. */
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {runInChromium} from './runInChromium';

const dist = join(fileURLToPath(new URL('../../', import.meta.url)), 'dist');

/** Trains a little on a number of threads; what it learns, as a list of bits. */
const training = `
  const {tf, layers, useBackend, withSeed, Trainer} = await import('/glassbox.browser.js');
  const trainOn = async threads => {
    const backend = await useBackend('wasm', {threads});
    const model = withSeed(1, () => layers.sequential({layers: [
      layers.layers.conv2d({inputShape: [16, 16, 3], filters: 32, kernelSize: 3, activation: 'relu'}),
      layers.layers.flatten(),
      layers.layers.dense({units: 3, activation: 'softmax'}),
    ]}));
    const x = tf.tidy(() => tf.reshape(tf.sin(tf.range(0, 64 * 768)), [64, 16, 16, 3]));
    const y = tf.tensor1d(Array.from({length: 64}, (_, i) => i % 3), 'int32');
    const trainer = new Trainer(model, {loss: 'sparseCategoricalCrossentropy', seed: 1});
    await trainer.fit([x, y], {epochs: 2});
    const weights = model.getWeights().map(weight => Array.from(new Int32Array(weight.dataSync().buffer)).join());
    return {threads: backend.threads, engine: backend.engine.running, weights: weights.join(';')};
  };`;

interface Trained {
  threads: number;
  engine: boolean;
  weights: string;
}

describe('a page', () => {
  it('trains on one thread without the headers of isolation, and says what it takes to have more', async () => {
    const result = await runInChromium(
      dist,
      `${training}
       const {threads, engine} = await trainOn('auto');
       const refused = await useBackend('wasm', {threads: 2}).catch(error => error);
       return {threads, engine, name: refused.name, message: refused.message};`,
    );
    expect(result).toMatchObject({threads: 1, engine: true, name: 'BackendUnavailableError'});
    expect((result as {message: string}).message).toContain('Cross-Origin-Embedder-Policy: require-corp');
  });

  it('trains on several threads when isolated, with the same bits for any number of them', async () => {
    const result = (await runInChromium(
      dist,
      `${training}
       const cores = navigator.hardwareConcurrency;
       return {cores, trained: [await trainOn('auto'), await trainOn(1), await trainOn(2), await trainOn(5)]};`,
      {isolated: true},
    )) as {cores: number; trained: Trained[]};
    const {cores, trained} = result;
    expect(trained.map(({threads}) => threads)).toEqual([cores, 1, 2, 5]);
    for (const {engine, weights} of trained) {
      expect(engine).toBe(true);
      expect(weights === trained[0]!.weights).toBe(true);
    }
  });

  it('trains on several threads in a worker of its own', async () => {
    const result = (await runInChromium(
      dist,
      `const program = ${JSON.stringify(training)}.replace("'/glass", "'" + location.origin + "/glass")
         + 'Promise.all([trainOn(3)]).then(([trained]) => postMessage(trained), error => postMessage(String(error)));';
       const worker = new Worker(URL.createObjectURL(new Blob([program], {type: 'text/javascript'})), {type: 'module'});
       return await new Promise((resolve, reject) => {
         worker.onmessage = ({data}) => resolve(data);
         worker.onerror = event => reject(new Error(event.message));
       });`,
      {isolated: true},
    )) as Trained;
    expect(result).toMatchObject({threads: 3, engine: true});
  });
});
