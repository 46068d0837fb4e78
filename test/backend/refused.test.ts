/** What a `useBackend` that fails leaves behind, also where it is the first; on stand-ins over tfjs's CPU backend. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {afterEach, describe, expect, test, vi} from 'vitest';
import {useBackend} from '../../src/backend';
import {registerLoader, type BackendLoader} from '../../src/backend/loaders';
import {forgetBackend, makeActive} from '../../src/backend/tfjsInternals';
import {BackendUnavailableError, DeviceLostError, OutOfMemoryError} from '../../src/core';

/** A backend whose matrix products are `product`. */
function loaderWith(product: tf.KernelFunc): BackendLoader {
  return {
    tfjsName: 'cpu',
    load: async () => tf.findBackend('cpu'),
    threads: () => 1,
    repairs: [
      {
        id: 'webgl/products',
        description: '',
        backends: ['webgl'],
        kernels: name => [{kernelName: tf.BatchMatMul, backendName: name, kernelFunc: product}],
      },
    ],
  };
}

const wrong = loaderWith(call =>
  tf.getKernel(tf.OnesLike, 'cpu').kernelFunc({...call, inputs: {x: call.inputs['a']!}}),
);

const right: tf.KernelFunc = call => tf.getKernel(tf.BatchMatMul, 'cpu').kernelFunc(call);

const lost = (): never => {
  throw new DeviceLostError('The device was lost.');
};

const installed = (): string[] =>
  tf
    .engine()
    .backendNames()
    .filter(name => name.startsWith('glassbox-webgl@'));

/** What tfjs knows of the backend that failed. */
const traces = (): unknown[] => installed().flatMap(name => [name, ...tf.getKernelsForBackend(name)]);

afterEach(async () => {
  await makeActive(undefined);
  for (const name of installed()) forgetBackend(name);
});

describe('a first call that fails', () => {
  test('leaves no backend active and none registered, so that tfjs goes on as before', async () => {
    registerLoader('webgl', wrong);
    await expect(useBackend('webgl')).rejects.toThrow(BackendUnavailableError);
    expect(tf.getBackend()).toBeFalsy();
    expect(traces()).toEqual([]);
    // tfjs starts what is registered, as it does in a program that has chosen nothing.
    expect(Array.from(await tf.add([1, 2], 1).data())).toEqual([2, 3]);
    expect(tf.getBackend()).toBe('cpu');
  });
});

test('what is refused on the whole is said once, and what to do about it at the end', async () => {
  registerLoader(
    'webgl',
    loaderWith(() => {
      throw new BackendUnavailableError('The GPU refused a program.', {hint: 'Update its driver.'});
    }),
  );
  await expect(useBackend('webgl')).rejects.toThrow(
    "The backend 'webgl' does not work here: The GPU refused a program. Try another backend",
  );
});

describe('a later call that fails', () => {
  test('leaves the backend before it active, and nothing of its own', async () => {
    registerLoader('webgl', wrong);
    const {tfjsName} = await useBackend('cpu');
    await expect(useBackend('webgl')).rejects.toThrow(BackendUnavailableError);
    expect(tf.getBackend()).toBe(tfjsName);
    expect(traces()).toEqual([]);
  });

  test('leaves none active where it took the place of the one before, under the same name', async () => {
    registerLoader('webgl', loaderWith(right));
    const {tfjsName} = await useBackend('webgl');
    const another = Object.create(tf.findBackend('cpu')) as tf.KernelBackend;
    registerLoader('webgl', {...wrong, load: async () => another});
    await expect(useBackend('webgl')).rejects.toThrow(BackendUnavailableError);
    expect(tf.getBackend()).not.toBe(tfjsName);
    expect(traces()).toEqual([]);
    expect(Array.from(await tf.add([1, 2], 1).data())).toEqual([2, 3]);
  });
});

describe('a device that is lost while it is tried', () => {
  test('is started again, once', async () => {
    const product = vi.fn(right).mockImplementationOnce(lost);
    const loader = loaderWith(product);
    const load = vi.fn(loader.load);
    registerLoader('webgl', {...loader, load});
    const {tfjsName} = await useBackend('webgl');
    expect(tf.getBackend()).toBe(tfjsName);
    expect(load).toHaveBeenCalledTimes(2);
  });

  test('again is a typed error, and the backend before stays active', async () => {
    registerLoader('webgl', loaderWith(lost));
    const {tfjsName} = await useBackend('cpu');
    const before = tf.memory().numTensors;
    await expect(useBackend('webgl')).rejects.toThrow(DeviceLostError);
    expect(tf.getBackend()).toBe(tfjsName);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("or that has no memory left is a reason for 'auto' to go on", async () => {
    registerLoader('webgpu', loaderWith(lost));
    registerLoader(
      'node',
      loaderWith(() => {
        throw new OutOfMemoryError('No memory is left.', {hint: 'Dispose tensors.'});
      }),
    );
    const {name, tried} = await useBackend('auto');
    expect(name).toBe('wasm');
    expect(tried).toEqual([
      {name: 'node', reason: 'No memory is left.', hint: 'Dispose tensors.'},
      {name: 'webgpu', reason: 'The device was lost.'},
    ]);
  });
});
