/** A count of the calls that reach tfjs's own kernels, so that a profile can say which did. */
import type {KernelBackend, KernelConfig} from '@tensorflow/tfjs-core';
import {attached} from './tfjsInternals';
import {version} from './version';

/** The calls on one instance, for all copies of glassbox. */
export interface StockCalls {
  count: number;
  /** Name of the kernel that was called last. */
  last: string;
}

export function stockCallsOn(instance: KernelBackend): StockCalls {
  return attached(instance, `stockCalls@${version}`, () => ({count: 0, last: ''}));
}

/** A kernel of tfjs that counts its calls. */
export function countingCalls(kernel: KernelConfig, instance: KernelBackend): KernelConfig {
  const calls = stockCallsOn(instance);
  const {kernelName, kernelFunc} = kernel;
  return {
    ...kernel,
    kernelFunc: call => {
      calls.count++;
      calls.last = kernelName;
      return kernelFunc(call);
    },
  };
}
