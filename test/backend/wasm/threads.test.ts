/** Kernels on several threads. */
import {spawnSync} from 'node:child_process';
import {availableParallelism} from 'node:os';
import {fileURLToPath} from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {afterAll, afterEach, describe, expect, test, vi} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Engine} from '../../../src/backend/wasm/engine/engine';
import {ThreadPool} from '../../../src/backend/wasm/engine/threads/threadPool';
import {ConfigurationError, Random, withSeed} from '../../../src/core';
import {values} from './support';

afterAll(async () => {
  await useBackend('wasm', {threads: 1});
});

describe('how many', () => {
  test('as many as the machine runs at once, unless asked for otherwise', async () => {
    const all = Math.min(availableParallelism(), 32);
    expect((await useBackend('wasm')).threads).toBe(all);
    expect((await useBackend('wasm', {threads: 'auto'})).threads).toBe(all);
    for (const threads of [3, 1, 2]) expect((await useBackend('wasm', {threads})).threads).toBe(threads);
  });

  test.each([0, -1, 1.5, 257, 1e6, NaN, Infinity, 'many' as 'auto'])('%s is refused', async threads => {
    const {tfjsName} = await useBackend('wasm', {threads: 2});
    await expect(useBackend('cpu', {threads})).rejects.toThrow(ConfigurationError);
    expect(tf.getBackend()).toBe(tfjsName);
  });

  test('threads belong to the engine', async () => {
    const failure = useBackend('wasm', {threads: 2, engine: false});
    await expect(failure).rejects.toMatchObject({name: 'BackendUnavailableError'});
    await expect(failure).rejects.toThrow(
      "Threads cannot be had on the backend 'wasm': the engine was switched off.",
    );
    await expect(useBackend('cpu', {threads: 2})).rejects.toThrow("on the backend 'cpu'");
    expect((await useBackend('wasm', {threads: 1, engine: false})).threads).toBe(1);
    expect((await useBackend('cpu', {threads: 1})).threads).toBe(1);
  });

  test('the last of several calls at once decides, and the backends say so', async () => {
    const backends = await Promise.all([3, 1, 2].map(threads => useBackend('wasm', {threads})));
    expect(backends.map(({threads}) => threads)).toEqual([2, 2, 2]);
    expect(product(64)).toHaveLength(64 * 64);
  });
});

describe('where threads or kernels do not start', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  // A machine with one processor wants no threads.
  test.runIf(availableParallelism() > 1)("'auto' trains on one, and does not try again", async () => {
    await useBackend('wasm', {threads: 1});
    const attempts = vi.spyOn(ThreadPool, 'start').mockRejectedValue(new Error('not let in'));
    for (let call = 0; call < 3; call++) expect((await useBackend('wasm')).threads).toBe(1);
    expect(attempts).toHaveBeenCalledTimes(1);
    await expect(useBackend('wasm', {threads: 2})).rejects.toThrow('2 threads cannot run here');
    attempts.mockRestore();
    expect((await useBackend('wasm', {threads: 2})).threads).toBe(2);
    expect((await useBackend('wasm')).threads).toBe(Math.min(availableParallelism(), 32));
  });

  test('the next call goes on with the engine that the registered kernels hold', async () => {
    await useBackend('wasm', {threads: 2});
    const compile = vi.spyOn(WebAssembly, 'compile').mockRejectedValue(new Error('no memory left'));
    expect((await useBackend('wasm', {relaxedSimd: false, threads: 1})).engine.running).toBe(false);
    compile.mockRestore();
    expect((await useBackend('wasm', {threads: 3})).threads).toBe(3);
    const runs = vi.spyOn(Engine.prototype, 'run');
    product(64);
    expect(runs.mock.contexts.map(engine => (engine as Engine).threads)).toContain(3);
  });
});

describe('results are the same, bit for bit, for any number of threads and from run to run', () => {
  const counts = [1, 2, 3, 8, 8];

  async function forEachCount<T>(compute: () => T | Promise<T>): Promise<T[]> {
    const results: T[] = [];
    for (const threads of counts) {
      await useBackend('wasm', {threads});
      results.push(await compute());
    }
    return results;
  }

  test.each([
    ['products', () => product(301)],
    ['products of transposed matrices', () => product(203, true)],
    ['many small products', () => Array.from({length: 40}, () => product(48)).map(([first]) => first!)],
  ] as [string, () => ArrayLike<number>][])('%s', async (_, compute) => {
    const [first, ...others] = await forEachCount(compute);
    for (const other of others) expect(sameBits(other, first!)).toBe(true);
  });

  test('a training', async () => {
    const [first, ...others] = await forEachCount(train);
    expect(first!.losses.at(-1)).toBeLessThan(first!.losses[0]!);
    for (const other of others) expect(other).toEqual(first);
  });
});

test('threads see memory that was added in the middle of a training step', async () => {
  await useBackend('wasm', {threads: 3});
  const before = product(151);
  const bytes = heapBytes();
  const filler: tf.Tensor[] = [];
  while (heapBytes() < bytes + (64 << 20)) {
    filler.push(tf.ones([1 << 20]));
    expect(sameBits(product(151), before)).toBe(true);
  }
  // Operands and result in the new memory.
  expect(sameBits(product(151), before)).toBe(true);
  tf.dispose(filler);
});

test('another backend of the same program computes beside them', async () => {
  const wasm = await useBackend('wasm', {threads: 2});
  const x = tf.tensor2d(values(new Random(5), 120), [10, 12]);
  const onWasm = tf.tidy(() => tf.matMul(x, x, false, true).dataSync());
  await useBackend('cpu');
  const onCpu = tf.tidy(() => tf.matMul(x, x, false, true).dataSync());
  for (let i = 0; i < 100; i++) expect(onCpu[i]).toBeCloseTo(onWasm[i]!, 5);
  await tf.setBackend(wasm.tfjsName);
  x.dispose();
});

test('changing the number leaves neither tensors nor memory behind', async () => {
  await useBackend('wasm', {threads: 4});
  product(301);
  const before = [tf.memory().numTensors, tf.backend().numDataIds(), heapBytes()];
  for (const threads of [1, 4, 2, 4]) {
    await useBackend('wasm', {threads});
    product(301);
  }
  expect([tf.memory().numTensors, tf.backend().numDataIds(), heapBytes()]).toEqual(before);
});

describe('a program', () => {
  test.each([
    ['ends by itself', 'main'],
    ['trains in a worker of its own', 'worker'],
    ["is told when tfjs's backend was started before, whose memory cannot be shared", 'unshared'],
    ['ends the threads with the backend', 'disposed'],
  ])('%s', (_, scenario) => {
    const script = fileURLToPath(new URL('threadedProgram.ts', import.meta.url));
    const {status, stdout, stderr} = spawnSync(process.execPath, ['--import', 'tsx', script, scenario], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect({status, stdout, stderr}).toEqual({status: 0, stdout: 'done\n', stderr: ''});
  });
});

/** Elements of the product of two matrices, the same at every call. */
function product(size: number, turned = false): Float32Array {
  return tf.tidy(() => {
    const a = tf.tensor2d(values(new Random(1), size * size), [size, size]);
    const b = tf.tensor2d(values(new Random(2), size * size), [size, size]);
    return tf.matMul(a, b, turned, turned).dataSync() as Float32Array;
  });
}

function sameBits(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from(a).every((value, i) => Object.is(value, b[i]));
}

/** Trains a small network with convolution, normalization, recurrence and dense layers for a few steps. */
function train(): {losses: number[]; weights: number[][]} {
  return tf.tidy(() => {
    const model = withSeed(3, () =>
      layers.sequential({
        layers: [
          layers.layers.conv2d({
            inputShape: [12, 12, 3],
            filters: 24,
            kernelSize: 3,
            activation: 'relu',
            padding: 'same',
          }),
          layers.layers.batchNormalization(),
          layers.layers.maxPooling2d({poolSize: 2}),
          layers.layers.reshape({targetShape: [6, 144]}),
          layers.layers.lstm({units: 16}),
          layers.layers.dense({units: 5, activation: 'softmax'}),
        ],
      }),
    );
    const x = tf.tensor4d(values(new Random(4), 32 * 432), [32, 12, 12, 3]);
    const y = tf.oneHot(
      tf.tensor1d(
        Array.from({length: 32}, (_, i) => i % 5),
        'int32',
      ),
      5,
    );
    const optimizer = tf.train.sgd(0.5);
    const losses = Array.from({length: 4}, () => {
      const {value, grads} = tf.variableGrads(() =>
        tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(y, model.apply(x, {training: true}) as tf.Tensor),
      );
      optimizer.applyGradients(grads);
      return value.dataSync()[0]!;
    });
    const weights = model.getWeights().map(weight => Array.from(weight.dataSync()));
    model.dispose();
    return {losses, weights};
  });
}

function heapBytes(): number {
  const {wasm} = tf.backend() as unknown as {wasm: {HEAPU8: Uint8Array}};
  return wasm.HEAPU8.byteLength;
}
