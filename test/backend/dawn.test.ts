/** WebGPU in Node by a package that only looks like `webgpu`: what is left in the program where there is no GPU. */
import '@tensorflow/tfjs-core';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {useBackend} from '../../src/backend';
import '../../src/backend/webgpu';
import {importAtRuntime} from '../../src/backend/importAtRuntime';

vi.mock('../../src/backend/importAtRuntime', async load => ({
  ...(await load<typeof import('../../src/backend/importAtRuntime')>()),
  importAtRuntime: vi.fn(),
}));

const globals = {GPUStandIn: class {}};
const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');

/** An adapter of this name, on which no device starts. */
const adapter = (description: string): object => ({
  info: {description},
  features: new Set(),
  limits: {},
  requestDevice: async () => {
    throw new Error('there is no device');
  },
});

function found(description: string): void {
  const gpu = {requestAdapter: async () => adapter(description)};
  vi.mocked(importAtRuntime).mockResolvedValue({create: () => gpu, globals});
}

beforeEach(() => {
  // As on Node 20.
  Reflect.deleteProperty(globalThis, 'navigator');
});

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'navigator');
  Reflect.deleteProperty(globalThis, 'GPUStandIn');
  if (own !== undefined) Object.defineProperty(globalThis, 'navigator', own);
});

describe('a GPU in Node', () => {
  test('that will not do leaves the program as it was', async () => {
    found('SwiftShader Device');
    const {name, tried} = await useBackend('auto');
    expect(name).toBe('wasm');
    expect(tried).toMatchObject([{name: 'webgpu', reason: expect.stringContaining('imitates')}]);
    await expect(useBackend('webgpu')).rejects.toThrow('SwiftShader Device');
    expect(globalThis).not.toHaveProperty('navigator');
    expect(globalThis).not.toHaveProperty('GPUStandIn');
  });

  test('that will do is put where tfjs looks for it, beside the name of the runtime', async () => {
    found('SwiftShader Device');
    await expect(useBackend('webgpu', {softwareAdapter: true})).rejects.toThrow('there is no device');
    expect(globalThis).toHaveProperty('navigator.gpu');
    expect(globalThis).toHaveProperty('GPUStandIn');
    expect(navigator.userAgent).toBe(`Node.js/${process.versions.node.split('.')[0]}`);
  });
});
