import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {KernelShap} from '../../src/explain';
import type {KernelShapOptions} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {multiLayer} from './games';
import {casesOf, distance, expectCase, headOf, readOracle, useReference} from './oracle';
import type {Nested} from './oracle';

describe.each(BACKENDS)('KernelShap on %s', backend => {
  beforeAll(() => activate(backend));

  describe('of the reference MLP', () => {
    const oracle = readOracle('mlp');
    const {targets: target} = oracle;
    const background = oracle.background as number[][];
    const {model, x} = useReference(oracle, backend);

    it.each(casesOf(oracle, 'shapley_exact_background'))('is exact: $title', async entry => {
      const tensors = tf.memory().numTensors;
      const explanation = await new KernelShap(model(), {head: headOf(entry), background}).explain(x(), {
        target,
      });
      expect(tf.memory().numTensors).toBe(tensors);
      expectCase(explanation, entry);
      const expected = target.map(of => (entry['expectedValue'] as number[])[of]!);
      expect(distance(explanation.baseValues!, expected)).toBeLessThan(1e-5);
      expect(distance(explanation.deltas!, [0, 0, 0, 0])).toBeLessThan(1e-5);
      expect(Math.max(...explanation.standardErrors![0]!.data)).toBe(0);
      // The batch itself; and for each example nobody, everybody and 254 coalitions.
      expect(explanation.evaluations.forward).toBe(4 + 4 * 256 * 10);
    });

    it.each(casesOf(oracle, 'shapley_exact_background_logitLink'))(
      'is exact in log-odds: $title',
      async entry => {
        const explainer = new KernelShap(model(), {background, link: 'logit'});
        const explanation = await explainer.explain(x(), {target});
        expectCase(explanation, entry);
        const probabilities = target.map((of, i) => (oracle.probs as number[][])[i]![of]!);
        const logOdds = probabilities.map(p => Math.log(p / (1 - p)));
        expect(distance(explanation.outputs, logOdds)).toBeLessThan(1e-4);
        expect(distance(explanation.deltas!, [0, 0, 0, 0])).toBeLessThan(1e-4);
      },
    );

    // The reference itself is up to 1e-3 off here, against a sum over all coalitions in float64: see shapley.test.ts.
    it.each(casesOf(oracle, 'shapley_exact_singleBaseline'))('values one baseline: $title', async entry => {
      const baseline = entry.baseline === 'zero' ? 0 : oracle.baselines.mean;
      const explainer = new KernelShap(model(), {head: headOf(entry), baseline});
      expectCase(await explainer.explain(x(), {target}), {...entry, tol: 1e-3});
    });

    it.each(casesOf(oracle, 'kernelShap_sampled'))(
      'comes as close as shap with 100 samples: $title',
      async entry => {
        const deviation = (entry['perRunStd'] as Nested[]).flat() as number[];
        const options: KernelShapOptions = {head: headOf(entry), background, samples: 100};
        for (const seed of [1, 2, 3]) {
          const explanation = await new KernelShap(model(), {...options, seed}).explain(x(), {target});
          expect(distance(explanation.deltas!, [0, 0, 0, 0])).toBeLessThan(1e-5);
          (entry.expected as number[][]).flat().forEach((value, i) => {
            expect(Math.abs(explanation.values[i]! - value)).toBeLessThan(5 * deviation[i]!);
          });
        }
      },
    );

    it('says how far its draws lead it astray', async () => {
      const {expected} = casesOf(oracle, 'kernelShap_sampled')[0]!;
      const exact = (expected as number[][])[0]!;
      const one = tf.slice(x(), [0, 0], [1, 8]);
      const runs = 16;
      const squares = new Float64Array(8);
      const claimed = new Float64Array(8);
      for (let seed = 0; seed < runs; seed++) {
        const explainer = new KernelShap(model(), {head: 'logits', background, samples: 60, seed});
        const {values, standardErrors} = await explainer.explain(one, {target: target[0]!});
        values.forEach((value, i) => (squares[i]! += (value - exact[i]!) ** 2 / runs));
        standardErrors![0]!.data.forEach((value, i) => (claimed[i]! += value ** 2 / runs));
      }
      one.dispose();
      const sum = (values: Float64Array) => Math.sqrt(values.reduce((total, value) => total + value, 0));
      // Draws do not come back, so that they err less than independent ones would.
      expect(sum(claimed) / sum(squares)).toBeGreaterThan(0.7);
      expect(sum(claimed) / sum(squares)).toBeLessThan(2.5);
    });

    it('gives the same for the same seed, in whatever chunks', async () => {
      const explain = async (options: KernelShapOptions) =>
        (await new KernelShap(model(), {background, samples: 60, ...options}).explain(x(), {target})).values;
      const values = await explain({seed: 3});
      expect(await explain({seed: 3})).toEqual(values);
      // Seven rows at a time split the background of ten.
      for (const batchSize of [7, 30, 10000]) {
        expect(distance(await explain({seed: 3, batchSize}), [...values])).toBeLessThan(1e-5);
      }
      expect(distance(await explain({seed: 4}), [...values])).toBeGreaterThan(1e-4);
    });

    it('plays once for all classes', async () => {
      const all = await new KernelShap(model(), {background}).explain(x(), {target: 'all'});
      expect(all.evaluations.forward).toBe(4 + 4 * 256 * 10);
      const third = await new KernelShap(model(), {background}).explain(x(), {target: 2});
      expect(distance(all.forClass(2).values, [...third.values])).toBeLessThan(1e-6);
      expect(distance(all.forClass(2).baseValues!, [...third.baseValues!])).toBeLessThan(1e-6);
    });

    it('groups columns by name or by integers', async () => {
      const grouped = await new KernelShap(model(), {
        background,
        featureMask: {city: [1, 2, 5]},
        perFeature: true,
      }).explain(x());
      const labelled = await new KernelShap(model(), {
        background,
        featureMask: [7, 9, 9, 11, 12, 9, 20, 30],
      }).explain(x());
      expect(grouped.shape).toEqual([4, 6]);
      expect(labelled.shape).toEqual([4, 8]);
      expect(labelled.values[1]).toBe(labelled.values[2]);
      expect([...labelled.values.slice(0, 2)]).toEqual([...grouped.values.slice(0, 2)]);
      expect(distance(labelled.deltas!, [0, 0, 0, 0])).toBeLessThan(1e-5);
    });

    it('hides features your own way', async () => {
      const masker = {
        of: (example: readonly Tensor[]) => ({
          players: 8,
          rows: 1,
          mask: (coalitions: Uint8Array, count: number) => [
            tf.mul(example[0]!, tf.tensor(Float32Array.from(coalitions), [count, 8])),
          ],
          dispose: () => undefined,
        }),
      };
      const own = await new KernelShap(model(), {masker}).explain(x(), {target});
      const plain = await new KernelShap(model()).explain(x(), {target});
      expect(distance(own.values, [...plain.values])).toBeLessThan(1e-6);
    });

    it('ends with an abort or an error, and leaves nothing behind', async () => {
      const tensors = tf.memory().numTensors;
      const controller = new AbortController();
      let calls = 0;
      const fails = (abort: boolean) => (rows: Tensor) => {
        if (++calls % 3 === 0 && !abort) throw new Error('out of order');
        if (calls % 3 === 0) controller.abort(new Error('enough'));
        return tf.sum(rows, 1);
      };
      const options = {background, batchSize: 10};
      await expect(new KernelShap(fails(false), options).explain(x())).rejects.toThrow('out of order');
      calls = 0;
      await expect(
        new KernelShap(fails(true), options).explain(x(), {signal: controller.signal}),
      ).rejects.toThrow('enough');
      expect(tf.memory().numTensors).toBe(tensors);
    });

    it('explains an asynchronous function, twice at once', async () => {
      const remote = async (rows: Tensor) => {
        await Promise.resolve();
        return tf.tidy(() => model().predict(rows) as Tensor);
      };
      const plain = await new KernelShap(model(), {background}).explain(x(), {target});
      const tensors = tf.memory().numTensors;
      const explainer = new KernelShap(remote, {background});
      const both = await Promise.all([explainer.explain(x(), {target}), explainer.explain(x(), {target})]);
      for (const {values} of both) expect(distance(values, [...plain.values])).toBeLessThan(1e-6);
      expect(tf.memory().numTensors).toBe(tensors);
    });

    it('refuses what cannot be right', async () => {
      const refuse = (options: object, message: RegExp) =>
        expect(async () => new KernelShap(model(), options).explain(x())).rejects.toThrow(message);
      await refuse({sample: 3}, /Did you mean 'samples'/);
      await refuse({samples: 0}, /samples of KernelShap is 0/);
      await refuse({samples: 5, background}, /do not tell all 8 features apart.*Raise samples/);
      await refuse({background, baseline: 0}, /a background and a baseline/);
      await refuse({background: [[1, 2]]}, /Input 0 of the background has shape \[1,2\]/);
      await refuse({background: [[1, 2, 3, 4, 5, 6, 7, NaN]]}, /holds NaN/);
      await refuse({link: 'log'}, /Unknown link 'log'/);
      await refuse({link: 'logit', head: 'logits'}, /which is no probability/);
      await refuse({featureMask: [0, 1]}, /feature mask of input 0 has shape/);
      await refuse({featureMask: [0, 0, 0, 0, 1, 1, 1, 0.5]}, /holds 0.5/);
      await refuse({featureMask: {a: [1, 2], b: [2]}}, /is in 'a' too/);
    });
  });

  describe('of the reference CNN', () => {
    const oracle = readOracle('cnn');
    const {model, x} = useReference(oracle, backend);

    it.each(casesOf(oracle, 'shapley_exact_segments'))('values segments: $title', async entry => {
      const featureMask = oracle['segments8'] as number[][];
      const explainer = new KernelShap(model(), {featureMask, perFeature: true});
      expectCase(await explainer.explain(x(), {target: oracle.targets}), entry);
      const shaped = await new KernelShap(model(), {featureMask}).explain(x(), {target: oracle.targets});
      expect(shaped.shape).toEqual([2, 16, 16, 3]);
      expect(shaped.values[0]).toBeCloseTo((entry.expected as number[][])[0]![featureMask[0]![0]!]!, 4);
    });
  });

  describe('of small models', () => {
    it.each([
      [{}, [76.667, 196.667, 116.667]],
      [{featureMask: [0, 0, 1]}, [275, 275, 115]],
      [{baseline: [10, 20, 10]}, [40, 120, 80]],
    ] as const)('knows the values under %j', async (options, expected) => {
      const explanation = await new KernelShap(multiLayer, options).explain([[20, 50, 30]], {target: 0});
      expect(distance(explanation.values, expected)).toBeLessThan(1e-3);
    });

    it('gives a single feature all there is', async () => {
      const {values} = await new KernelShap((rows: Tensor) => tf.square(rows), {
        background: [[1], [3]],
      }).explain([[4]]);
      expect(values[0]).toBeCloseTo(16 - 5, 5);
    });

    it('finds the values of an additive game among many features from few samples', async () => {
      const weights = Array.from({length: 60}, (_, i) => i - 20);
      const additive = (rows: Tensor) => tf.matMul(rows, tf.tensor2d(weights, [60, 1]));
      const explainer = new KernelShap(additive, {samples: 300});
      const {values, standardErrors} = await explainer.explain(tf.ones([1, 60]));
      expect(distance(values, weights)).toBeLessThan(1e-3);
      expect(Math.max(...standardErrors![0]!.data)).toBeLessThan(1e-3);
    });

    it('takes several inputs together', async () => {
      const [a, b] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4, 5]])];
      const product = (inputs: Tensor[]) => tf.mul(tf.sum(inputs[0]!, 1), tf.sum(inputs[1]!, 1));
      const {attributions} = await new KernelShap(product, {
        featureMask: [
          [0, 0],
          [1, 1, 1],
        ],
      }).explain([a, b]);
      expect(attributions.map(({data}) => [...data])).toEqual([
        [18, 18],
        [18, 18, 18],
      ]);
      tf.dispose([a, b]);
    });
  });
});
