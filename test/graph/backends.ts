import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

export const BACKENDS = ['cpu', 'wasm'] as const;

/** Activates a backend as tfjs ships it: the executor needs no repaired one. */
export async function activate(name: (typeof BACKENDS)[number]): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`no ${name} backend`);
}
