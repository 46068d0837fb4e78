/** The suite of training on WebGPU in Node. */
import * as tf from '@tensorflow/tfjs-core';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {useBackend} from 'glassbox';
import {missing, useWebgpu} from '../backend/softwareGpu';
import {computeOnDevice} from '../onDevice';
import {TOLERANCE, compare, suite} from './suite';

describe.skipIf(missing !== undefined)('the suite of training on WebGPU in Node', () => {
  let [reference, tested, tensors] = ['', '', 0];
  beforeAll(async () => {
    reference = (await useBackend('cpu')).tfjsName;
    await useWebgpu();
    tested = tf.getBackend();
  });
  computeOnDevice('webgpu');
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it.each(suite)('$name', async testCase => {
    expect(await compare(testCase, tested, reference)).toBeLessThan(TOLERANCE);
  });
});
