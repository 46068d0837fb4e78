import {useBackend} from '../../src/backend';

export const BACKENDS = ['cpu', 'wasm'] as const;

/** Activates a backend, repaired where tfjs's own is wrong. */
export async function activate(name: (typeof BACKENDS)[number]): Promise<void> {
  await useBackend(name);
}
