/**
 * Backends that cannot load or start; in a file of its own, since tfjs keeps the first one that does.
 */
import * as tf from '@tensorflow/tfjs-core';
import {afterEach, expect, test, vi} from 'vitest';

afterEach(() => {
  vi.doUnmock('@tensorflow/tfjs-backend-wasm');
  vi.doUnmock('@tensorflow/tfjs-backend-cpu');
  vi.resetModules();
});

async function load(): Promise<typeof import('../../src/backend')> {
  vi.resetModules();
  return import('../../src/backend');
}

test('a package that is not installed is named, with the command that installs it', async () => {
  vi.doMock('@tensorflow/tfjs-backend-cpu', () => {
    throw new Error('Cannot find package');
  });
  const {useBackend} = await load();
  const failure = useBackend('cpu');
  await expect(failure).rejects.toMatchObject({name: 'BackendUnavailableError', code: 'backend'});
  await expect(failure).rejects.toThrow('npm install @tensorflow/tfjs-backend-cpu@4.22.0');
  expect(tf.findBackend('cpu')).toBeNull();
});

test('a package that serves another copy of tfjs-core is refused', async () => {
  vi.doMock('@tensorflow/tfjs-backend-cpu', () => ({MathBackendCPU: class {}}));
  const {useBackend} = await load();
  await expect(useBackend('cpu')).rejects.toThrow('npm ls @tensorflow/tfjs-core');
});

test('impossible paths of the .wasm files are refused', async () => {
  const {useBackend} = await load();
  const failure = useBackend('wasm', {wasmPaths: {'tfjs-backend-wasm.wasm': '/somewhere.wasm'}});
  await expect(failure).rejects.toMatchObject({name: 'ConfigurationError', code: 'configuration'});
  await expect(failure).rejects.toThrow('tfjs-backend-wasm-simd.wasm');
});

test.each([
  ['/wasm', '/wasm/'],
  ['/wasm/', '/wasm/'],
  ['', ''],
])('the folder %j of the .wasm files reaches tfjs as %j', async (given, expected) => {
  const setWasmPaths = vi.fn(() => {
    throw new Error('enough');
  });
  vi.doMock('@tensorflow/tfjs-backend-wasm', () => ({setWasmPaths}));
  const {useBackend} = await load();
  await expect(useBackend('wasm', {wasmPaths: given})).rejects.toThrow('enough');
  expect(setWasmPaths).toHaveBeenCalledExactlyOnceWith(expected);
});

test('a .wasm file that is not there is an error with the reason, and no other backend takes over', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const {useBackend} = await load();
  await (await import('../../src/backend')).useBackend('cpu');
  const active = tf.getBackend();
  const failure = useBackend('wasm', {wasmPaths: '/nowhere/'});
  await expect(failure).rejects.toMatchObject({name: 'BackendUnavailableError'});
  await expect(failure).rejects.toThrow(/'wasm' cannot start here: .*wasmPaths/s);
  expect(tf.getBackend()).toBe(active);
  const second = useBackend('wasm', {wasmPaths: '/elsewhere/'});
  await expect(second).rejects.toMatchObject({name: 'BackendUnavailableError'});
  await expect(second).rejects.toThrow(/failed to start before.*Reload the page or restart the program/);
  vi.restoreAllMocks();
});
