/**
 * The kernel module: compiled WebAssembly that is embedded in this package and works on the memory of tfjs's
 * backend. Its sources are in ../kernels.
 */
import {plainModule, relaxedModule} from './kernels.generated';
import {importingSharedMemory} from './sharedImport';

/** Whether this runtime has relaxed SIMD, with which a product and a sum are one instruction. */
export async function hasRelaxedSimd(): Promise<boolean> {
  return WebAssembly.validate(await inflate(relaxedModule));
}

/** Compiles the kernels, for a memory that threads share or for one of this thread alone. */
export async function compileKernelModule(
  relaxedSimd: boolean,
  memory: WebAssembly.Memory,
): Promise<WebAssembly.Module> {
  const binary = await inflate(relaxedSimd ? relaxedModule : plainModule);
  return WebAssembly.compile(isShared(memory) ? importingSharedMemory(binary) : binary);
}

/** Whether threads can work on `memory`. */
export function isShared({buffer}: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer === 'function' && buffer instanceof SharedArrayBuffer;
}

/** What deflated bytes in base64 stand for. */
async function inflate(base64: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}
