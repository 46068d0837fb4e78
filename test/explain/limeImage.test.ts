import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LimeImage} from '../../src/explain';
import {hideAll, maskNeighbourhood, scoreMasked} from '../../src/explain/maskedImages';
import {scoredModel} from '../../src/explain/model';
import {scoresOf} from '../../src/explain/perturbation';
import {fitSurrogate} from '../../src/explain/surrogate';
import {BACKENDS} from '../graph/backends';
import {readOracle, useReference} from './oracle';

const oracle = readOracle('cnn');
const mask = oracle.segments8 as number[][];
const core = oracle.limeImageCore as {
  results: {
    input: number;
    label: number;
    intercept: number;
    coefs: number[];
    score: number;
    localPred: number;
  }[];
};

describe.each(BACKENDS)('LimeImage on %s', backend => {
  const {model, x} = useReference(oracle, backend);

  it.each(core.results)('is the reference for given masks: example $input', async expected => {
    const data = Float32Array.from((oracle.inputs as number[][][][])[expected.input]!.flat(2));
    const image = {data, height: 16, width: 16, channels: 3};
    const segments = {labels: Int32Array.from(mask.flat()), count: 8};
    const rows = Uint8Array.from(
      Array.from({length: 255}, (_, i) => [...(255 - i).toString(2).padStart(8, '0')].map(Number)).flat(),
    );
    const scoring = {model: scoredModel(model()), batchSize: 100, signal: undefined, count: () => undefined};
    const scores = await scoreMasked(scoring, image, hideAll(image, segments), segments, rows);
    const {surrogate} = fitSurrogate(maskNeighbourhood(rows, 8, 0.25), scoresOf(scores, expected.label));
    for (const {feature, weight} of surrogate.coefficients) {
      expect(Math.abs(weight - expected.coefs[feature]!)).toBeLessThan(1e-5);
    }
    expect(surrogate.coefficients).toHaveLength(8);
    expect(Math.abs(surrogate.intercept - expected.intercept)).toBeLessThan(1e-5);
    expect(Math.abs(surrogate.score - expected.score)).toBeLessThan(1e-4);
    expect(Math.abs(surrogate.prediction - expected.localPred)).toBeLessThan(1e-5);
  });

  it('comes near the reference with masks of its own, and paints segments', async () => {
    const tensors = tf.memory().numTensors;
    const target = core.results.map(({label}) => label);
    const lime = new LimeImage(model(), {segmentation: mask, samples: 500});
    const explanation = await lime.explain(x(), {target});
    expect(tf.memory().numTensors).toBe(tensors);
    expect(explanation.shape).toEqual([2, 16, 16, 3]);
    expect(explanation.data.segments!.shape).toEqual([2, 16, 16]);
    core.results.forEach(({coefs}, i) => {
      mask.flat().forEach((segment, at) => {
        const place = (i * 256 + at) * 3;
        // The reference's masks weigh each count of segments otherwise, by a ridge on fewer rows.
        expect(Math.abs(explanation.values[place + 1]! - coefs[segment]!)).toBeLessThan(0.01);
        expect(explanation.values[place + 2]).toBe(explanation.values[place]);
      });
    });
  });

  it.each(['slic', 'quickshift', 'grid'] as const)('finds the lit corner with %s', async segmentation => {
    const corner = (images: Tensor): Tensor =>
      tf.mean(tf.slice(images, [0, 0, 0, 0], [-1, 8, 8, -1]), [1, 2, 3]);
    const image = tf.tidy(() =>
      tf.add(
        tf.pad(tf.ones([8, 8, 1]), [
          [0, 8],
          [0, 8],
          [0, 0],
        ]),
        tf.randomUniform([16, 16, 1], 0, 0.1, 'float32', 1),
      ),
    );
    const lime = new LimeImage(corner, {segmentation, segments: 16, samples: 100, hideColor: 0});
    const explanation = await lime.explain(tf.tidy(() => tf.expandDims(image)));
    const inside = [...explanation.values].filter((_, at) => at % 16 < 8 && at < 128);
    const outside = [...explanation.values].filter((_, at) => at % 16 >= 8 || at >= 128);
    expect(Math.min(...inside)).toBeGreaterThan(10 * Math.max(...outside.map(Math.abs)));
    image.dispose();
  });

  it('warns of segments that look the same hidden behind their mean', async () => {
    // One half is flat, the other not.
    const image = tf.tidy(() => tf.reshape(tf.tensor2d([1, 1, 1, 1, 3, 3, 3, 4], [2, 4]), [1, 2, 4, 1]));
    const score = (images: Tensor): Tensor => tf.sum(images, [1, 2, 3]);
    const segmentation = [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ];
    const {warnings} = await new LimeImage(score, {segmentation, samples: 50}).explain(image);
    expect(warnings.join()).toMatch(/^1 of the 2 segments of example 0 .* hidden .*: hideColor: 0\./);
    const black = await new LimeImage(score, {segmentation, samples: 50, hideColor: 0}).explain(image);
    expect(black.warnings).toEqual([]);
    image.dispose();
  });

  it('refuses what cannot mean anything, and leaves no tensor', async () => {
    const tensors = tf.memory().numTensors;
    expect(() => new LimeImage(model(), {segmentation: 'slick' as 'slic'})).toThrow(/slic/);
    await expect(new LimeImage(model(), {segmentation: [[1, 2]]}).explain(x())).rejects.toThrow(/2 pixels/);
    await expect(new LimeImage(model(), {hideColor: [1, 2]}).explain(x())).rejects.toThrow(/3 channels/);
    await expect(new LimeImage((t: Tensor) => t).explain([[1, 2]])).rejects.toThrow(/height, width/);
    const controller = new AbortController();
    const slow = (images: Tensor): Tensor => {
      if (images.shape[0] > 2) controller.abort(new Error('enough'));
      return tf.mean(images, [1, 2, 3]);
    };
    await expect(new LimeImage(slow).explain(x(), {signal: controller.signal})).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
