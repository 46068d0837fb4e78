/** Kernels of tfjs's registry that run on the engine. */
import {util} from '@tensorflow/tfjs-core';
import type {DataType, KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {BackendUnavailableError} from '../../../core';
import {Scratch} from '../tfjsInternals';
import type {Engine} from './engine';
import {checkAddressable} from './memoryBlock';
import {callAs} from './tfjsInternals';

/** What a kernel of the engine is called with. */
export interface EngineCall<Inputs, Attrs> {
  readonly inputs: Inputs;
  readonly attrs: Attrs;
  readonly engine: Engine;
  /** Owner of what the kernel makes: all but what it returns is freed after the call, also if it throws. */
  readonly scratch: Scratch;
  /** An uninitialized tensor; a short form of `scratch.make`. */
  make(shape: readonly number[], dtype?: DataType): TensorInfo;
}

/** A kernel that computes on the engine what it can, and hands the rest over to the kernel that was there before. */
export interface EngineKernel {
  readonly kernelName: string;
  config(engine: Engine, fallback: KernelConfig | undefined): KernelConfig;
}

/**
 * @param compute returns the result, new or with a reference of its own (`scratch.share`), or undefined, before it
 *   has computed anything, to hand the call over
 */
export function engineKernel<Inputs, Attrs>(
  kernelName: string,
  compute: (call: EngineCall<Inputs, Attrs>) => TensorInfo | TensorInfo[] | undefined,
): EngineKernel {
  return {
    kernelName,
    config: (engine, fallback) => ({
      ...fallback,
      kernelName,
      backendName: 'wasm',
      kernelFunc: call => {
        const scratch = new Scratch(engine.backend);
        try {
          const result = compute({
            ...callAs<Inputs, Attrs>(call),
            engine,
            scratch,
            make: (shape, dtype = 'float32') => {
              checkAddressable(util.sizeFromShape([...shape]) * util.bytesPerElement(dtype));
              return scratch.make([...shape], dtype);
            },
          });
          if (result !== undefined) {
            const outputs = Array.isArray(result) ? result : [result];
            // Last to first, as they are looked for: an optimizer's step has hundreds.
            for (let i = outputs.length - 1; i >= 0; i--) scratch.release(outputs[i]!);
            return result;
          }
        } finally {
          scratch.dispose();
        }
        if (fallback === undefined)
          throw new BackendUnavailableError(
            `The kernel '${kernelName}' cannot compute this call, and nothing else can.`,
            {hint: 'Give it float32 tensors of its documented shapes.', code: 'backend/kernel'},
          );
        return fallback.kernelFunc(call);
      },
    }),
  };
}

/** Whether a tensor's numbers are float32 and lie in the backend's memory. */
export function isFloat(info: TensorInfo | null | undefined): info is TensorInfo {
  return info?.dtype === 'float32';
}
