/** A page that loses its WebGL context in the middle of training. */
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {runInChromium} from './runInChromium';

const dist = join(fileURLToPath(new URL('../../', import.meta.url)), 'dist');

/** `train(store, callbacks)` gives the history of 4 epochs of 5 batches, backed up after every 3. */
const training = `
  const {tf, layers, useBackend, withSeed, Trainer, Random, BackupAndRestore, MemoryStore} =
    await import('/glassbox.browser.js');
  await import('/glassbox.webgl.js');
  const random = new Random(1, 'data');
  const x = {values: Float32Array.from({length: 160}, () => random.normal()), shape: [40, 4]};
  const y = Int32Array.from({length: 40}, (_, i) => x.values[4 * i] > x.values[4 * i + 1] ? 1 : 0);
  const train = async (store, callbacks = []) => {
    const {dense, batchNormalization, dropout} = layers.layers;
    const model = withSeed(1, () => layers.sequential({layers: [
      dense({units: 8, activation: 'relu', inputShape: [4], kernelRegularizer: 'l1l2'}),
      batchNormalization({momentum: 0.9}), dropout({rate: 0.25}), dense({units: 2, activation: 'softmax'}),
    ]}));
    const trainer = new Trainer(model, {
      loss: 'sparseCategoricalCrossentropy', optimizer: 'adam', metrics: ['accuracy'], seed: 3,
      callbacks: [new BackupAndRestore({store, everyBatches: 3}), ...callbacks],
    });
    try {
      return (await trainer.fit([x, y], {epochs: 4, batchSize: 8, validation: [x, y]})).history;
    } finally {
      trainer.dispose();
      model.dispose();
    }
  };`;

interface Outcome {
  whole: Record<string, number[]>;
  resumed: Record<string, number[]>;
  failure: string;
  leaked: number;
}

describe('training in a page that loses its WebGL context', () => {
  it.each([
    ['between two batches', 'onTrainBatchEnd', 11],
    ['before a batch is computed', 'onTrainBatchBegin', 11],
    ['right after a backup', 'onTrainBatchEnd', 12],
  ])('%s fails with a typed error, and resumes on wasm', async (_, hook, batch) => {
    const {whole, resumed, failure, leaked} = (await runInChromium(
      dist,
      `${training}
       await useBackend('wasm');
       const whole = await train(new MemoryStore());
       await useBackend('webgl');
       const store = new MemoryStore();
       const before = tf.memory().numTensors;
       const failure = await train(store, [{order: 200, ${hook}({batches}) {
         if (batches === ${batch}) tf.backend().gpgpu.gl.getExtension('WEBGL_lose_context').loseContext();
       }}]).catch(error => error);
       const leaked = tf.memory().numTensors - before;
       await useBackend('wasm');
       return {whole, resumed: await train(store), failure: String(failure.name), leaked};`,
    )) as Outcome;
    expect(failure).toBe('DeviceLostError');
    expect(leaked).toBe(0);
    expect(Object.keys(resumed)).toEqual(Object.keys(whole));
    for (const [name, values] of Object.entries(whole)) {
      expect(resumed[name]).toHaveLength(4);
      values.forEach((value, i) => expect(resumed[name]![i]).toBeCloseTo(value, 3));
    }
  });
});

/** `lose()` loses the context of the active backend. */
const losing = `
  ${training}
  const lose = () => tf.backend().gpgpu.gl.getExtension('WEBGL_lose_context').loseContext();`;

describe('a page that loses its WebGL context while it waits for the GPU', () => {
  it('gets a typed error for each read that has begun, and nothing is left behind', async () => {
    const result = await runInChromium(
      dist,
      `${losing}
       await useBackend('webgl');
       const {gpgpu} = tf.backend();
       const before = [tf.memory().numTensors, tf.memory().numDataBuckets];
       const product = tf.tidy(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])));
       const reads = [product.data(), product.data(), product.array()].map(read => read.catch(error => error.name));
       product.dispose();
       lose();
       const names = await Promise.all(reads);
       await new Promise(resolve => setTimeout(resolve, 50));
       const after = [tf.memory().numTensors, tf.memory().numDataBuckets];
       return {names, waiting: gpgpu.itemsToPoll.length, before, after};`,
      {timeout: 20_000},
    );
    const {names, waiting, before, after} = result as {
      names: string[];
      waiting: number;
      before: number[];
      after: number[];
    };
    expect(names).toEqual(['DeviceLostError', 'DeviceLostError', 'DeviceLostError']);
    expect(waiting).toBe(0);
    expect(after).toEqual(before);
  });

  it.each([0, 30, 75])('after %d ms of fit, which ends in a typed error', async milliseconds => {
    const failure = await runInChromium(
      dist,
      `${losing}
       await useBackend('webgl');
       // The first steps compile.
       await train(new MemoryStore());
       setTimeout(lose, ${milliseconds});
       return (await train(new MemoryStore()).catch(error => error)).name;`,
      {timeout: 30_000},
    );
    expect(failure).toBe('DeviceLostError');
  });

  it('in the trial of a backend starts the backend once more', async () => {
    const result = await runInChromium(
      dist,
      `${losing}
       const {fenceSync} = WebGL2RenderingContext.prototype;
       let waits = 0;
       WebGL2RenderingContext.prototype.fenceSync = function (...args) {
         if (++waits === 1) setTimeout(() => this.getExtension('WEBGL_lose_context').loseContext());
         return fenceSync.apply(this, args);
       };
       const {name, tfjsName} = await useBackend('webgl');
       const product = tf.tidy(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])));
       return {name, isActive: tf.getBackend() === tfjsName, value: (await product.data())[0]};`,
      {timeout: 20_000},
    );
    expect(result).toEqual({name: 'webgl', isActive: true, value: 64});
  });

  it('in each trial is refused with a typed error, leaves no backend active, and the next call runs', async () => {
    const result = await runInChromium(
      dist,
      `${losing}
       const {fenceSync} = WebGL2RenderingContext.prototype;
       WebGL2RenderingContext.prototype.fenceSync = function (...args) {
         this.getExtension('WEBGL_lose_context').loseContext();
         return fenceSync.apply(this, args);
       };
       const failure = (await useBackend('webgl').catch(error => error)).name;
       const active = tf.getBackend() ?? null;
       await useBackend('wasm');
       return {failure, active, sum: (await tf.add([1], 1).data())[0]};`,
      {timeout: 20_000},
    );
    expect(result).toEqual({failure: 'DeviceLostError', active: null, sum: 2});
  });
});
