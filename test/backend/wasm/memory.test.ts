/** Memory that runs out: typed errors, and nothing that is written to where memory was. */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, test, vi} from 'vitest';
import {useBackend} from '../../../src/backend';
import {OutOfMemoryError} from '../../../src/core';
import {Engine} from '../../../src/backend/wasm/engine/engine';
import {MemoryBlock} from '../../../src/backend/wasm/engine/memoryBlock';
import {wasmInternals} from '../../../src/backend/wasm/engine/tfjsInternals';
import {asWasm} from '../../../src/backend/wasm/tfjsInternals';

/** Calls of `malloc` for at least so many bytes fail after the first `working`, while `run` runs. */
function short<T>(bytes: number, working: number, run: () => T): T {
  const internals = wasmInternals(asWasm(tf.backend()));
  const malloc = internals.malloc.bind(internals);
  let calls = 0;
  const spy = vi
    .spyOn(internals, 'malloc')
    .mockImplementation(size => (size >= bytes && calls++ >= working ? 0 : malloc(size)));
  try {
    return run();
  } finally {
    spy.mockRestore();
  }
}

beforeAll(async () => {
  await useBackend('wasm');
});

describe('scratch memory', () => {
  test('is reserved anew after there was no room for it', () => {
    const seen: (readonly number[])[] = [];
    const executor = {
      ...{threads: 2, works: true},
      run: (_: string, __: number, ___: number, scratch: readonly number[]) => void seen.push([...scratch]),
      dispose: () => undefined,
    };
    const backend = asWasm(tf.backend());
    const engine = new Engine(backend, executor, false);
    engine.run('any', [1]);
    // The second thread's block does not fit, and the first one's is another by then.
    expect(() => short(5e6, 1, () => engine.run('any', [1], {scratch: 5e6}))).toThrow(OutOfMemoryError);
    const {malloc, free} = wasmInternals(backend);
    // What was freed may be anybody's now.
    const taken = seen[0]!.map(() => malloc(16384) >>> 0);
    engine.run('any', [1]);
    expect(seen).toHaveLength(2);
    expect(seen[1]!.filter(address => taken.includes(address))).toEqual([]);
    expect(new Set(seen[1]).size).toBe(2);
    engine.run('any', [1], {scratch: 5e6});
    expect(new Set(seen[2]).size).toBe(2);
    for (const address of taken) free(address);
  });
});

describe('a block of memory', () => {
  test('asks for no more than 32 bits address', () => {
    const block = new MemoryBlock(asWasm(tf.backend()));
    const address = block.reserve(100);
    for (const bytes of [2 ** 32, 2 ** 32 + 4096, 2 ** 32 - 1, Infinity, NaN])
      expect(() => block.reserve(bytes)).toThrow(OutOfMemoryError);
    // It is what it was.
    expect(block.reserve(100)).toBe(address);
    block.dispose();
  });

  test('says what is missing, and what to do', () => {
    const block = new MemoryBlock(asWasm(tf.backend()));
    expect(() => short(1, 0, () => block.reserve(100))).toThrow(/16384 bytes.*Use a smaller batch/);
    expect(block.reserve(100)).toBeGreaterThan(0);
    block.dispose();
  });
});
