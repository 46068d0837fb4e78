/** WebGPU in Node: its numbers, its reads, and the loss of its device. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, test} from 'vitest';
import {useBackend} from '../../src/backend';
import {BackendUnavailableError, DeviceLostError, withSeed} from '../../src/core';
import {Trainer} from '../../src/trainer';
import {gradientCases} from './gradientCases';
import {
  evaluate,
  inputsOf,
  numericGradient,
  referenceCase,
  weightedValue,
  weightsFor,
} from './numericGradient';
import {missing, useWebgpu} from './softwareGpu';

describe.skipIf(missing !== undefined)('WebGPU in Node', () => {
  test('is not taken for a GPU where the processor imitates one, unless that is asked for', async () => {
    const info = (await navigatorGpu().requestAdapter())!.info;
    if (!info.isFallbackAdapter) return;
    await expect(useBackend('webgpu')).rejects.toThrow('only one that the processor imitates');
    const backend = await useBackend('auto');
    expect(backend.name).toBe('wasm');
    expect(backend.tried.find(({name}) => name === 'webgpu')?.reason).toContain('imitates');
  });

  test('refuses to read what a program was to compute that the GPU has refused, until it is chosen again', async () => {
    const {repairs} = await useWebgpu();
    expect(repairs.map(({id}) => id)).toContain('webgpu/cast');
    const before = tf.memory().numTensors;
    const x = tf.tensor1d([1, 2, 3]);
    const y = tf.tidy(() => tf.neg(x));
    runProgram('fn main(index: i32) { let x: i32 = 1.5; }', x);
    await expect(y.data()).rejects.toThrow(BackendUnavailableError);
    await expect(y.data()).rejects.toThrow(/'webgpu' refused a program: .*WGSL.* Call useBackend again/s);
    await useWebgpu();
    const again = tf.tidy(() => tf.neg(x));
    expect(Array.from(await again.data())).toEqual([-1, -2, -3]);
    tf.dispose([x, y, again]);
    expect(tf.memory().numTensors).toBe(before);
  });

  describe('operations', () => {
    const references = new Map<string, {value: number; gradient: number[][]}>();

    beforeAll(async () => {
      await tf.setBackend('cpu');
      for (const testCase of gradientCases) {
        const reference = referenceCase(testCase);
        references.set(testCase.name, {
          value: weightedValue(reference, inputsOf(testCase)),
          gradient: numericGradient(reference),
        });
      }
      await useWebgpu();
    });

    test.each(gradientCases)('$name has the right value and gradient', async testCase => {
      const before = tf.memory().numTensors;
      const inputs = inputsOf(testCase).map((v, i) => tf.tensor(v, [...testCase.shapes[i]!]));
      const output = tf.tidy(() => evaluate(testCase, inputs));
      const weights = weightsFor(testCase, output.size);
      const weigh = (...xs: tf.Tensor[]): tf.Tensor => {
        const y = evaluate(testCase, xs);
        return tf.sum(tf.mul(y, tf.tensor(weights, y.shape)));
      };
      const gradients = tf.tidy(() => tf.grads(weigh)(inputs));
      const value = Array.from(await output.data()).reduce((sum, y, i) => sum + y * weights[i]!, 0);
      const found = await Promise.all(gradients.map(async gradient => Array.from(await gradient.data())));
      tf.dispose([inputs, output, gradients]);
      expect(tf.memory().numTensors).toBe(before);

      const expected = references.get(testCase.name)!;
      expect(Math.abs(value - expected.value)).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
      expect(found.map(({length}) => length)).toEqual(expected.gradient.map(({length}) => length));
      const largest = Math.max(1, ...expected.gradient.flat().map(Math.abs));
      const deviations = found.flatMap((list, i) =>
        list.map((g, k) => Math.abs(g - expected.gradient[i]![k]!)),
      );
      expect(Math.max(...deviations) / largest).toBeLessThan(3e-4);
    });
  });

  test('trains a small convolutional model as wasm does, with no read-back in a step', async () => {
    const onWasm = await lossesOn(() => useBackend('wasm'));
    const onGpu = await lossesOn(useWebgpu);
    expect(onGpu.losses).toHaveLength(onWasm.losses.length);
    onGpu.losses.forEach((loss, i) => expect(Math.abs(loss - onWasm.losses[i]!)).toBeLessThan(1e-3));
    expect(onGpu.leaked).toBe(0);
    // Some an epoch, and none a step.
    expect(onGpu.reads).toBeLessThan(onGpu.steps / 2);
  });

  test('a tensor that was computed cannot be read at once, and the error says how it can', async () => {
    await useWebgpu();
    const x = tf.tidy(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])));
    expect(() => x.dataSync()).toThrow('await tensor.data()');
    expect((await x.data())[0]).toBe(64);
    expect(x.dataSync()[0]).toBe(64);
    x.dispose();
  });

  test('a lost device is a typed error for whoever computes or reads, and can be started again', async () => {
    const {tfjsName} = await useWebgpu();
    const x = tf.tidy(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])));
    const {device} = tf.backend() as unknown as {device: {destroy(): void; lost: Promise<unknown>}};
    device.destroy();
    await device.lost;
    await Promise.resolve();
    expect(() => tf.add(1, 2)).toThrow(DeviceLostError);
    await expect(x.data()).rejects.toThrow("The device of the backend 'webgpu' was lost");
    x.dispose();
    expect((await useBackend('cpu')).name).toBe('cpu');
    expect((await useWebgpu()).tfjsName).toBe(tfjsName);
    const y = tf.tidy(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])));
    expect((await y.data())[0]).toBe(64);
    y.dispose();
  });

  describe('a device that is lost while the backend is tried', () => {
    type Lossy = {device: {destroy(): void}; runWebGPUProgram(...args: unknown[]): unknown};

    /** Has the device destroyed whenever `owner` runs a program; what is returned ends that. */
    function loseIn(owner: Lossy): () => void {
      const run = owner.runWebGPUProgram;
      owner.runWebGPUProgram = function (...args) {
        this.device.destroy();
        return run.apply(this, args);
      };
      return () => (owner.runWebGPUProgram = run);
    }

    test('is started once more', async () => {
      const {tfjsName} = await useWebgpu();
      loseIn(tf.backend() as unknown as Lossy);
      expect((await useWebgpu()).tfjsName).toBe(tfjsName);
      expect(tf.getBackend()).toBe(tfjsName);
      const x = tf.tidy(() => tf.neg(tf.ones([3])));
      expect(Array.from(await x.data())).toEqual([-1, -1, -1]);
      x.dispose();
    });

    test('again is a typed error, and the backend before stays active', async () => {
      await useWebgpu();
      const end = loseIn(Object.getPrototypeOf(tf.backend()) as Lossy);
      try {
        const {tfjsName} = await useBackend('cpu');
        await expect(useWebgpu()).rejects.toThrow(DeviceLostError);
        expect(tf.getBackend()).toBe(tfjsName);
      } finally {
        end();
      }
      expect((await useWebgpu()).name).toBe('webgpu');
    });
  });
});

interface Run {
  losses: number[];
  leaked: number;
  steps: number;
  /** Times that something was read from the device. */
  reads: number;
}

/** Bright on the left, or bright on the right: 10 epochs of 5 steps. */
async function lossesOn(start: () => Promise<unknown>): Promise<Run> {
  await start();
  const model = withSeed(1, () =>
    layers.sequential({
      layers: [
        layers.layers.conv2d({inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: 'relu'}),
        layers.layers.maxPooling2d({poolSize: 2}),
        layers.layers.flatten(),
        layers.layers.dense({units: 2, activation: 'softmax'}),
      ],
    }),
  );
  const side = Array.from({length: 80}, (_, i) => i % 2);
  const pixels = Float32Array.from({length: 80 * 64}, (_, i) =>
    i % 8 < 4 === (side[Math.floor(i / 64)] === 0) ? 1 - (i % 5) / 10 : (i % 3) / 10,
  );
  const x = tf.tensor4d(pixels, [80, 8, 8, 1]);
  const y = tf.tensor1d(side, 'int32');
  const epochs = 10;
  const trainer = new Trainer(model, {loss: 'sparseCategoricalCrossentropy', optimizer: 'adam', seed: 1});
  await trainer.fit([x, y], {epochs: 1, batchSize: 16});
  const before = tf.memory().numTensors;
  const backend = tf.backend();
  const {read} = backend;
  let reads = 0;
  backend.read = dataId => {
    reads++;
    return read.call(backend, dataId);
  };
  const {history} = await trainer.fit([x, y], {epochs, batchSize: 16});
  backend.read = read;
  const leaked = tf.memory().numTensors - before;
  tf.dispose([x, y]);
  model.dispose();
  return {losses: history['loss']!, leaked, steps: 5 * epochs, reads};
}

function navigatorGpu(): {requestAdapter(): Promise<{info: {isFallbackAdapter?: boolean}} | null>} {
  return (globalThis.navigator as unknown as {gpu: ReturnType<typeof navigatorGpu>}).gpu;
}

/** Runs a program of a certain text on the GPU, for as many numbers as `x` has. */
function runProgram(text: string, x: tf.Tensor): void {
  const program = {
    variableNames: ['A'],
    outputShape: x.shape,
    shaderKey: text,
    workgroupSize: [64, 1, 1],
    dispatchLayout: {x: [0]},
    dispatch: [1, 1, 1],
    size: true,
    getUserCode: () => text,
  };
  type Run = {runWebGPUProgram(program: object, inputs: tf.TensorInfo[], dtype: string): tf.TensorInfo};
  const backend = tf.backend();
  const {dataId} = (backend as unknown as Run).runWebGPUProgram(program, [x], 'float32');
  backend.disposeData(dataId);
}
