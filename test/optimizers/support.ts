/**
 * Weights and updates for tests.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Optimizer, WeightUpdate} from '../../src/optimizers';

/** Runs `body` with variables of the given values, and frees them. */
export function withVariables(values: readonly number[][], body: (variables: tf.Variable[]) => void): void {
  const variables = tf.tidy(() => values.map(value => tf.variable(tf.tensor1d(value))));
  try {
    body(variables);
  } finally {
    tf.dispose(variables);
  }
}

/** An update of a weight with one axis. */
export function update(
  key: string,
  variable: tf.Variable,
  gradient: number[],
  rest: Partial<WeightUpdate> = {},
): WeightUpdate {
  return {key, variable, gradient: tf.tensor1d(gradient), ...rest};
}

/** One step with gradients that are freed afterwards. */
export function step(optimizer: Optimizer, updates: WeightUpdate[]): void {
  try {
    optimizer.step(updates);
  } finally {
    tf.dispose(updates.map(({gradient}) => gradient));
  }
}

/** The elements of a tensor. */
export const values = (variable: tf.Tensor): number[] => [...variable.dataSync()];
