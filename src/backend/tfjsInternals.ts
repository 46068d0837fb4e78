/**
 * The border with tfjs's internals: every reach into what tfjs does not export, and every cast that this
 * takes, is here.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {
  DataType,
  GradConfig,
  KernelBackend,
  NamedTensorInfoMap,
  Tensor,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import type {MathBackendCPU} from '@tensorflow/tfjs-backend-cpu';
import type {BackendWasm} from '@tensorflow/tfjs-backend-wasm';

/** tfjs's WASM backend, as kernels use it. */
export type HeapBackend = BackendWasm;

/** tfjs's CPU backend, as kernels use it. */
export type CpuScratch = MathBackendCPU;

/** The package of tfjs's CPU backend. */
export type CpuModule = typeof import('@tensorflow/tfjs-backend-cpu');

/** The instance that tfjs holds under a name; undefined as long as it has not been started. */
export function runningInstance(name: string): KernelBackend | undefined {
  return tf.engine().registry[name];
}

/** Puts a started instance under a name that tfjs already has a factory for. */
export function setRunningInstance(name: string, instance: KernelBackend): void {
  tf.engine().registry[name] = instance;
}

/** Makes a backend active that has been started, or none, as before the first one was chosen. */
export async function makeActive(name: string | undefined): Promise<void> {
  if (name !== undefined) {
    await tf.setBackend(name);
    return;
  }
  const engine = tf.engine() as unknown as {backendName: undefined; backendInstance: undefined};
  engine.backendName = undefined;
  engine.backendInstance = undefined;
}

/** The name of tfjs's active backend; undefined where none has been chosen yet. */
export function activeBackend(): string | undefined {
  return tf.getBackend() || undefined;
}

/** Takes a name out of tfjs without disposing the instance behind it, which others share. */
export function forgetBackend(name: string): void {
  const engine = tf.engine();
  for (const {kernelName} of tf.getKernelsForBackend(name)) tf.unregisterKernel(kernelName, name);
  delete engine.registry[name];
  delete engine.registryFactory[name];
}

/** The float32 values of a tensor where they lie: on the heap for `wasm`, so valid until the next allocation. */
export function inputValues(backend: unknown, kind: 'wasm' | 'cpu', info: TensorInfo): Float32Array {
  if (kind === 'wasm') return (backend as HeapBackend).typedArrayFromHeap(info) as Float32Array;
  return (backend as CpuScratch).data.get(info.dataId).values as Float32Array;
}

/** A new float32 tensor, handed as zeros to `fill`; freed again should that throw. */
export function outputOn(
  backend: unknown,
  kind: 'wasm' | 'cpu',
  shape: number[],
  fill: (output: Float32Array) => void,
): TensorInfo {
  if (kind === 'cpu') {
    const values = new Float32Array(tf.util.sizeFromShape(shape));
    fill(values);
    return (backend as CpuScratch).makeTensorInfo(shape, 'float32', values);
  }
  const heap = backend as HeapBackend;
  const info = heap.makeOutput(shape, 'float32');
  try {
    const values = heap.typedArrayFromHeap(info) as Float32Array;
    values.fill(0);
    fill(values);
  } catch (error) {
    heap.disposeData(info.dataId);
    throw error;
  }
  return info;
}

/** A new tensor of numbers that are all the same. */
export function filledOn(
  backend: unknown,
  kind: 'wasm' | 'cpu',
  shape: number[],
  dtype: DataType,
  value: number,
): TensorInfo {
  if (kind === 'cpu') {
    const values = tf.util.makeZerosTypedArray(tf.util.sizeFromShape(shape), dtype as 'float32');
    return (backend as CpuScratch).makeTensorInfo(shape, dtype, values.fill(value));
  }
  const heap = backend as HeapBackend;
  const info = heap.makeOutput(shape, dtype);
  heap.typedArrayFromHeap(info).fill(value);
  return info;
}

/** The tensors that a kernel is called with; some kernels take lists of them, by name or on their own. */
export function mapKernelInputs(
  inputs: NamedTensorInfoMap,
  map: (info: TensorInfo) => TensorInfo,
): NamedTensorInfoMap {
  type Input = TensorInfo | TensorInfo[] | undefined;
  const mapOne = (input: Input): Input => (Array.isArray(input) ? input.map(map) : input && map(input));
  const entries = Object.entries(inputs as Record<string, Input>).map(([name, input]) => [
    name,
    mapOne(input),
  ]);
  const mapped: unknown = Array.isArray(inputs)
    ? entries.map(([, input]) => input)
    : Object.fromEntries(entries);
  return mapped as NamedTensorInfoMap;
}

/** All tensors that a kernel is called with, on their own and in lists. */
export function kernelInputs(inputs: NamedTensorInfoMap): TensorInfo[] {
  const values = Object.values(inputs as Record<string, TensorInfo | TensorInfo[] | null | undefined>);
  return values.flatMap(input => input ?? []);
}

/** The attributes of a kernel call, under the type that its operation gives them. */
export function attrsAs<Attrs>(attrs: tf.NamedAttrMap | undefined): Attrs {
  return attrs as unknown as Attrs;
}

/** What a gradient function of ours looks like: its attributes have the type that the kernel is called with. */
export interface TypedGradient<Attrs> {
  readonly kernelName: string;
  readonly inputsToSave?: string[];
  readonly outputsToSave?: boolean[];
  readonly saveAllInputs?: boolean;
  gradient(dy: Tensor, saved: Tensor[], attrs: Attrs, dys: Tensor[]): Record<string, () => Tensor>;
}

/** A gradient as tfjs registers it. `dys` has every output's; `dy` is the first. */
export function gradientConfig<Attrs>({gradient, ...config}: TypedGradient<Attrs>): GradConfig {
  return {
    ...config,
    gradFunc: (dy, saved, attrs) => {
      const dys = Array.isArray(dy) ? dy : [dy];
      return gradient(dys[0]!, saved, attrs as unknown as Attrs, dys);
    },
  };
}

/** Runs a kernel of tfjs that has no public function. */
export function runKernel(kernelName: string, inputs: Record<string, Tensor>, attrs: object): Tensor {
  return tf.engine().runKernel(kernelName, inputs, attrs as tf.NamedAttrMap);
}

/** The threads of tfjs's WASM instance. */
export function wasmThreads(instance: KernelBackend): number {
  const {wasm} = instance as unknown as {wasm: {tfjs: {getThreadsCount(): number}}};
  return Math.max(1, wasm.tfjs.getThreadsCount());
}

/** Keeps tfjs's CPU backend from advertising tfjs-node on the console at its first write. */
export function silenceFirstUse(instance: KernelBackend): void {
  (instance as unknown as {firstUse: boolean}).firstUse = false;
}

/** The methods of all tensors, open for those that a program has not registered. */
export function tensorPrototype(): Record<string, unknown> {
  return tf.Tensor.prototype as unknown as Record<string, unknown>;
}

/** A kernel made of tfjs's operations, which run on the active backend and clean up after themselves. */
export function kernelOfOps<Attrs>(
  kernelName: string,
  backend: string,
  compute: (inputs: Tensor[], attrs: Attrs) => Tensor,
): tf.KernelConfig {
  return {
    kernelName,
    backendName: backend,
    kernelFunc: ({inputs, attrs}) =>
      tf.tidy(() => {
        const tensors = Object.values(inputs) as Tensor[];
        const result = compute(tensors, attrs as unknown as Attrs);
        // The engine takes the result for a new tensor.
        return tensors.includes(result) ? tf.clone(result) : result;
      }),
  };
}

/** Runs `use` with a tensor of another id that has the same memory as `info`; it is gone afterwards. */
export function withAlias<T>(
  backend: HeapBackend,
  {dataId, shape, dtype}: TensorInfo,
  use: (alias: TensorInfo) => T,
): T {
  const alias = backend.makeOutput(shape, dtype, backend.dataIdMap.get(dataId).memoryOffset);
  try {
    return use(alias);
  } finally {
    // Not through the backend's disposeData, which would free the memory.
    backend.wasm.tfjs.disposeData(backend.dataIdMap.get(alias.dataId).id);
    backend.dataIdMap.delete(alias.dataId);
  }
}

/** What is kept at an instance of a backend under a name, for all copies of glassbox; made the first time. */
export function attached<T>(instance: KernelBackend, name: string, make: () => T): T {
  const holder = instance as unknown as Record<symbol, T | undefined>;
  return (holder[Symbol.for(`glassbox.${name}`)] ??= make());
}

/** Replaces a method of one instance of a backend; what it is replaced with gets the one that was there. */
export function replaceMethod<Name extends 'read' | 'readSync'>(
  instance: KernelBackend,
  name: Name,
  replace: (original: KernelBackend[Name]) => KernelBackend[Name],
): void {
  instance[name] = replace(instance[name].bind(instance) as KernelBackend[Name]);
}
