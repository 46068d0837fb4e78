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
}

/** Watches an instance, once, and has what is read from it after a loss refused. */
export function watchForLoss(instance: KernelBackend, {name, isLost, listen}: LossSource): void {
  attached(instance, 'watched', () => {
    const watch = watchOf(instance);
    listen(reason => (watch.reason ??= reason));
    const check = (): void => {
      if (isLost?.()) watch.reason ??= 'the context was lost';
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
        const values = await read(dataId);
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
