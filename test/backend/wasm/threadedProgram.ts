/** A program that computes on threads, in a process of its own; says `done` and ends by itself if all is well. */
import assert from 'node:assert/strict';
import {isMainThread, Worker} from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import {useBackend} from '../../../src/backend';

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
