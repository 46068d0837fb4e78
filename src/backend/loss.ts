/**
 * What happens when the device under a backend is gone: a GPU that was reset, a lost WebGL context. tfjs goes on
 * there with zeros or fails in its own words; whoever computes or reads afterwards gets a typed error instead.
 */
import type {KernelBackend, KernelConfig} from '@tensorflow/tfjs-core';
import {DeviceLostError} from '../core';
import {attached, replaceMethod} from './tfjsInternals';

interface Watch {
  /** Why the device is gone, in a few words. */
  reason?: string;
  /** Throws if it is gone, as far as that can be known. */
  check?(): void;
}

/** Copies of glassbox share what they know of an instance. */
function watchOf(instance: KernelBackend): Watch {
  return attached(instance, 'loss', () => ({}));
}

/** Why an instance's device is gone; undefined as long as it is there. */
export function lossOf(instance: KernelBackend): string | undefined {
  return watchOf(instance).reason;
}

/** How an instance of a backend can be asked for, or tells of, the loss of its device. */
export interface LossSource {
  /** The name of the backend, for the message. */
  readonly name: string;
  /** Whether it is gone right now, where that can be known before it is told. */
  isLost?(): boolean;
  /** Calls `lost` with the reason when the device goes. */
  listen(lost: (reason: string) => void): void;
  /** Ends, when the device goes, what tfjs would wait for on it for good. */
  release?(): void;
}

/** Watches an instance, once, and has what is read from it after a loss, or during one, refused. */
export function watchForLoss(instance: KernelBackend, {name, isLost, listen, release}: LossSource): void {
  attached(instance, 'watched', () => {
    const watch = watchOf(instance);
    /** What ends each read that has begun: on a device that is gone it may never end by itself. */
    const pending = new Set<(error: Error) => void>();
    const lose = (reason: string): void => {
      if (watch.reason !== undefined) return;
      watch.reason = reason;
      for (const end of pending) end(lost(name, reason));
      release?.();
    };
    listen(lose);
    const check = (): void => {
      if (isLost?.()) lose('the context was lost');
      if (watch.reason !== undefined) throw lost(name, watch.reason);
    };
    watch.check = check;
    replaceMethod(instance, 'readSync', read => dataId => {
      check();
      const values = read(dataId);
      check();
      return values;
    });
    replaceMethod(instance, 'read', read => async dataId => {
      check();
      try {
        const values = await unlessEnded(read(dataId), pending);
        check();
        return values;
      } catch (error) {
        // A lost device fails the read, and is told of a moment later.
        await new Promise(resolve => setTimeout(resolve));
        check();
        throw error;
      }
    });
    return true;
  });
}

/**
 * What a promise gives, or the error that ends it before. (Promise.race with one promise of the loss would keep
 * something of every read for as long as the device is there.)
 */
async function unlessEnded<T>(promise: Promise<T>, pending: Set<(error: Error) => void>): Promise<T> {
  let end: (error: Error) => void;
  try {
    return await new Promise<T>((resolve, reject) => {
      end = reject;
      pending.add(end);
      promise.then(resolve, reject);
    });
  } finally {
    pending.delete(end!);
  }
}

/** A kernel that refuses to run on a device that is gone. */
export function refusingAfterLoss(kernel: KernelConfig, instance: KernelBackend): KernelConfig {
  const watch = watchOf(instance);
  const {kernelFunc} = kernel;
  if (watch.check === undefined) return kernel;
  return {
    ...kernel,
    kernelFunc: call => {
      // To ask the device each time would take long.
      if (watch.reason !== undefined) watch.check!();
      try {
        return kernelFunc(call);
      } catch (error) {
        // What tfjs says of a device that has just gone is in its own words.
        watch.check!();
        throw error;
      }
    },
  };
}

function lost(name: string, reason: string): DeviceLostError {
  return new DeviceLostError(`The device of the backend '${name}' was lost: ${reason}.`, {
    hint: 'Its tensors are gone. Call useBackend again (for another backend, if this happens more often), build the model again and resume from the last checkpoint.',
  });
}
