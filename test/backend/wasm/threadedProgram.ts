/** A program that computes on threads, in a process of its own; says `done` and ends by itself if all is well. */
import assert from 'node:assert/strict';
import {isMainThread, Worker} from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import {backendState, useBackend} from '../../../src/backend';

const scenarios: Record<string, () => Promise<void>> = {
  main: async () => {
    assert.equal((await useBackend('wasm', {threads: 3})).threads, 3);
    compute();
  },
  worker: async () => {
    if (isMainThread) return inWorker();
    assert.equal((await useBackend('wasm', {threads: 3})).threads, 3);
    compute();
  },
  unshared: async () => {
    await import('@tensorflow/tfjs-backend-wasm');
    assert.ok(await tf.setBackend('wasm'));
    const backend = await useBackend('wasm');
    assert.equal(backend.threads, 1);
    assert.ok(backend.engine.running);
    compute();
    await assert.rejects(useBackend('wasm', {threads: 2}), {
      name: 'BackendUnavailableError',
      message:
        "2 threads cannot run here: the memory of tfjs's wasm backend is not shared. " +
        "Call useBackend before the program starts tfjs's own (tf.setBackend('wasm'), tf.ready()).",
    });
    compute();
  },
  relaxed: async () => {
    const product = async (relaxedSimd: boolean, threads: number): Promise<ArrayLike<number>> => {
      const {engine} = await useBackend('wasm', {relaxedSimd, threads});
      assert.deepEqual(engine, {running: true, relaxedSimd});
      assert.deepEqual(backendState(), {name: 'wasm', relaxedSimd});
      return tf.tidy(() => {
        const x = tf.reshape(tf.sin(tf.range(0, 90_000)), [300, 300]);
        return tf.matMul(x, x, false, true).dataSync();
      });
    };
    const plain = await product(false, 1);
    const fused = await product(true, 1);
    assert.deepEqual(await product(true, 3), fused);
    assert.deepEqual(await product(false, 3), plain);
    assert.notDeepEqual(fused, plain);
    for (let i = 0; i < plain.length; i++) assert.ok(Math.abs(fused[i]! - plain[i]!) < 1e-3);
  },
  disposed: async () => {
    const {tfjsName} = await useBackend('wasm', {threads: 3});
    compute();
    tf.removeBackend(tfjsName);
  },
};

function compute(): void {
  tf.tidy(() => assert.equal(tf.matMul(tf.ones([200, 200]), tf.ones([200, 200])).dataSync()[0], 200));
}

async function inWorker(): Promise<void> {
  // The loader of TypeScript does not reach into workers by itself.
  const program = `import('tsx/esm/api').then(tsx => tsx.tsImport(${JSON.stringify(import.meta.url)}, ${JSON.stringify(import.meta.url)}))`;
  const worker = new Worker(program, {eval: true, argv: process.argv.slice(2)});
  await new Promise((resolve, reject) => worker.on('error', reject).on('exit', resolve));
}

await scenarios[process.argv[2]!]!();
if (isMainThread) console.log('done');
