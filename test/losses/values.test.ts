/**
 * Every loss against PyTorch in float64: values and gradients (test/oracle/losses.py).
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import {readFileSync} from 'node:fs';
import {beforeAll, describe, expect, test} from 'vitest';
import * as losses from '../../src/losses';

type Nested = number[] | Nested[];
interface Case {
  name: string;
  loss: string;
  options: Record<string, unknown>;
  yTrue: Nested;
  yPred: Nested;
  values: Nested;
  weights: Nested;
  gradient: Nested;
}
const {cases} = JSON.parse(readFileSync(new URL('../oracle/losses.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

/** The loss of a case with its options: through `getLoss` for the class, then made anew. */
function make({loss, options}: Case): losses.Loss {
  const Class = losses.getLoss(loss).constructor as new (options: Record<string, unknown>) => losses.Loss;
  return new Class(options);
}

function expectClose(actual: ArrayLike<number>, expected: Nested, tolerance: number): void {
  const numbers = [expected].flat(Infinity as 1) as number[];
  expect(actual.length).toBe(numbers.length);
  numbers.forEach((number, i) => {
    const error = Math.abs(actual[i]! - number) / Math.max(1, Math.abs(number));
    expect(error, `number ${i}: ${actual[i]} for ${number}`).toBeLessThan(tolerance);
  });
}

describe.each(['cpu', 'wasm'])('on %s', backend => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });

  test.each(cases)("$name has PyTorch's values and gradient", oracle => {
    const before = tf.memory().numTensors;
    const loss = make(oracle);
    const [yTrue, yPred, weights] = [oracle.yTrue, oracle.yPred, oracle.weights].map(x => tf.tensor(x)) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const values = loss.call(yTrue, yPred);
    expect(values.shape).toEqual(yPred.shape.slice(0, -1));
    expectClose(values.dataSync(), oracle.values, 2e-6);
    const gradient = tf.grad(p => tf.sum(tf.mul(loss.call(yTrue, p), weights)))(yPred);
    expectClose(gradient.dataSync(), oracle.gradient, 5e-6);
    tf.dispose([yTrue, yPred, weights, values, gradient]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('every loss by name is among the cases', () => {
  const tested = new Set(cases.map(({loss}) => losses.getLoss(loss).name));
  expect([...new Set(losses.lossNames().map(name => losses.getLoss(name).name))].sort()).toEqual(
    [...tested].sort(),
  );
});
