/**
 * The kernel module: compiled WebAssembly that is embedded in this package and works on the memory of tfjs's
 * backend. Its sources are in ../kernels.
 */
import {plainModule, relaxedModule} from './kernels.generated';

/** A kernel: does part `chunk` of the work that the numbers at `args` describe. */
export type Kernel = (args: number, chunk: number, scratch: number) => void;

/** Whether this runtime has relaxed SIMD, with which a product and a sum are one instruction. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(bytesOf(relaxedModule));
}

/** Compiles the kernels. */
export async function compileKernelModule(relaxedSimd: boolean): Promise<WebAssembly.Module> {
  return WebAssembly.compile(bytesOf(relaxedSimd ? relaxedModule : plainModule));
}

/** The kernels by name, working on `memory`. Their order is the same in every instance of a module. */
export function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Map<string, Kernel> {
  const {exports} = new WebAssembly.Instance(module, {env: {memory}});
  const kernels = Object.entries(exports).filter(([, value]) => typeof value === 'function');
  return new Map(kernels as [string, Kernel][]);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), character => character.charCodeAt(0));
}
