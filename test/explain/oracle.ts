/** The reference models, inputs and values of Captum, SHAP and LIME (test/oracle/explain_*.json; see explain.md there). */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, expect} from 'vitest';
import type {Explanation, Values} from '../../src/explain';
import {activate} from '../graph/backends';
import type {BACKENDS} from '../graph/backends';
import cnn from '../oracle/explain_cnn.json';
import mlp from '../oracle/explain_mlp.json';

/** Numbers in nested arrays. */
export type Nested = number | readonly Nested[];

export interface OracleCase {
  readonly method: string;
  readonly head: 'logits' | 'probs';
  readonly tol: number;
  readonly baseline?: 'zero' | 'mean';
  readonly steps?: number;
  readonly rule?: string;
  readonly layer?: string;
  readonly window?: number[];
  readonly stride?: number[];
  readonly delta?: number[];
  readonly expected: Nested;
  readonly [key: string]: unknown;
}

interface LayerSpec {
  type: string;
  name: string;
  units?: number;
  filters?: number;
  kernelSize?: number;
  poolSize?: number;
  strides?: number;
  padding?: 'same' | 'valid';
  kernel?: Nested;
  bias?: Nested;
}

export interface Oracle {
  readonly model: {inputShape: number[]; layers: LayerSpec[]};
  readonly inputs: Nested;
  readonly targets: number[];
  readonly background: Nested;
  readonly baselines: {zero: number[]; mean: number[]};
  readonly logits: Nested;
  readonly probs: Nested;
  readonly cases: readonly OracleCase[];
  readonly [key: string]: unknown;
}

export function readOracle(name: 'mlp' | 'cnn'): Oracle {
  return {mlp, cnn}[name] as Oracle;
}

/** The cases of a method, and what they are told apart by. */
export function casesOf(oracle: Oracle, method: string): readonly (OracleCase & {title: string})[] {
  const cases = oracle.cases.filter(entry => entry.method === method);
  if (cases.length === 0) throw new Error(`No oracle for ${method}.`);
  return cases.map(entry => ({
    ...entry,
    title: [entry.head, entry.baseline, entry.rule, entry.steps, entry.layer, entry.window?.join('×')]
      .filter(part => part !== undefined)
      .join(', '),
  }));
}

/** The oracle's `head` as `ModelOptions.head`. */
export const headOf = (entry: OracleCase): 'logits' | 'output' =>
  entry.head === 'logits' ? 'logits' : 'output';

/** The reference model, with its weights. The caller disposes it. */
export function buildModel({model: {inputShape, layers: specs}}: Oracle): LayersModel {
  const built = sequential({layers: [layers.inputLayer({inputShape}), ...specs.map(layerOf)]});
  for (const {name, kernel, bias} of specs) {
    if (kernel === undefined) continue;
    const weights = [tf.tensor(kernel), tf.tensor(bias as number[])];
    built.getLayer(name).setWeights(weights);
    tf.dispose(weights);
  }
  return built;
}

/** The reference model, inputs and background on a backend, for as long as the tests of a suite run. */
export function useReference(
  oracle: Oracle,
  backend: (typeof BACKENDS)[number],
): {model: () => LayersModel; x: () => Tensor; background: () => Tensor} {
  let held: {model: LayersModel; x: Tensor; background: Tensor};
  beforeAll(async () => {
    await activate(backend);
    held = {model: buildModel(oracle), x: tf.tensor(oracle.inputs), background: tf.tensor(oracle.background)};
  });
  afterAll(() => {
    held.model.dispose();
    tf.dispose([held.x, held.background]);
  });
  return {model: () => held.model, x: () => held.x, background: () => held.background};
}

function layerOf(spec: LayerSpec): layers.Layer {
  const {
    type,
    name,
    units = 1,
    filters = 1,
    kernelSize = 1,
    poolSize = 2,
    strides = 1,
    padding = 'valid',
  } = spec;
  switch (type) {
    case 'dense':
      return layers.dense({name, units});
    case 'relu':
      return layers.activation({name, activation: 'relu'});
    case 'softmax':
      return layers.activation({name, activation: 'softmax'});
    case 'conv2d':
      return layers.conv2d({name, filters, kernelSize, padding});
    case 'maxPooling2d':
      return layers.maxPooling2d({name, poolSize, strides, padding});
    case 'flatten':
      return layers.flatten({name});
    default:
      throw new Error(`The oracle has a layer '${type}'.`);
  }
}

/** The largest difference of two lists of numbers. */
export function distance(found: ArrayLike<number>, expected: Nested): number {
  const flat = (
    typeof expected === 'number' ? [expected] : (expected as readonly unknown[]).flat(Infinity)
  ) as number[];
  expect(found.length).toBe(flat.length);
  return flat.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
}

/** Expects the attributions of an explanation within the case's tolerance. */
export function expectCase(explanation: Explanation | Values, {expected, tol}: OracleCase): void {
  const values =
    'data' in explanation && explanation.data instanceof Float32Array
      ? explanation.data
      : (explanation as Explanation).values;
  expect(distance(values, expected)).toBeLessThan(tol);
}

export function tensorOf(values: Nested): Tensor {
  return tf.tensor(values);
}
