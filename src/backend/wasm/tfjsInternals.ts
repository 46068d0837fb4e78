/**
 * The border to tfjs's WASM backend: kernels with typed inputs, tfjs's own kernels as functions, and the
 * bookkeeping of intermediate results on the backend's heap.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {DataType, KernelBackend, KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import type {BackendWasm} from '@tensorflow/tfjs-backend-wasm';
import {preparedByShape} from '../repairs/matMulCache';
import {countingCalls} from '../stockCalls';

/** tfjs's instance of its WASM backend, as what it is. */
export function asWasm(instance: KernelBackend): BackendWasm {
  return instance as BackendWasm;
}

/** What a kernel of ours is called with. */
export interface KernelCall<Inputs, Attrs> {
  inputs: Inputs;
  attrs: Attrs;
  backend: BackendWasm;
  /** Owner of the intermediates; what the kernel returns is taken out of it. */
  scratch: Scratch;
}

/** A kernel of ours. Whatever it allocates in `scratch` and does not return is freed, also when it throws. */
export function wasmKernel<Inputs, Attrs>(
  kernelName: string,
  run: (call: KernelCall<Inputs, Attrs>) => TensorInfo,
): KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({inputs, attrs, backend}) => {
      const wasm = backend as BackendWasm;
      const scratch = new Scratch(wasm);
      try {
        const result = run({
          inputs: inputs as unknown as Inputs,
          attrs: attrs as unknown as Attrs,
          backend: wasm,
          scratch,
        });
        scratch.release(result);
        return result;
      } finally {
        scratch.dispose();
      }
    },
  };
}

/** A kernel of tfjs as a function; what it returns belongs to `scratch`. */
export type StockKernel = (
  scratch: Scratch,
  inputs: Record<string, TensorInfo | undefined>,
  attrs: object,
) => TensorInfo;

/** tfjs's own kernel for WASM, as it is registered at the time of the call. */
export function stockKernel(kernelName: string): StockKernel {
  const kernel = preparedByShape(tf.getKernel(kernelName, 'wasm'));
  let {kernelFunc} = kernel;
  let readyOn: BackendWasm | undefined;
  return (scratch, inputs, attrs) => {
    if (readyOn !== scratch.backend) {
      ({kernelFunc} = countingCalls(kernel, scratch.backend));
      // tfjs sets up the kernels of the active backend only, which its own one may never have been.
      kernel.setupFunc?.(scratch.backend);
      readyOn = scratch.backend;
    }
    const result = kernelFunc({
      inputs: inputs,
      attrs: attrs as tf.NamedAttrMap,
      backend: scratch.backend,
    }) as TensorInfo;
    return scratch.adopt(result);
  };
}

/** Intermediate results of one kernel call. */
export class Scratch {
  private readonly owned: TensorInfo[] = [];
  private readonly views: TensorInfo[] = [];

  constructor(readonly backend: BackendWasm) {}

  /** An uninitialized tensor. */
  make(shape: number[], dtype: DataType = 'float32'): TensorInfo {
    return this.adopt(this.backend.makeOutput(shape, dtype));
  }

  /** Takes over the duty to free `info`. */
  adopt(info: TensorInfo): TensorInfo {
    this.owned.push(info);
    return info;
  }

  /** `info`'s values under another shape of the same size, without a copy. */
  reshape(info: TensorInfo, shape: number[]): TensorInfo {
    return {dataId: info.dataId, shape, dtype: info.dtype};
  }

  /** An intermediate under another shape of the same size; `info` is not to be used any more. */
  rename(info: TensorInfo, shape: number[]): TensorInfo {
    this.release(info);
    return this.adopt(this.reshape(info, shape));
  }

  /** The same data with a reference of its own, under `shape`: what a kernel returns when it has nothing to do. */
  share(info: TensorInfo, shape: number[]): TensorInfo {
    this.backend.incRef(info.dataId);
    return this.adopt(this.reshape(info, shape));
  }

  /** A window of a float32 tensor from element `start` on, without a copy; valid while `info` is. */
  view(info: TensorInfo, start: number, shape: number[]): TensorInfo {
    const {memoryOffset} = this.backend.dataIdMap.get(info.dataId);
    const view = this.backend.makeOutput(shape, 'float32', memoryOffset + 4 * start);
    this.views.push(view);
    return view;
  }

  /** Ends a view before the end of the call. */
  closeView(view: TensorInfo): void {
    const index = this.views.findLastIndex(({dataId}) => dataId === view.dataId);
    if (index < 0) return;
    this.views.splice(index, 1);
    const {dataIdMap, wasm} = this.backend;
    // Not through disposeData: it would free memory that belongs to the tensor behind the view.
    wasm.tfjs.disposeData(dataIdMap.get(view.dataId).id);
    dataIdMap.delete(view.dataId);
  }

  /** Hands `info` to the caller, who frees it. */
  release(info: TensorInfo): void {
    const index = this.owned.findLastIndex(({dataId}) => dataId === info.dataId);
    if (index >= 0) this.owned.splice(index, 1);
  }

  /** Frees `info` before the end of the call. */
  free(info: TensorInfo): void {
    this.release(info);
    this.backend.disposeData(info.dataId);
  }

  /** Frees all that is left. */
  dispose(): void {
    while (this.views.length > 0) this.closeView(this.views[this.views.length - 1]!);
    for (const {dataId} of this.owned) this.backend.disposeData(dataId);
    this.owned.length = 0;
  }
}

/**
 * The values of `info` where they lie in WebAssembly memory. An allocation can move that memory, so take this
 * after the last one.
 */
export function floats(backend: BackendWasm, info: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(info) as Float32Array;
}

/** As `floats`, for any type of numbers. */
export function numbers(backend: BackendWasm, info: TensorInfo): Float32Array | Int32Array | Uint8Array {
  return backend.typedArrayFromHeap(info);
}

/** How many gradients are being recorded, one inside the other. */
export function gradientDepth(): number {
  return tf.engine().state.gradientDepth;
}

/** Whether what runs now is recorded for a gradient. */
export function isRecording(): boolean {
  return tf.engine().state.gradientDepth > 0 && tf.engine().state.kernelDepth === 0;
}

/** Runs a kernel of several outputs that has no public function; inputs that are undefined are left out. */
export function runKernelOfMany(
  kernelName: string,
  inputs: Record<string, tf.Tensor | undefined>,
  attrs: object,
): tf.Tensor[] {
  const given = Object.entries(inputs).filter(
    (entry): entry is [string, tf.Tensor] => entry[1] !== undefined,
  );
  const result: tf.Tensor | tf.Tensor[] = tf
    .engine()
    .runKernel(kernelName, Object.fromEntries(given), attrs as tf.NamedAttrMap);
  return Array.isArray(result) ? result : [result];
}

/** An operation with a gradient of its own. */
export interface Operation {
  /** What gradients go to. */
  readonly inputs: Record<string, tf.Tensor>;
  /** Returns the outputs; what `keep` is given, the gradient finds in `kept`. */
  forward(keep: (tensors: tf.Tensor[]) => void): tf.Tensor[];
  /**
   * Returns a function for each input that makes its gradient. tfjs disposes what is made inside these functions; what
   * several of them need is made outside.
   */
  gradient(dys: tf.Tensor[], kept: tf.Tensor[]): Record<string, () => tf.Tensor>;
}

/** As `tf.customGrad`, but of several outputs, and gradients that nobody asks for are not computed. */
export function runOperation({inputs, forward, gradient}: Operation): tf.Tensor[] {
  const engine = tf.engine() as unknown as {
    runKernelFunc(operation: object): tf.Tensor[];
  };
  return engine.runKernelFunc({
    inputs,
    forwardFunc: (_: unknown, keep: (tensors: tf.Tensor[]) => void) => forward(keep),
    backwardsFunc: (dy: tf.Tensor | tf.Tensor[], kept: tf.Tensor[]) =>
      gradient(Array.isArray(dy) ? dy : [dy], kept),
  });
}

/** The prototype of a recurrent layer's cell. */
export function cellClassOf(layer: object): unknown {
  return Object.getPrototypeOf((layer as unknown as {cell: object}).cell);
}

/**
 * Replaces a method of a layer's class, once a program: copies of glassbox find each other's mark. The method may
 * be inherited; only the class of `layer` itself, and what extends it, changes.
 */
export function patchLayer<L, Method extends (this: L, ...args: never[]) => unknown>(
  layer: object,
  name: string,
  replace: (original: Method) => Method,
): void {
  const prototype = Object.getPrototypeOf(layer) as Record<string | symbol, unknown>;
  const mark = Symbol.for(`glassbox.${name}`);
  if (Object.hasOwn(prototype, mark)) return;
  prototype[name] = replace(prototype[name] as Method);
  prototype[mark] = true;
}

/** A kernel that computes some calls by operations of tfjs on the active backend, and leaves the rest to `original`. */
export function kernelOfTensors<Inputs, Attrs>(
  original: KernelConfig,
  applies: (inputs: Inputs) => boolean,
  compute: (inputs: Inputs, attrs: Attrs) => tf.Tensor,
): KernelConfig {
  return {
    ...original,
    kernelFunc: call => {
      const inputs = call.inputs as unknown as Inputs;
      if (!applies(inputs)) return original.kernelFunc(call);
      return tf.tidy(() => compute(inputs, call.attrs as unknown as Attrs));
    },
  };
}
