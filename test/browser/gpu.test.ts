/** The GPU backends of the shipped files, in a page. */
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {runInChromium} from './runInChromium';

const dist = join(fileURLToPath(new URL('../../', import.meta.url)), 'dist');

/** `lossesOn(name)` gives the losses of 60 steps on a backend by epochs of 5, and what it left behind. */
const training = `
  const {tf, layers, useBackend, withSeed, Trainer, AdamW} = await import('/glassbox.browser.js');
  const lossesOn = async name => {
    const backend = await useBackend(name);
    const model = withSeed(1, () => layers.sequential({layers: [
      layers.layers.conv2d({inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: 'relu'}),
      layers.layers.flatten(),
      layers.layers.dense({units: 2, activation: 'softmax'}),
    ]}));
    const side = Array.from({length: 80}, (_, i) => i % 2);
    const pixels = Float32Array.from({length: 80 * 64}, (_, i) =>
      (i % 8 < 4) === (side[Math.floor(i / 64)] === 0) ? 1 - (i % 5) / 10 : (i % 3) / 10);
    const x = tf.tensor4d(pixels, [80, 8, 8, 1]);
    const y = tf.tensor1d(side, 'int32');
    const trainer = new Trainer(model, {
      loss: 'sparseCategoricalCrossentropy', optimizer: new AdamW({learningRate: 0.01}), seed: 1,
    });
    const {history} = await trainer.fit([x, y], {epochs: 10, batchSize: 16});
    const before = tf.memory().numTensors;
    const {history: more} = await trainer.fit([x, y], {epochs: 2, batchSize: 16});
    return {
      name: backend.name, tfjsName: tf.getBackend(), epsilon: tf.backend().epsilon(),
      repairs: backend.repairs.map(({id}) => id), losses: [...history.loss, ...more.loss],
      leaked: tf.memory().numTensors - before,
    };
  };`;

interface Trained {
  name: string;
  tfjsName: string;
  epsilon: number;
  repairs: string[];
  losses: number[];
  leaked: number;
}

describe('a page with a GPU backend', () => {
  it.each(['webgl', 'webgpu'])('trains on %s as on wasm', async name => {
    const [reference, trained] = (await runInChromium(
      dist,
      `await import('/glassbox.${name}.js');
       ${training}
       return [await lossesOn('wasm'), await lossesOn('${name}')];`,
    )) as [Trained, Trained];
    expect(reference.name).toBe('wasm');
    expect(trained).toMatchObject({name, leaked: 0, epsilon: 1e-7});
    expect(trained.tfjsName).toMatch(new RegExp(`^glassbox-${name}@`));
    expect(trained.repairs).toContain('einsum-gradient');
    expect(trained.losses).toHaveLength(12);
    trained.losses.forEach((loss, i) => expect(Math.abs(loss - reference.losses[i]!)).toBeLessThan(1e-3));
    expect(trained.losses[11]).toBeLessThan(trained.losses[0]! / 2);
  });

  it('takes no backend that it did not ask for, and no GPU that is only imitated, by itself', async () => {
    const result = await runInChromium(
      dist,
      `const {useBackend} = await import('/glassbox.browser.js');
       const refused = await useBackend('webgl').catch(error => error);
       const first = await useBackend('auto');
       await import('/glassbox.webgl.js');
       await import('/glassbox.webgpu.js');
       const second = await useBackend('auto');
       const loaded = performance.getEntriesByType('resource').filter(({name}) => name.includes('glassbox.')).length;
       const software = await useBackend('auto', {softwareAdapter: true});
       return {
         refused: refused.message, first: [first.name, first.tried.length], second: second.name,
         tried: second.tried.map(({name, reason}) => [name, reason.includes('imitates')]), software: software.name,
         more: performance.getEntriesByType('resource').filter(({name}) => name.includes('glassbox.')).length > loaded,
       };`,
    );
    expect(result).toMatchObject({
      first: ['wasm', 0],
      second: 'wasm',
      tried: [
        ['webgpu', true],
        ['webgl', true],
      ],
      software: 'webgpu',
      more: true,
    });
    expect((result as {refused: string}).refused).toContain('has not been imported');
  });

  it('that loses its WebGL context gets a typed error, and goes on with another one', async () => {
    const result = await runInChromium(
      dist,
      `await import('/glassbox.webgl.js');
       const {tf, useBackend} = await import('/glassbox.browser.js');
       await useBackend('webgl');
       const x = tf.tidy(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])));
       const {gl} = tf.backend().gpgpu;
       const told = new Promise(resolve => gl.canvas.addEventListener('webglcontextlost', resolve));
       gl.getExtension('WEBGL_lose_context').loseContext();
       const read = await x.data().catch(error => error);
       await told;
       let computed;
       try { tf.matMul(x, x); } catch (error) { computed = error; }
       x.dispose();
       const wasm = (await useBackend('wasm')).name;
       const again = (await useBackend('webgl')).name;
       const y = tf.tidy(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])));
       return {read: read.name, computed: computed.name, hint: computed.hint, wasm, again, value: (await y.data())[0]};`,
    );
    expect(result).toMatchObject({
      read: 'DeviceLostError',
      computed: 'DeviceLostError',
      wasm: 'wasm',
      again: 'webgl',
      value: 64,
    });
    expect((result as {hint: string}).hint).toContain('checkpoint');
  });

  it('takes what the browser has where it is chosen by name, also what is slow, without a flag that stays', async () => {
    const result = await runInChromium(
      dist,
      `await import('/glassbox.webgl.js');
       const {tf, useBackend} = await import('/glassbox.browser.js');
       // As browsers do that think little of the GPU.
       const {getContext} = OffscreenCanvas.prototype;
       OffscreenCanvas.prototype.getContext = function (type, attributes) {
         return attributes?.failIfMajorPerformanceCaveat === true ? null : getContext.call(this, type, attributes);
       };
       const automatic = (await useBackend('auto')).tried.map(({reason}) => reason);
       const refused = await useBackend('webgl', {softwareAdapter: false}).catch(error => error.message);
       const {name} = await useBackend('webgl');
       const sum = (await tf.add([1], 1).data())[0];
       const later = await useBackend('webgl', {softwareAdapter: false}).catch(error => error.message);
       const software = (await useBackend('webgl', {softwareAdapter: true})).name;
       const isFlagged = tf.env().getBool('SOFTWARE_WEBGL_ENABLED');
       const next = (await useBackend('auto')).name;
       tf.env().set('WEBGL_VERSION', 1);
       const coarse = await useBackend('webgl').catch(error => error.message);
       return {automatic, refused, name, sum, later, software, isFlagged, next, coarse};`,
    );
    expect(result).toMatchObject({name: 'webgl', sum: 2, software: 'webgl', isFlagged: false, next: 'wasm'});
    const {automatic, refused, later, coarse} = result as Record<string, string>;
    expect(automatic).toEqual([expect.stringContaining('imitates')]);
    expect(refused).toContain('imitates');
    expect(later).toContain('imitates');
    expect(coarse).toContain('WebGL 2 is needed');
    expect(coarse).not.toContain('16 bits');
  });

  it('refuses a GPU that is only imitated if it is told to', async () => {
    const failures = await runInChromium(
      dist,
      `await import('/glassbox.webgpu.js');
       const {useBackend} = await import('/glassbox.browser.js');
       const refuse = () => useBackend('webgpu', {softwareAdapter: false}).catch(error => error.message);
       const first = await refuse();
       await useBackend('webgpu');
       return [first, await refuse()];`,
    );
    expect(failures).toEqual([expect.stringContaining('imitates'), expect.stringContaining('imitates')]);
  });

  it('asks the browser for no GPU while it has one', async () => {
    const asked = await runInChromium(
      dist,
      `await import('/glassbox.webgl.js');
       await import('/glassbox.webgpu.js');
       const {useBackend} = await import('/glassbox.browser.js');
       await useBackend('webgl');
       await useBackend('webgpu');
       const asked = [];
       const {getContext} = OffscreenCanvas.prototype;
       OffscreenCanvas.prototype.getContext = function (...args) {
         asked.push(args[0]);
         return getContext.apply(this, args);
       };
       const {requestAdapter} = GPU.prototype;
       GPU.prototype.requestAdapter = function (...args) {
         asked.push('adapter');
         return requestAdapter.apply(this, args);
       };
       await useBackend('webgl');
       await useBackend('webgpu');
       await useBackend('auto', {softwareAdapter: true});
       return asked;`,
    );
    expect(asked).toEqual([]);
  });
});
