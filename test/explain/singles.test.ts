import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {InputXGradient, IntegratedGradients, Saliency} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';

describe.each(BACKENDS)('one example of a model with one score, on %s', backend => {
  beforeAll(() => activate(backend));

  it.each([Saliency, InputXGradient, IntegratedGradients])('is explained', async Method => {
    const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [3, 2]), 1);
    const tensors = tf.memory().numTensors;
    const x = tf.tensor2d([[1, 2]]);
    const {values} = await new Method(score).explain(x);
    x.dispose();
    const expected = Method === Saliency ? [3, 2] : [3, 4];
    values.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
