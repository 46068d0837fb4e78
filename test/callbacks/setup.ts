import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {afterEach, beforeAll, beforeEach, expect} from 'vitest';

/** Runs the file's tests on the cpu backend, and fails those that leave tensors behind. */
export function useCpuWithoutLeaks(): void {
  let before = 0;
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });
  beforeEach(() => {
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before);
  });
}
