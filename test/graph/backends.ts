import {useBackend} from '../../src/backend';
import type {BackendName} from '../../src/backend';
import {backendUnderTest, isAsked} from '../backendUnderTest';

export const BACKENDS: readonly BackendName[] = isAsked ? [backendUnderTest] : ['cpu', 'wasm'];

/** Activates a backend, repaired where tfjs's own is wrong. */
export async function activate(name: BackendName): Promise<void> {
  await useBackend(name);
}
