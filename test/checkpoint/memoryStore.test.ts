import {describe, expect, it} from 'vitest';
import {MemoryStore} from '../../src/checkpoint';

describe('MemoryStore', () => {
  it('gives back what was last written, until it is removed', async () => {
    const store = new MemoryStore();
    expect(await store.read('a')).toBeUndefined();
    await store.write('b', new Uint8Array([1]));
    await store.write('a', new Uint8Array([2]));
    await store.write('a', new Uint8Array([3, 4]));
    expect(await store.list()).toEqual(['a', 'b']);
    expect(await store.read('a')).toEqual(new Uint8Array([3, 4]));
    await store.remove('a');
    await store.remove('a');
    expect(await store.read('a')).toBeUndefined();
    expect(await store.list()).toEqual(['b']);
  });

  it('shares no memory with its callers', async () => {
    const store = new MemoryStore();
    const bytes = new Uint8Array([1]);
    await store.write('a', bytes);
    bytes[0] = 9;
    (await store.read('a'))![0] = 8;
    expect(await store.read('a')).toEqual(new Uint8Array([1]));
  });
});
