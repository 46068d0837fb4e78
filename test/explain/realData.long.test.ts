/** The examples on real data: what they find is right, and their pages hold it. */
import * as tf from '@tensorflow/tfjs-core';
import {useBackend} from 'glassbox';
import {beforeAll, describe, expect, test} from 'vitest';
import {explainBreastCancer} from '../../examples/explain-breast-cancer/explain';
import {explainFashionMnist} from '../../examples/explain-fashion-mnist/explain';
import {explainSpam} from '../../examples/explain-spam/explain';
import {pageOf} from '../../examples/explain/page';

const EXAMPLES = [
  {name: 'breast cancer', run: explainBreastCancer, least: 0.95, plots: 8, missing: 1e-3},
  {name: 'Fashion-MNIST', run: explainFashionMnist, least: 0.85, plots: 6, missing: 0.02},
  {name: 'spam', run: explainSpam, least: 0.9, plots: 4, missing: 1e-3},
];

beforeAll(async () => {
  await useBackend('auto');
});

describe.each(EXAMPLES)('The example on $name', ({run, least, plots, missing}) => {
  test('is accurate, sums up, shows everything on its page and leaks nothing', async () => {
    const before = tf.memory().numTensors;
    const found = await run();
    expect(tf.memory().numTensors).toBe(before);
    expect(found.accuracy).toBeGreaterThanOrEqual(least);

    expect(found.sums.length).toBeGreaterThan(0);
    for (const {deltas, warnings, values} of found.sums) {
      expect(values.every(Number.isFinite)).toBe(true);
      expect(Math.max(...deltas!.map(Math.abs))).toBeLessThan(missing);
      expect(warnings).toEqual([]);
    }

    const html = pageOf(found);
    expect(found.sections.every(section => section.plots.length > 0)).toBe(true);
    for (const plot of found.sections.flatMap(section => section.plots)) expect(html).toContain(plot);
    expect(html.match(/<svg /g)!.length).toBeGreaterThanOrEqual(plots);
    // Nothing from elsewhere, and nothing that went wrong on the way to a number.
    expect(html).not.toMatch(/<script|<link|src=|url\(|NaN|undefined|Infinity/);
    expect(html).not.toMatch(/href="(?!data:)/);
  });
});
