/** Measuring where the time goes. */
import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, test, vi} from 'vitest';
import {useBackend} from '../../../src/backend';
import {ConfigurationError} from '../../../src/core';

describe.each(['wasm', 'cpu'] as const)('on %s', name => {
  test('the times of all kernels and of what lies between them add up to the whole', async () => {
    const backend = await useBackend(name);
    const {kernels, totalTime, result} = await backend.profile(() => {
      wait(5);
      return step();
    });
    expect(result).toBe(64 * 32);
    const sum = kernels.reduce((total, {time}) => total + time, 0);
    expect(sum).toBeCloseTo(totalTime, 6);
    expect(kernels.reduce((total, {share}) => total + share, 0)).toBeCloseTo(1, 9);
    for (let i = 1; i < kernels.length; i++)
      expect(kernels[i]!.time).toBeLessThanOrEqual(kernels[i - 1]!.time);
    const between = kernels.find(kernel => kernel.name === 'JavaScript between kernels')!;
    expect(between.time).toBeGreaterThanOrEqual(5);
    expect(between).toMatchObject({calls: 0, bytes: 0, place: 'javascript'});
  });

  test('calls and bytes of the outputs are counted; what shares its input is no new memory', async () => {
    const backend = await useBackend(name);
    const {kernels} = await backend.profile(step);
    expect(kernels.filter(kernel => kernel.name === 'BatchMatMul')).toMatchObject([
      {calls: 2, bytes: 2 * 4 * 32 * 32},
    ]);
    expect(kernels.find(kernel => kernel.name === 'Reshape')).toMatchObject({bytes: 0});
  });

  test('kernels are as before afterwards, also after an error', async () => {
    const backend = await useBackend(name);
    const before = tf.getKernelsForBackend(backend.tfjsName).map(({kernelFunc}) => kernelFunc);
    await backend.profile(step);
    const fail = async (): Promise<void> => {
      await Promise.resolve();
      throw new Error('enough');
    };
    await expect(backend.profile(fail)).rejects.toThrow('enough');
    expect(tf.getKernelsForBackend(backend.tfjsName).map(({kernelFunc}) => kernelFunc)).toEqual(before);
  });

  test('a function may be async, and one profile is taken at a time', async () => {
    const backend = await useBackend(name);
    const first = backend.profile(async () => {
      await new Promise(resolve => setTimeout(resolve, 20));
      return step();
    });
    await expect(backend.profile(step)).rejects.toMatchObject({name: 'ConfigurationError'});
    const {result, totalTime} = await first;
    expect(result).toBe(64 * 32);
    expect(totalTime).toBeGreaterThan(15);
  });
});

test('it says what ran on the engine, on kernels of tfjs, and on others put together', async () => {
  const backend = await useBackend('wasm');
  const {kernels} = await backend.profile(() => {
    step();
    tf.tidy(() => tf.einsum('i,i->', tf.ones([4]), tf.ones([4])).dataSync());
  });
  const places = Object.fromEntries(kernels.map(({name, place}) => [name, place]));
  expect(places).toMatchObject({BatchMatMul: 'engine', Fill: 'tfjs', Einsum: 'javascript'});
});

test('a small call that the engine hands over runs in tfjs', async () => {
  const backend = await useBackend('wasm');
  const {kernels} = await backend.profile(() =>
    tf.tidy(() => {
      const few = tf.tensor1d([1, 2, 3], 'int32');
      tf.add(few, tf.cast(tf.sum(few), 'int32')).dataSync();
      tf.add(tf.tensor1d([1, 2]), tf.tensor1d([3, 4])).dataSync();
    }),
  );
  const places = Object.fromEntries(kernels.map(({name, place}) => [name, place]));
  expect(places).toMatchObject({Add: 'tfjs', Sum: 'tfjs'});
});

test('without the engine, a small product runs in tfjs and a large turned one is put together', async () => {
  const backend = await useBackend('wasm', {engine: false});
  const product = (size: number) => () =>
    tf.tidy(() => tf.matMul(tf.ones([size, size]), tf.ones([size, size]), true).dataSync()[0]);
  const place = async (size: number) =>
    (await backend.profile(product(size))).kernels.find(({name}) => name === 'BatchMatMul')?.place;
  expect(await place(8)).toBe('tfjs');
  expect(await place(128)).toBe('javascript');
});

test('it is refused where another backend is active, or without a function', async () => {
  const cpu = await useBackend('cpu');
  const wasm = await useBackend('wasm');
  const run = vi.fn();
  const failure = cpu.profile(run);
  await expect(failure).rejects.toThrow(ConfigurationError);
  await expect(failure).rejects.toThrow(`'${cpu.tfjsName}', but the active backend is '${wasm.tfjsName}'`);
  await expect(failure).rejects.toThrow(`tf.setBackend('${cpu.tfjsName}')`);
  expect(run).not.toHaveBeenCalled();
  for (const [value, shown] of [
    [undefined, 'undefined'],
    ['fit', "'fit'"],
  ]) {
    const refused = wasm.profile(value as never);
    await expect(refused).rejects.toThrow(ConfigurationError);
    await expect(refused).rejects.toThrow(`backend.profile measures a function, got ${shown}`);
  }
  await tf.setBackend(cpu.tfjsName);
  expect((await cpu.profile(step)).result).toBe(64 * 32);
});

test('kernels that others call are counted once, where they ran', async () => {
  const backend = await useBackend('wasm');
  const config = tf.getKernel('Einsum', backend.tfjsName);
  expect(config).toBeDefined();
  const {kernels, totalTime} = await backend.profile(() => {
    tf.tidy(() => tf.einsum('ij,jk->ik', tf.ones([150, 150]), tf.ones([150, 150])).dataSync());
  });
  const product = kernels.find(({name}) => name === 'BatchMatMul')!;
  const einsum = kernels.find(({name}) => name === 'Einsum')!;
  expect(product.place).toBe('engine');
  expect(einsum.time + product.time).toBeLessThanOrEqual(totalTime);
});

test('as a string it is an aligned table', async () => {
  const backend = await useBackend('wasm');
  const lines = String(await backend.profile(step)).split('\n');
  expect(lines[0]).toMatch(/^kernel +runs in +calls +ms +share +outputs$/);
  expect(lines[1]).toMatch(/^─+$/);
  expect(lines.find(line => line.startsWith('BatchMatMul'))).toMatch(
    /engine +2 +\d+\.\d{3} +\d+\.\d % +8\.2 kB$/,
  );
  expect(lines.at(-1)).toMatch(/^total +\d+\.\d{3}$/);
  const calls = lines[0]!.indexOf('calls') + 'calls'.length;
  for (const line of lines.slice(2, -2)) expect(line.slice(0, calls)).toMatch(/[\d ]$/);
});

/** Two products, and a reshape. */
function step(): number {
  return tf.tidy(() => {
    const x = tf.fill([32, 32], 2);
    const product = tf.matMul(x, tf.matMul(x, tf.fill([32, 32], 0.5)));
    return tf.reshape(product, [-1]).dataSync()[0]!;
  });
}

function wait(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
