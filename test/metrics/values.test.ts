/**
 * Every metric against scikit-learn, over unequal batches, with and without sample weights.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import {beforeAll, describe, expect, test} from 'vitest';
import * as metrics from '../../src/metrics';
import {batches, cases} from './oracle';

type MetricClass = new (options: Record<string, unknown>) => metrics.Metric & {
  perClass?(): Promise<number[]>;
};

function make({metric, options}: (typeof cases)[number]): InstanceType<MetricClass> {
  const classes: Record<string, unknown> = {...metrics};
  return new (classes[metric] as MetricClass)(options);
}

function feed(metric: metrics.Metric, oracle: (typeof cases)[number], sizes: number[]): void {
  for (const [y, p, weight] of batches(oracle, sizes)) {
    metric.update(y, p, weight);
    tf.dispose([y, p, ...(weight === undefined ? [] : [weight])]);
  }
}

describe.each(['cpu', 'wasm'])('on %s', backend => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });

  test.each(cases)("$name is scikit-learn's", async oracle => {
    const before = tf.memory().numTensors;
    const metric = make(oracle);
    feed(metric, oracle, [40, 61, 9]);
    // float32 sums of a few hundred terms; counts and rankings are exact.
    expect(Math.abs((await metric.result()) - oracle.expected)).toBeLessThan(
      2e-6 * Math.max(1, Math.abs(oracle.expected)),
    );
    if (oracle.perClass !== null) {
      const each = await metric.perClass!();
      expect(each.length).toBe(oracle.perClass.length);
      each.forEach((value, i) => expect(value).toBeCloseTo(oracle.perClass![i]!, 6));
    }
    metric.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('whatever the batches', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  test.each(cases.filter(({name}) => !/log|error|R²/.test(name)))(
    '$name is the same number to the last bits',
    async oracle => {
      const results: number[] = [];
      for (const sizes of [[1000], [30, 1, 50]]) {
        const metric = make(oracle);
        feed(metric, oracle, sizes);
        results.push(await metric.result());
        metric.dispose();
      }
      const tolerance = oracle.weight === undefined ? 0 : 1e-6;
      for (const result of results) expect(Math.abs(result - results[0]!)).toBeLessThanOrEqual(tolerance);
    },
  );
});
