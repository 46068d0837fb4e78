import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {ConfigurationError} from '../../src/core';
import {clipByGlobalNorm, clipByNorm, clipByValue} from '../../src/optimizers';

describe.each(['cpu', 'wasm'] as const)('clipping on %s', backend => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it('by global norm scales all gradients by one factor and gives the norm before', () => {
    tf.tidy(() => {
      const {clipped, norm} = clipByGlobalNorm([tf.tensor2d([[2, 3]]), tf.tensor1d([6]), tf.scalar(0)], 3.5);
      expect([...norm.dataSync()]).toEqual([7]);
      expect(clipped.map(gradient => [...gradient.dataSync()])).toEqual([[1, 1.5], [3], [0]]);
      expect(clipped[0]!.shape).toEqual([1, 2]);
    });
  });

  it('by norm scales each gradient by itself', () => {
    tf.tidy(() => {
      const clipped = clipByNorm([tf.tensor1d([3, 4]), tf.tensor1d([0.3, 0.4])], 2.5);
      expect([...clipped[0]!.dataSync()]).toEqual([1.5, 2]);
      expect([...clipped[1]!.dataSync()]).toEqual([...tf.tensor1d([0.3, 0.4]).dataSync()]);
    });
  });

  it('by value bounds each element', () => {
    tf.tidy(() => {
      const [clipped] = clipByValue([tf.tensor1d([-3, -0.5, 0, 0.25, 3])], 0.5);
      expect([...clipped!.dataSync()]).toEqual([-0.5, -0.5, 0, 0.25, 0.5]);
    });
  });

  it('leaves gradients within the bound as they are, to the bit', () => {
    tf.tidy(() => {
      const gradients = [tf.randomNormal([50], 0, 0.1, 'float32', 1), tf.zeros([3])];
      const bits = gradients.map(gradient => gradient.dataSync());
      expect(clipByGlobalNorm(gradients, 7.3).clipped.map(gradient => gradient.dataSync())).toEqual(bits);
      expect(clipByNorm(gradients, 7.3).map(gradient => gradient.dataSync())).toEqual(bits);
      expect(clipByValue(gradients, 7.3).map(gradient => gradient.dataSync())).toEqual(bits);
    });
  });

  it('makes one tensor a gradient (and the norm), and disposes nothing of the caller’s', () => {
    const gradients = [tf.tensor1d([3]), tf.tensor1d([4])];
    const before = tf.memory().numTensors;
    const {clipped, norm} = clipByGlobalNorm(gradients, 1);
    expect(tf.memory().numTensors).toBe(before + 3);
    tf.dispose([...clipped, norm]);
    for (const clip of [clipByNorm, clipByValue]) {
      const results = clip(gradients, 1);
      expect(tf.memory().numTensors).toBe(before + 2);
      tf.dispose(results);
    }
    expect(gradients.map(gradient => [...gradient.dataSync()])).toEqual([[3], [4]]);
    tf.dispose(gradients);
  });

  it('of nothing gives nothing and a norm of 0', () => {
    const {clipped, norm} = clipByGlobalNorm([], 1);
    expect(clipped).toEqual([]);
    expect([...norm.dataSync()]).toEqual([0]);
    norm.dispose();
    expect(clipByNorm([], 1)).toEqual([]);
  });

  it('measures a million elements as exactly as four', () => {
    tf.tidy(() => {
      const {norm} = clipByGlobalNorm([tf.fill([1000, 1000], 0.1)], 1);
      expect(Math.abs(norm.dataSync()[0]! / 100 - 1)).toBeLessThan(1e-5);
    });
  });

  it('shows NaN in the norm', () => {
    tf.tidy(() => {
      expect(clipByGlobalNorm([tf.tensor1d([NaN]), tf.tensor1d([1])], 1).norm.dataSync()[0]).toBeNaN();
    });
  });

  it('refuses a bound that is not above 0', () => {
    const before = tf.memory().numTensors;
    for (const max of [0, -1, NaN, Infinity]) {
      expect(() => clipByGlobalNorm([], max)).toThrow(ConfigurationError);
      expect(() => clipByNorm([], max)).toThrow(ConfigurationError);
      expect(() => clipByValue([], max)).toThrow(ConfigurationError);
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});
