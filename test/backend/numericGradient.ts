/**
 * Gradients by finite differences.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {Random} from '../../src/core';
import type {GradientCase} from './gradientCases';

/** Inputs of a case and the weights that make a scalar of its output: fixed by its name. */
export function inputsOf({
  name,
  shapes,
  range: [low, high] = [-2, 2],
  kinksAtIntegers,
}: GradientCase): Float32Array[] {
  const random = new Random(7, name);
  // Values keep a distance from each other, so that no step changes which one is the maximum.
  const count = shapes.reduce((sum, shape) => sum + size(shape), 0);
  const spread = random.permutation(count);
  let next = 0;
  return shapes.map(shape =>
    Float32Array.from({length: size(shape)}, () => {
      const x = low + ((spread[next++]! + 0.1 + 0.5 * random.uniform()) / count) * (high - low);
      return kinksAtIntegers ? Math.floor(x) + 0.1 + 0.8 * (x - Math.floor(x)) : x;
    }),
  );
}

/** What the case should give, by tfjs's plain CPU backend. */
export function referenceCase(testCase: GradientCase): GradientCase {
  return {...testCase, f: testCase.reference ?? testCase.f};
}

/** The case's function of those values, weighted to a scalar in float64. */
export function weightedValue(testCase: GradientCase, values: readonly Float32Array[]): number {
  const output = tf.tidy(() =>
    evaluate(
      testCase,
      values.map((v, i) => tf.tensor(v, [...testCase.shapes[i]!])),
    ).dataSync(),
  );
  const weights = weightsFor(testCase, output.length);
  return Array.from(output).reduce((sum, y, i) => sum + y * weights[i]!, 0);
}

export function evaluate({f}: GradientCase, inputs: Tensor[]): Tensor {
  return f(...(inputs as never[]));
}

export function weightsFor({name}: GradientCase, length: number): Float32Array {
  const random = new Random(11, name);
  return Float32Array.from({length}, () => random.normal());
}

/** By the five-point stencil, whose error is of fourth order in the step. */
export function numericGradient(testCase: GradientCase): number[][] {
  const values = inputsOf(testCase);
  const [low, high] = testCase.range ?? [-2, 2];
  const step = Math.min(0.02, (0.1 * (high - low)) / values.reduce((sum, v) => sum + v.length, 0));
  return values.map(input =>
    Array.from(input, (x, i) => {
      const at = (offset: number): number => {
        input[i] = x + offset;
        const value = weightedValue(testCase, values);
        input[i] = x;
        return value;
      };
      return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
    }),
  );
}

/** By tfjs, on the active backend. */
export function autoGradient(testCase: GradientCase): number[][] {
  return tf.tidy(() => {
    const [, ...gradients] = gradientTensors(testCase);
    return gradients.map(gradient => Array.from(gradient.dataSync()));
  });
}

/** The output of a case, and the gradients of its weighted sum for all inputs. The caller disposes them. */
export function gradientTensors(testCase: GradientCase): Tensor[] {
  return tf.tidy(() => {
    const inputs = inputsOf(testCase).map((v, i) => tf.tensor(v, [...testCase.shapes[i]!]));
    const scalar = (...xs: Tensor[]): Tensor => {
      const output = evaluate(testCase, xs);
      return tf.sum(tf.mul(output, tf.tensor(weightsFor(testCase, output.size), output.shape)));
    };
    return [evaluate(testCase, inputs), ...tf.grads(scalar)(inputs)];
  });
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
