/** 500 steps leave tensors and the device's memory as they were after the first ones. */
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from 'glassbox';
import {backendUnderTest, isAsked} from '../backendUnderTest';
import {memoryOver} from './smallNetwork';

describe.each(isAsked ? [backendUnderTest] : (['cpu', 'wasm'] as const))('500 steps on %s', backend => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it('leave tensors, their bytes and the memory of the device flat', async () => {
    // The first steps allocate what later ones use again.
    const [warm, ...later] = (await memoryOver(500)).slice(4);
    expect(later).toHaveLength(20);
    for (const moment of later) expect(moment).toEqual(warm);
  }, 300_000);
});
