/** An app that Vite builds from the package as it is published. */
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Vite} from 'vitest/node';
import {installPackage, type Shipped} from '../package/shipped';
import {runInChromium} from './runInChromium';

/** The app: what its user writes, and nothing else. */
const app = {
  'index.html': `<!doctype html><meta charset="utf-8"><title>app</title>
    <pre id="result"></pre><script type="module" src="/main.ts"></script>`,
  'main.ts': `
    import * as tf from '@tensorflow/tfjs-core';
    import * as layers from '@tensorflow/tfjs-layers';
    import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
    import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
    import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
    import {Trainer, useBackend, withSeed, type BackendName, type BackendOptions} from 'glassbox';
    import 'glassbox/backend/webgl';

    async function trainOn(name: BackendName, options?: BackendOptions) {
      const backend = await useBackend(name, options);
      const {conv2d, flatten, dense} = layers.layers;
      const model = withSeed(1, () => layers.sequential({layers: [
        conv2d({inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: 'relu'}),
        flatten(), dense({units: 2, activation: 'softmax'}),
      ]}));
      const x = tf.tidy(() => tf.sin(tf.range(0, 32 * 64)).reshape([32, 8, 8, 1]));
      const y = tf.tensor1d(Array.from({length: 32}, (_, i) => i % 2), 'int32');
      const trainer = new Trainer(model, {loss: 'sparseCategoricalCrossentropy', optimizer: 'adam', seed: 1});
      const {history} = await trainer.fit([x, y], {epochs: 5, batchSize: 16});
      return {name: backend.name, losses: history.loss};
    }

    async function main() {
      const wasmPaths = {
        'tfjs-backend-wasm.wasm': plain,
        'tfjs-backend-wasm-simd.wasm': simd,
        'tfjs-backend-wasm-threaded-simd.wasm': threaded,
      };
      const refused = await useBackend('webgpu').catch(error => error.name + ': ' + error.hint);
      return {refused, trained: [await trainOn('wasm', {wasmPaths}), await trainOn('webgl')]};
    }
    main().catch(error => ({error: String(error.stack)})).then(result => {
      document.getElementById('result')!.textContent = JSON.stringify(result);
    });`,
};

interface Outcome {
  error?: string;
  refused: string;
  trained: {name: string; losses: number[]}[];
}

describe('an app that Vite builds', () => {
  let shipped: Shipped;
  let built: string;
  beforeAll(async () => {
    shipped = installPackage();
    for (const [name, text] of Object.entries(app)) writeFileSync(join(shipped.folder, name), text);
    built = join(shipped.folder, 'built');
    mkdirSync(built);
    const {build} = await importVite();
    await build({root: shipped.folder, configFile: false, logLevel: 'error', build: {outDir: 'built'}});
  });
  afterAll(() => {
    shipped.dispose();
  });

  it('trains on wasm and on webgl, which it imports, and is told what to import for another', async () => {
    const outcome = (await runInChromium(
      built,
      `const frame = document.createElement('iframe');
       frame.src = '/index.html';
       document.body.append(frame);
       const result = () => frame.contentDocument?.getElementById('result')?.textContent;
       while (!result()) await new Promise(resolve => setTimeout(resolve, 50));
       return JSON.parse(result());`,
    )) as Outcome;
    expect(outcome.error).toBeUndefined();
    const [onWasm, onWebgl] = outcome.trained;
    expect([onWasm!.name, onWebgl!.name]).toEqual(['wasm', 'webgl']);
    expect(onWasm!.losses).toHaveLength(5);
    expect(onWasm!.losses[4]).toBeLessThan(onWasm!.losses[0]!);
    onWebgl!.losses.forEach((loss, i) => expect(Math.abs(loss - onWasm!.losses[i]!)).toBeLessThan(1e-3));
    expect(outcome.refused).toMatch(/^BackendUnavailableError: .*glassbox\/backend\/webgpu/);
  });

  it('holds no backend that it does not import', () => {
    const scripts = readdirSync(join(built, 'assets')).filter(name => name.endsWith('.js'));
    const text = scripts.map(name => readFileSync(join(built, 'assets', name), 'utf8')).join('\n');
    expect(text).toContain('WEBGL_RENDER_FLOAT32_ENABLED');
    expect(text).not.toContain('WEBGPU_CPU_FORWARD');
  });
});

/** The Vite that vitest brings along. */
function importVite(): Promise<typeof Vite> {
  const ofVitest = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'));
  return import(pathToFileURL(ofVitest.resolve('vite')).href) as Promise<typeof Vite>;
}
