import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {FeatureAblation, Occlusion} from '../../src/explain';
import type {OcclusionOptions} from '../../src/explain';
import {BACKENDS} from '../graph/backends';
import {multiLayer} from './games';
import {casesOf, distance, expectCase, headOf, readOracle, useReference} from './oracle';
import type {OracleCase} from './oracle';

describe.each(BACKENDS)('leaving out parts on %s', backend => {
  describe.each(['mlp', 'cnn'] as const)('of the reference %s', name => {
    const oracle = readOracle(name);
    const {targets: target} = oracle;
    const baselineOf = ({baseline}: OracleCase) => (baseline === 'mean' ? oracle.baselines.mean : 0);
    const {model, x} = useReference(oracle, backend);

    it.each(casesOf(oracle, 'occlusion'))('by windows: $title', async entry => {
      const {window = [], stride: strides = []} = entry;
      const tensors = tf.memory().numTensors;
      const options = {window, strides, head: headOf(entry), baseline: baselineOf(entry)};
      const explanation = await new Occlusion(model(), options).explain(x(), {target});
      expect(tf.memory().numTensors).toBe(tensors);
      expectCase(explanation, entry);
      const few = await new Occlusion(model(), {...options, batchSize: 3}).explain(x(), {target});
      expectCase(few, entry);
      expect(explanation.deltas).toBeUndefined();
    });

    if (name === 'mlp')
      it.each(casesOf(oracle, 'featureAblation'))('one by one: $title', async entry => {
        const explainer = new FeatureAblation(model(), {head: headOf(entry), baseline: baselineOf(entry)});
        const explanation = await explainer.explain(x(), {target});
        expectCase(explanation, entry);
        expect(explanation.evaluations.forward).toBe(4 + 4 * 9);
      });

    if (name === 'cnn')
      it.each(casesOf(oracle, 'featureAblation_segments'))('by segments: $title', async entry => {
        const featureMask = oracle['segments16'] as number[][];
        const explainer = new FeatureAblation(model(), {head: headOf(entry), featureMask});
        expectCase(await explainer.explain(x(), {target}), entry);
      });
  });

  it.each([
    [{window: 1}, [80, 200, 120]],
    [{window: 2, baseline: 10}, [200, 220, 240]],
    [{window: 2, strides: 2}, [280, 280, 120]],
  ] as const)('knows a small model under %j', async (options, expected) => {
    const {values} = await new Occlusion(multiLayer, options).explain([[20, 50, 30]], {
      target: 0,
    });
    expect(distance(values, expected)).toBeLessThan(1e-3);
  });

  it('takes a number for the height and width of images, with all channels', async () => {
    const weigh = (x: tf.Tensor): tf.Tensor => tf.sum(tf.mul(x, [1, 10]), [1, 2, 3]);
    const image = tf.ones([1, 3, 4, 2]);
    const square = await new Occlusion(weigh, {window: 2, strides: 2}).explain(image);
    const listed = await new Occlusion(weigh, {window: [2, 2, 2], strides: [2, 2, 2]}).explain(image);
    expect(square.values).toEqual(listed.values);
    expect([...square.values.slice(0, 4)]).toEqual([44, 44, 44, 44]);
    image.dispose();
  });

  it('refuses windows that do not fit, and leaves nothing behind', async () => {
    const x = tf.ones([1, 3]);
    const tensors = tf.memory().numTensors;
    const explain = (options: object) => async () =>
      new Occlusion(multiLayer, options as OcclusionOptions).explain(x);
    await expect(explain({})).rejects.toThrow(/needs a window/);
    await expect(explain({window: 4})).rejects.toThrow(/window \[4\] of Occlusion does not fit.*\[3\]/);
    await expect(explain({window: [1, 1]})).rejects.toThrow(/does not fit/);
    await expect(explain({window: 1, strides: 0})).rejects.toThrow(/strides \[0\]/);
    await expect(explain({window: 1, strides: 2})).rejects.toThrow(
      /strides \[2\].*at most \[1\], the window/,
    );
    await expect(explain({window: 1, background: [[0, 0, 0]]})).rejects.toThrow(
      /Unknown option of Occlusion 'background'.*Known: baseline, batchSize, featureNames, head, link, output, strides, window\./,
    );
    expect(tf.memory().numTensors).toBe(tensors);
    x.dispose();
  });
});
