import {IDBFactory, IDBObjectStore} from 'fake-indexeddb';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {IndexedDBStore} from '../../src/checkpoint';
import {CheckpointError, ConfigurationError} from '../../src/core';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});
afterEach(() => {
  Reflect.deleteProperty(globalThis, 'indexedDB');
});

describe('IndexedDBStore', () => {
  it('gives back what was last written, until it is removed', async () => {
    const store = new IndexedDBStore();
    expect(await store.read('a')).toBeUndefined();
    expect(await store.list()).toEqual([]);
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

  it('keeps its entries for the next page, apart from other databases', async () => {
    const store = new IndexedDBStore('mine');
    await store.write('a', new Uint8Array([1]));
    await store.close();
    expect(await new IndexedDBStore('mine').read('a')).toEqual(new Uint8Array([1]));
    expect(await new IndexedDBStore('other').read('a')).toBeUndefined();
    // Closed is not ended.
    expect(await store.list()).toEqual(['a']);
  });

  it('keeps only the part of a buffer that it is given, as a copy', async () => {
    const store = new IndexedDBStore();
    const larger = new Uint8Array([9, 1, 2, 9]);
    const writing = store.write('a', larger.subarray(1, 3));
    await writing;
    larger.fill(0);
    const bytes = (await store.read('a'))!;
    expect(bytes).toEqual(new Uint8Array([1, 2]));
    expect(bytes.buffer.byteLength).toBe(2);
  });

  it('lets go of a database that somebody wants to delete, and makes it again', async () => {
    const store = new IndexedDBStore('mine');
    await store.write('a', new Uint8Array([1]));
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.deleteDatabase('mine');
      request.onsuccess = () => resolve();
      request.onerror = () => reject(new Error('not deleted'));
    });
    expect(await store.list()).toEqual([]);
  });

  it('changes nothing when a write is aborted', async () => {
    const store = new IndexedDBStore();
    await store.write('a', new Uint8Array([1]));
    const {put} = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...args) {
      const request = put.apply(this, args);
      this.transaction.abort();
      return request;
    };
    try {
      await expect(store.write('a', new Uint8Array([2]))).rejects.toThrow(CheckpointError);
    } finally {
      IDBObjectStore.prototype.put = put;
    }
    expect(await store.read('a')).toEqual(new Uint8Array([1]));
  });

  it('says what to do where there is no IndexedDB, and works once there is', async () => {
    const factory = globalThis.indexedDB;
    Reflect.deleteProperty(globalThis, 'indexedDB');
    const store = new IndexedDBStore();
    await expect(store.list()).rejects.toThrow(ConfigurationError);
    await expect(store.list()).rejects.toThrow('DirectoryStore');
    globalThis.indexedDB = factory;
    expect(await store.list()).toEqual([]);
  });

  it('reports a database that it cannot open', async () => {
    await new Promise<void>(resolve => {
      const request = indexedDB.open('glassbox', 7);
      request.onsuccess = () => {
        request.result.close();
        resolve();
      };
    });
    await expect(new IndexedDBStore().list()).rejects.toThrow(
      /Could not open in database 'glassbox': VersionError/,
    );
  });

  it('refuses an entry that is no checkpoint, and an empty name', async () => {
    const store = new IndexedDBStore();
    await store.write('a', new Uint8Array([1]));
    await new Promise<void>(resolve => {
      const request = indexedDB.open('glassbox');
      request.onsuccess = () => {
        const transaction = request.result.transaction('checkpoints', 'readwrite');
        transaction.objectStore('checkpoints').put('text', 'a');
        transaction.oncomplete = () => resolve();
      };
    });
    await expect(store.read('a')).rejects.toThrow(CheckpointError);
    expect(() => new IndexedDBStore('')).toThrow(ConfigurationError);
  });
});
