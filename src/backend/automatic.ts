/** What `'auto'` tries, in this order. */
import type {BackendName} from './types';

/** Of a page, or of a worker in one: what is fastest where it is real hardware comes first. */
const inPage: readonly BackendName[] = ['webgpu', 'webgl', 'wasm', 'cpu'];

const inNode: readonly BackendName[] = ['node', 'webgpu', 'wasm', 'cpu'];

export function automaticOrder(): readonly BackendName[] {
  return isNode() ? inNode : inPage;
}

/** Whether this is Node, or something that goes for it, and not a page that has a stand-in for `process`. */
export function isNode(): boolean {
  const {process, document} = globalThis as {
    process?: {versions?: {node?: string}};
    document?: unknown;
  };
  return typeof process?.versions?.node === 'string' && document === undefined;
}
