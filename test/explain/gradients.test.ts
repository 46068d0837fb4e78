import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {InputXGradient, IntegratedGradients, LayerIntegratedGradients, Saliency} from '../../src/explain';
import type {IntegratedGradientsOptions} from '../../src/explain';
import {BACKENDS} from '../graph/backends';
import {casesOf, distance, expectCase, headOf, readOracle, useReference} from './oracle';

const RULES: Record<string, IntegratedGradientsOptions['rule']> = {
  gausslegendre: 'gaussLegendre',
  riemann_left: 'riemannLeft',
  riemann_right: 'riemannRight',
  riemann_middle: 'riemannMiddle',
  riemann_trapezoid: 'riemannTrapezoid',
};

describe.each(BACKENDS)('gradient methods on %s', backend => {
  describe.each(['mlp', 'cnn'] as const)('of the reference %s', name => {
    const oracle = readOracle(name);
    const {targets: target} = oracle;
    const {model, x} = useReference(oracle, backend);

    it.each(casesOf(oracle, 'gradient'))('give the gradient: $title', async entry => {
      const options = {head: headOf(entry), absolute: false};
      expectCase(await new Saliency(model(), options).explain(x(), {target}), entry);
    });

    it.each(casesOf(oracle, 'inputXGradient'))('give the input times it: $title', async entry => {
      expectCase(await new InputXGradient(model(), {head: headOf(entry)}).explain(x(), {target}), entry);
    });

    // Captum's trapezoid weights sum to (n − 1)/n: ours to one.
    it.each(casesOf(oracle, 'integratedGradients'))('integrate: $title', async entry => {
      const {steps = 50, rule = 'gausslegendre', baseline = 'zero'} = entry;
      const explainer = new IntegratedGradients(model(), {
        ...{head: headOf(entry), steps, rule: RULES[rule]!, batchSize: 37},
        baseline: baseline === 'zero' ? 0 : oracle.baselines.mean,
      });
      const tensors = tf.memory().numTensors;
      const explanation = await explainer.explain(x(), {target});
      expect(tf.memory().numTensors).toBe(tensors);
      const share = rule === 'riemann_trapezoid' ? (steps - 1) / steps : 1;
      expect(
        distance(
          explanation.values.map(value => value * share),
          entry.expected,
        ),
      ).toBeLessThan(entry.tol);
      if (rule !== 'riemann_trapezoid')
        expect(distance(explanation.deltas!, entry.delta!)).toBeLessThan(1e-4);
    });

    if (name === 'mlp')
      it.each(casesOf(oracle, 'integratedGradients_limit'))('integrate to the limit: $title', async entry => {
        const options = {steps: 4000, rule: 'riemannMiddle', batchSize: 4000} as const;
        const baseline = entry.baseline === 'zero' ? 0 : oracle.baselines.mean;
        const explainer = new IntegratedGradients(model(), {...options, head: headOf(entry), baseline});
        const explanation = await explainer.explain(x(), {target});
        expectCase(explanation, entry);
        expect(distance(explanation.deltas!, [0, 0, 0, 0])).toBeLessThan(entry.tol);
      });

    if (name === 'cnn')
      it.each(casesOf(oracle, 'layerIntegratedGradients'))('integrate at a layer: $title', async entry => {
        const explainer = new LayerIntegratedGradients(model(), {layer: entry.layer!, steps: 50});
        expectCase(await explainer.explain(x(), {target}), entry);
      });
  });
});
