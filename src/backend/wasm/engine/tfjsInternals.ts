/** The border to the WebAssembly instance behind tfjs's backend. */
import type {NamedAttrMap, NamedTensorInfoMap} from '@tensorflow/tfjs-core';
import type {BackendWasm} from '@tensorflow/tfjs-backend-wasm';

/** What the engine needs of the instance. */
export interface WasmInternals {
  readonly memory: WebAssembly.Memory;
  /** The address of so many bytes, a multiple of 8; 0 if there is no room. */
  malloc(bytes: number): number;
  free(address: number): void;
}

/** What lies behind tfjs's backend; undefined parts where it is built in another way than 4.22's. */
function findInternals(backend: BackendWasm): Partial<WasmInternals> {
  const {wasm} = backend as unknown as {
    wasm?: {
      asm?: {memory?: WebAssembly.Memory};
      wasmMemory?: WebAssembly.Memory;
      _malloc?(bytes: number): number;
      _free?(address: number): void;
    };
  };
  return {memory: wasm?.asm?.memory ?? wasm?.wasmMemory, malloc: wasm?._malloc, free: wasm?._free};
}

/** What is missing of what the engine needs of tfjs's backend; empty when all is there. */
export function missingInternals(backend: BackendWasm): string[] {
  const {memory, malloc, free} = findInternals(backend);
  const missing: string[] = [];
  if (!(memory instanceof WebAssembly.Memory)) missing.push('its memory');
  if (typeof malloc !== 'function' || typeof free !== 'function') missing.push('its allocator');
  return missing;
}

const known = new WeakMap<BackendWasm, WasmInternals>();

/** What lies behind tfjs's backend, which has been found to be all there. */
export function wasmInternals(backend: BackendWasm): WasmInternals {
  let internals = known.get(backend);
  if (internals === undefined) {
    internals = findInternals(backend) as WasmInternals;
    known.set(backend, internals);
  }
  return internals;
}

/** Calls `before` when tfjs disposes the instance. */
export function onDispose(backend: BackendWasm, before: () => void): void {
  const dispose = backend.dispose.bind(backend);
  backend.dispose = () => {
    before();
    dispose();
  };
}

/** What a kernel is called with, under the types that its operation gives it. */
export function callAs<Inputs, Attrs>({
  inputs,
  attrs,
}: {
  inputs: NamedTensorInfoMap;
  attrs?: NamedAttrMap | undefined;
}): {inputs: Inputs; attrs: Attrs} {
  return {inputs: inputs as unknown as Inputs, attrs: attrs as unknown as Attrs};
}
