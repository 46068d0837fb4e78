import {availableParallelism} from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {useBackend} from '../../src/backend';
import {version} from '../../src/backend/version';
import {BackendUnavailableError, ConfigurationError} from '../../src/core';
import manifest from '../../package.json';

/** More than one, so refused without the engine. */
const MANY_THREADS = 3;

describe('choosing', () => {
  test.each(['wasm', 'cpu'] as const)('%s becomes active, under a name of its own', async name => {
    const backend = await useBackend(name);
    expect(backend.name).toBe(name);
    expect(backend.tfjsName).toBe(`glassbox-${name}@${manifest.version}`);
    expect(backend.threads).toBe(name === 'wasm' ? availableParallelism() : 1);
    expect(tf.getBackend()).toBe(backend.tfjsName);
  });

  test('wasm is the default', async () => {
    expect((await useBackend()).name).toBe('wasm');
    expect((await useBackend('auto')).name).toBe('wasm');
  });

  test('every repair is listed once, with a sentence that says what it does', async () => {
    const {repairs} = await useBackend('wasm');
    const ids = repairs.map(({id}) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('wasm/max-pool-3d');
    for (const {description} of repairs) expect(description).toMatch(/^\p{L}.{30,}\.$/u);
    const onCpu = (await useBackend('cpu')).repairs.map(({id}) => id);
    expect(onCpu).toContain('resize-gradients');
    expect(onCpu.filter(id => id.startsWith('wasm/'))).toEqual([]);
  });

  test('an unknown name is refused, and the active backend stays', async () => {
    const {tfjsName} = await useBackend('cpu');
    const unknown: string = 'wams';
    await expect(useBackend(unknown as 'wasm')).rejects.toThrow(
      "Unknown backend 'wams'. Did you mean 'wasm'? Known: auto, cpu, node, wasm, webgl, webgpu.",
    );
    await expect(useBackend('toString' as 'wasm')).rejects.toThrow(ConfigurationError);
    expect(tf.getBackend()).toBe(tfjsName);
  });

  test('switching and asking again leaves neither tensors nor data behind', async () => {
    await useBackend('wasm');
    const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
    await useBackend('cpu');
    await useBackend('wasm');
    expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(before);
  });

  test('calls at the same time end with the backend of the last one, and one instance of it', async () => {
    const [first, second] = await Promise.all([useBackend('wasm'), useBackend('wasm')]);
    expect(first).toEqual(second);
    expect(tf.getBackend()).toBe(first.tfjsName);
    expect(tf.engine().registry['wasm']).toBe(tf.engine().registry[first.tfjsName]);
  });

  test('of calls at the same time with different options the last one wins, also when one fails', async () => {
    const results = await Promise.allSettled([
      useBackend('cpu'),
      useBackend('wasm', {threads: 2}),
      useBackend('wasm', {threads: MANY_THREADS, engine: false}),
      useBackend('wasm', {engine: false}),
      useBackend('wasm', {threads: 3}),
      // The fastest to start, behind the slowest.
      useBackend('cpu'),
    ]);
    expect(results.map(({status}) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    const handles = results.map(result => (result.status === 'fulfilled' ? result.value : undefined));
    expect(handles.map(handle => handle?.name)).toEqual(['cpu', 'wasm', undefined, 'wasm', 'wasm', 'cpu']);
    expect(handles.map(handle => handle?.engine.running)).toEqual([
      false,
      true,
      undefined,
      false,
      true,
      false,
    ]);
    expect(tf.getBackend()).toBe(handles[5]!.tfjsName);
    expect(handles[4]!.threads).toBe(3);
    const names = new Set(handles.flatMap(handle => handle?.tfjsName ?? []));
    expect(names.size).toBe(3);
  });

  test('each of calls at the same time answers when its backend is the active one', async () => {
    const active: string[] = [];
    const note = async (call: ReturnType<typeof useBackend>) => {
      const {tfjsName} = await call;
      active.push(`${tfjsName}: ${tf.getBackend()}`);
    };
    await Promise.all([
      note(useBackend('cpu')),
      note(useBackend('wasm', {engine: false})),
      note(useBackend('cpu')),
      note(useBackend('wasm')),
    ]);
    expect(active).toHaveLength(4);
    for (const line of active) expect(line.split(': ')[0]).toBe(line.split(': ')[1]);
  });

  test('the version that names the backend is the package version', () => {
    expect(version).toBe(manifest.version);
  });
});

describe('quiet', () => {
  const methods = ['log', 'info', 'warn', 'error'] as const;

  beforeEach(() => {
    for (const method of methods) vi.spyOn(console, method);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each(['wasm', 'cpu'] as const)('%s says nothing on the console', async name => {
    await useBackend(name);
    await useBackend(name);
    tf.tidy(() => tf.add(tf.ones([2]), 1).dataSync());
    for (const method of methods) expect(console[method]).not.toHaveBeenCalled();
  });
});

describe('failing', () => {
  test('wrong numbers are found before anybody computes with them', async () => {
    const {tfjsName} = await useBackend('cpu');
    const wasm = await useBackend('wasm');
    await tf.setBackend(tfjsName);
    const kernel = tf.getKernel(tf.BatchMatMul, wasm.tfjsName);
    tf.unregisterKernel(tf.BatchMatMul, wasm.tfjsName);
    tf.registerKernel({
      ...kernel,
      kernelFunc: call =>
        tf.getKernel(tf.Fill, 'wasm').kernelFunc({
          ...call,
          inputs: {},
          attrs: {shape: [2, 2], value: 4, dtype: 'float32'},
        }),
    });
    try {
      const failure = useBackend('wasm');
      await expect(failure).rejects.toThrow(BackendUnavailableError);
      await expect(failure).rejects.toThrow('matMul, gradient: [4, 4, 4, 4] instead of [3, 7, 3, 7]');
      await expect(failure).rejects.toThrow("useBackend('cpu') runs everywhere");
      expect(tf.getBackend()).toBe(tfjsName);
    } finally {
      tf.unregisterKernel(tf.BatchMatMul, wasm.tfjsName);
      tf.registerKernel(kernel);
    }
    expect((await useBackend('wasm')).name).toBe('wasm');
  });
});

describe('beside others in the program', () => {
  test("tfjs's own backend keeps its kernels", async () => {
    await import('@tensorflow/tfjs-backend-wasm');
    const plain = tf.getKernelsForBackend('wasm');
    const {tfjsName} = await useBackend('wasm');
    expect(tf.getKernelsForBackend('wasm')).toEqual(plain);
    expect(tf.getKernel(tf.MaxPool3D, tfjsName).kernelFunc).not.toBe(
      tf.getKernel(tf.MaxPool3D, 'wasm').kernelFunc,
    );
  });

  test('tensors go between the two without a copy', async () => {
    const {tfjsName} = await useBackend('wasm');
    const tensor = tf.tensor1d([1, 2, 3]);
    const buckets = tf.engine().backend.numDataIds();
    await tf.setBackend('wasm');
    const sum = tf.add(tensor, 1);
    expect(tf.engine().backend.numDataIds()).toBe(buckets + 1);
    await tf.setBackend(tfjsName);
    expect(Array.from(sum.dataSync())).toEqual([2, 3, 4]);
    tf.dispose([tensor, sum]);
  });

  test('gradients are right on the plain backend too', async () => {
    await useBackend('cpu');
    await tf.setBackend('cpu');
    const gradient = tf.tidy(() =>
      tf
        .grad(x => tf.maximum(x, tf.tensor2d([[1], [3]])))(tf.tensor1d([2, 0]))
        .dataSync(),
    );
    expect(Array.from(gradient)).toEqual([1, 0]);
  });

  test('a second copy of glassbox shares the backend of the first', async () => {
    const first = await useBackend('wasm');
    const kernels = tf.getKernelsForBackend(first.tfjsName);
    vi.resetModules();
    const copy = await import('../../src/backend');
    expect(copy.useBackend).not.toBe(useBackend);
    const second = await copy.useBackend('wasm');
    expect(second).toEqual(first);
    expect(tf.getKernelsForBackend(first.tfjsName)).toEqual(kernels);
    const pooled = tf.tidy(
      () => tf.maxPool3d(tf.fill<tf.Rank.R5>([1, 2, 2, 2, 1], -3), 2, 1, 'valid').dataSync()[0],
    );
    expect(pooled).toBe(-3);
  });

  test('another version of glassbox has kernels of its own, on the same instance', async () => {
    const first = await useBackend('wasm');
    vi.resetModules();
    vi.doMock('../../src/backend/version', () => ({version: '9.9.9'}));
    const {useBackend: useOther} = await import('../../src/backend');
    vi.doUnmock('../../src/backend/version');
    const other = await useOther('wasm');
    expect(other.tfjsName).toBe('glassbox-wasm@9.9.9');
    expect(tf.engine().registry[other.tfjsName]).toBe(tf.engine().registry[first.tfjsName]);
    const mine = tf.getKernel(tf.MaxPool3D, first.tfjsName);
    expect(tf.getKernel(tf.MaxPool3D, other.tfjsName).kernelFunc).not.toBe(mine.kernelFunc);
    await useBackend('wasm');
    expect(tf.getBackend()).toBe(first.tfjsName);
  });

  test('gradients are put back after tfjs registered its own again', async () => {
    await useBackend('cpu');
    tf.registerGradient({kernelName: tf.Einsum, gradFunc: () => ({})});
    await useBackend('cpu');
    const gradient = tf.tidy(() =>
      tf
        .grad(x => tf.einsum('i,i->', x, x))(tf.tensor1d([1, 2]))
        .dataSync(),
    );
    expect(Array.from(gradient)).toEqual([2, 4]);
  });

  test('a method that the program registered for tensors itself stays', async () => {
    const prototype = tf.Tensor.prototype as unknown as Record<string, unknown>;
    const own = prototype['flatten'];
    const theirs = (): string => 'theirs';
    prototype['flatten'] = theirs;
    await useBackend('cpu');
    expect(prototype['flatten']).toBe(theirs);
    prototype['flatten'] = own;
  });
});

test.each(['wasm', 'cpu'] as const)(
  'LSTM and GRU build and train with their default initializers on %s',
  async name => {
    await useBackend(name);
    const before = tf.memory().numTensors;
    const model = layers.sequential({
      layers: [
        layers.layers.lstm({units: 3, inputShape: [4, 2], returnSequences: true}),
        layers.layers.gru({units: 2}),
      ],
    });
    const loss = (): tf.Scalar => tf.mean(tf.square(model.apply(tf.ones([2, 4, 2])) as tf.Tensor));
    const {value, grads} = tf.variableGrads(loss);
    expect(value.dataSync()[0]).toBeGreaterThan(0);
    expect(Object.keys(grads)).toHaveLength(6);
    for (const gradient of Object.values(grads))
      expect(tf.tidy(() => tf.max(tf.abs(gradient)).dataSync()[0])).toBeGreaterThan(0);
    tf.dispose([value, grads]);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  },
);

test('a misspelt option is an error that names the one that is meant', async () => {
  const misspelt = {thread: 2} as object;
  await expect(useBackend('wasm', misspelt)).rejects.toThrow("Did you mean 'threads'?");
});

test('options that cannot mean anything are shown as they were given', async () => {
  const refused: [object | null, string, string][] = [
    [null, 'The options of useBackend are an object, got null.', 'threads: …'],
    [{threads: '2'}, "The option threads is '2'.", 'a whole number from 1 to 256'],
    [{threads: 2.5}, 'The option threads is 2.5.', 'a whole number from 1 to 256'],
    [{threads: null}, 'The option threads is null.', "'auto'"],
    [{engine: 'false'}, "The option engine is 'false'.", 'true or false'],
    [{relaxedSimd: 1}, 'The option relaxedSimd is 1.', 'true or false'],
    [{softwareAdapter: 'yes'}, "The option softwareAdapter is 'yes'.", 'true or false'],
    [{wasmPaths: 7}, 'The option wasmPaths is 7.', 'Give a folder'],
  ];
  for (const [options, found, expected] of refused) {
    const failure = useBackend('wasm', options as object);
    await expect(failure).rejects.toThrow(ConfigurationError);
    await expect(failure).rejects.toThrow(found);
    await expect(failure).rejects.toThrow(expected);
  }
  await expect(useBackend(null as never)).rejects.toThrow(
    "The name of the backend is null. Give one of 'auto'",
  );
});
