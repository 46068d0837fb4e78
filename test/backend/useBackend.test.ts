import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, test} from 'vitest';
import {useBackend} from '../../src/backend';

describe('useBackend', () => {
  test.each(['wasm', 'cpu'] as const)('activates %s under a name of its own', async name => {
    const backend = await useBackend(name);
    expect(backend.name).toBe(name);
    expect(backend.threads).toBe(1);
    expect(tf.getBackend()).toBe(backend.tfjsName);
  });
});
