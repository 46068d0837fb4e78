/** The loss of a device, on an instance that only looks like a backend. */
import type {KernelBackend} from '@tensorflow/tfjs-core';
import {describe, expect, it, vi} from 'vitest';
import {DeviceLostError} from '../../src/core';
import {lossOf, watchForLoss} from '../../src/backend/loss';

const values = new Float32Array([1, 2]);

/** An instance, what loses its device, and what it was asked to let go of. */
function watched(read: () => Promise<Float32Array>): {
  instance: KernelBackend;
  lose: (reason: string) => void;
  release: () => void;
} {
  const instance = {read, readSync: () => values} as unknown as KernelBackend;
  let lose: (reason: string) => void;
  const release = vi.fn();
  watchForLoss(instance, {name: 'webgl', listen: lost => (lose = lost), release});
  return {instance, lose: lose!, release};
}

describe('a read that waits for a device', () => {
  it('ends in a typed error when the device is lost, though it never ends by itself', async () => {
    const {instance, lose, release} = watched(() => new Promise(() => {}));
    const reads = [instance.read({}), instance.read({})];
    lose('it was reset');
    for (const read of reads) {
      await expect(read).rejects.toThrow(DeviceLostError);
      await expect(read).rejects.toThrow("The device of the backend 'webgl' was lost: it was reset.");
    }
    expect(release).toHaveBeenCalledOnce();
    expect(lossOf(instance)).toBe('it was reset');
  });

  it('may fail, or end, after it was given up', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    let fail: (error: Error) => void;
    const {instance, lose} = watched(() => new Promise((_, reject) => (fail = reject)));
    const read = instance.read({});
    lose('it was reset');
    await expect(read).rejects.toThrow(DeviceLostError);
    fail!(new Error('mapAsync'));
    await new Promise(resolve => setTimeout(resolve, 10));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('gives its values, or what it failed of, as long as the device is there', async () => {
    const reads = [Promise.resolve(values), Promise.reject(new Error('mapAsync'))];
    const {instance} = watched(() => reads.shift()!);
    expect(await instance.read({})).toBe(values);
    await expect(instance.read({})).rejects.toThrow('mapAsync');
  });

  it('says first why the device was lost, and lets go of it once', async () => {
    const {instance, lose, release} = watched(() => Promise.resolve(values));
    lose('it was reset');
    lose('it is closed');
    await expect(instance.read({})).rejects.toThrow('it was reset');
    expect(() => instance.readSync({})).toThrow('it was reset');
    expect(release).toHaveBeenCalledOnce();
  });
});
