/**
 * Kernels written in plain JavaScript over the values where they lie, the same code for the WASM and the
 * CPU backend.
 */
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {inputValues, outputOn} from '../tfjsInternals';
import type {HostBackend} from './types';

/** The tensors a kernel is called with, by their names in tfjs. */
export type Inputs = Readonly<Record<string, TensorInfo>>;

/** The numbers of those tensors. */
export type Values = Readonly<Record<string, Float32Array>>;

/** What a call computes: the shape of its float32 output, and how to fill it; `output` comes as zeros. */
export interface Computation {
  readonly shape: number[];
  readonly fill: (output: Float32Array, values: Values) => void;
}

/** A kernel that allocates its output, then fills it. `plan` sees shapes only, and throws for bad ones. */
export function hostKernel<Attrs>(
  kernelName: string,
  backend: HostBackend,
  plan: (inputs: Inputs, attrs: Attrs) => Computation,
): KernelConfig {
  return {
    kernelName,
    backendName: backend,
    kernelFunc: call => {
      const inputs = call.inputs as Inputs;
      const {shape, fill} = plan(inputs, call.attrs as Attrs);
      return outputOn(call.backend, backend, shape, output => {
        const values = Object.fromEntries(
          Object.entries(inputs).map(([name, info]) => [name, inputValues(call.backend, backend, info)]),
        );
        fill(output, values);
      });
    },
  };
}
