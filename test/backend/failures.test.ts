/** What a GPU says beside its results, on an instance that only looks like a backend. */
import type {KernelBackend} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {BackendUnavailableError, OutOfMemoryError} from '../../src/core';
import {watchForFailures, type Failure} from '../../src/backend/failures';

const values = new Float32Array([1, 2]);

/** An instance whose reads give `values`, or fail. */
function instanceOf(read: () => Promise<Float32Array> = () => Promise.resolve(values)): KernelBackend {
  return {read, readSync: () => values} as unknown as KernelBackend;
}

const refused: Failure = {message: 'the text of a program.\nMore of it.', isOutOfMemory: false};
const full: Failure = {message: '2 GiB.', isOutOfMemory: true};

describe('reading after a failure on the GPU', () => {
  it('is refused with what the GPU said, however the tensor is read', async () => {
    const instance = instanceOf();
    let tell: (failure: Failure) => void;
    await watchForFailures(instance, {name: 'webgpu', listen: failed => (tell = failed)});
    expect(await instance.read({})).toBe(values);
    tell!(refused);
    await expect(instance.read({})).rejects.toThrow(BackendUnavailableError);
    await expect(instance.read({})).rejects.toThrow(/'webgpu' refused a program: the text of a program\./);
    expect(() => instance.readSync({})).toThrow(/Call useBackend again/);
  });

  it('says what came first, and that of a memory that is full', async () => {
    const instance = instanceOf();
    const failures = [undefined, full, refused];
    await watchForFailures(instance, {name: 'webgl', ask: () => failures.shift()});
    expect(await instance.read({})).toBe(values);
    await expect(instance.read({})).rejects.toThrow(OutOfMemoryError);
    await expect(instance.read({})).rejects.toThrow(/no memory left: 2 GiB\./);
  });

  it('is possible again once the backend has been chosen anew, and is watched once', async () => {
    const instance = instanceOf();
    const failures = [full];
    let asked = 0;
    const watch = (): Promise<void> =>
      watchForFailures(instance, {
        name: 'webgl',
        ask: () => {
          asked++;
          return failures.shift();
        },
      });
    await watch();
    await expect(instance.read({})).rejects.toThrow(OutOfMemoryError);
    await watch();
    expect(await instance.read({})).toBe(values);
    expect(asked).toBe(3);
  });

  it('is told of by the next choice of the backend where no read has told of it, and is over then', async () => {
    const instance = instanceOf();
    let tell: (failure: Failure) => void;
    const source = {name: 'webgpu', listen: (failed: (failure: Failure) => void) => (tell = failed)};
    await watchForFailures(instance, source);
    tell!(refused);
    await expect(watchForFailures(instance, source)).rejects.toThrow(/refused a program/);
    await watchForFailures(instance, source);
    expect(await instance.read({})).toBe(values);
  });

  it('is possible again only when what waited with the program is done', async () => {
    const instance = instanceOf();
    let tell: (failure: Failure) => void;
    const source = {
      name: 'webgpu',
      listen: (failed: (failure: Failure) => void) => (tell = failed),
      finish: async () => tell(refused),
    };
    await watchForFailures(instance, source);
    tell!(refused);
    await expect(instance.read({})).rejects.toThrow(/refused/);
    await watchForFailures(instance, source);
    expect(await instance.read({})).toBe(values);
  });

  it('says so rather than what the read failed of', async () => {
    const instance = instanceOf(() => Promise.reject(new Error('mapAsync')));
    const failures = [undefined, refused];
    await watchForFailures(instance, {name: 'webgpu', ask: () => failures.shift()});
    await expect(instance.read({})).rejects.toThrow('mapAsync');
    await expect(instance.read({})).rejects.toThrow(/refused a program/);
  });
});
