import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {ModelGraph} from '../../src/graph';

const values = (t: Tensor) => [...t.dataSync()];

// On the backend as tfjs ships it: ours has gradients for comparisons.
beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('a run', () => {
  it('differentiates layers whose own call has no gradient in tfjs', () => {
    const lone = (layer: layers.Layer) => sequential({layers: [layer]});
    const gradientOf = (f: (x: Tensor) => Tensor) =>
      values(tf.grad((v: Tensor) => tf.sum<Scalar>(f(v)))(tf.tensor3d([[[2, 0.1], [9, 9]]]))); // prettier-ignore
    const threshold = lone(layers.thresholdedReLU({theta: 1, inputShape: [2, 2]}));
    const masking = lone(layers.masking({maskValue: 9, inputShape: [2, 2]}));
    tf.tidy(() => {
      for (const built of [threshold, masking]) {
        expect(() => gradientOf(x => built.apply(x, {training: true}) as Tensor)).toThrow(
          'gradient function not found',
        );
      }
      expect(gradientOf(x => ModelGraph.of(threshold).run([x]).outputs[0]!)).toEqual([1, 0, 1, 1]);
      expect(gradientOf(x => ModelGraph.of(masking).run([x]).outputs[0]!)).toEqual([1, 1, 0, 0]);
    });
  });
});
