/** Rules that take the place of gradients: what guided backpropagation and DeepLIFT are made of. */
import * as tf from '@tensorflow/tfjs-core';
import {withoutFusion} from '../core';

/** Makes a rule of the gradient that an operation has. */
export type GradientRule = (original: tf.GradConfig) => tf.GradConfig;

/**
 * Runs a computation of gradients in which operations follow rules of their own. The gradients are registered for the
 * whole program, so they are replaced only while a synchronous function runs: nobody else can meet them, and they are
 * as before when it returns or throws. Operations without a gradient stay without.
 *
 * @param rules by the names of kernels: `'Relu'`, `'MaxPool'` …
 */
export function withGradientRules<T>(rules: Readonly<Record<string, GradientRule>>, run: () => T): T {
  const originals = Object.keys(rules)
    .map(name => tf.getGradient(name))
    .filter(config => config !== undefined);
  try {
    for (const original of originals) {
      replaceGradient(rules[original.kernelName]!(original));
    }
    return withoutFusion(run);
  } finally {
    originals.forEach(replaceGradient);
  }
}

function replaceGradient(config: tf.GradConfig): void {
  tf.unregisterGradient(config.kernelName);
  tf.registerGradient(config);
}
