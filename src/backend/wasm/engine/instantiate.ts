/** Kernels as functions. This file becomes part of the workers' program: it imports nothing. */

/** A kernel: does part `chunk` of the work that the numbers at `args` describe. */
export type Kernel = (args: number, chunk: number, scratch: number) => void;

/** The kernels by name, working on `memory`. Their order is the same in every instance of a module. */
export function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Map<string, Kernel> {
  const {exports} = new WebAssembly.Instance(module, {env: {memory}});
  const kernels = Object.entries(exports).filter(([, value]) => typeof value === 'function');
  return new Map(kernels as [string, Kernel][]);
}
