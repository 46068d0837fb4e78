/** What GPUs compute themselves, and what tfjs computes on the processor in their place. */
import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll} from 'vitest';
import type {BackendName} from '../src/backend';

const flags: Partial<Record<BackendName, string>> = {
  webgl: 'WEBGL_CPU_FORWARD',
  webgpu: 'WEBGPU_CPU_FORWARD',
};

/**
 * Has everything computed on the device in the tests of a suite that runs on a backend: tfjs leaves small tensors, as
 * tests have, on the processor. Call it behind the `beforeAll` that chooses the backend.
 */
export function computeOnDevice(backend: BackendName): void {
  const flag = flags[backend];
  if (flag === undefined) return;
  let before: boolean;
  beforeAll(() => {
    before = tf.env().getBool(flag);
    tf.env().set(flag, false);
  });
  afterAll(() => tf.env().set(flag, before));
}
