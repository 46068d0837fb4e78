import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import type {BackendName} from '../../src/backend';
import {Random, withRandomSource, withSeed} from '../../src/core';
import {aliases, layerCases, notLayers} from './layerCases';
import type {LayerCase} from './layerCases';
import oracle from '../oracle/layers.json';

const BATCH = 3;
const STEPS = 4;
const RATE = 0.1;

interface Run {
  losses: number[];
  /** Of the first step: weights in order, then inputs. */
  gradients: Float32Array[];
  finalWeights: Float32Array[];
}

/** A model, the variables it is trained by, and its loss at a step. */
interface Training {
  weights: tf.Variable[];
  /** Inputs that have a gradient, as variables. */
  inputs: tf.Variable[];
  loss(step: number): tf.Scalar;
  state: tf.Variable[];
  dispose(): void;
}

function train({weights, inputs, loss, state}: Training): Run {
  const losses: number[] = [];
  let gradients: Float32Array[] = [];
  const all = [...weights, ...inputs];
  for (let step = 0; step < STEPS; step++) {
    const {value, grads} = tf.variableGrads(() => loss(step), all);
    losses.push(value.dataSync()[0]!);
    if (step === 0) gradients = all.map(variable => Float32Array.from(grads[variable.name]!.dataSync()));
    for (const weight of weights)
      tf.tidy(() => weight.assign(tf.sub(weight, tf.mul(grads[weight.name]!, RATE))));
    tf.dispose([value, grads]);
  }
  return {
    losses,
    gradients,
    finalWeights: [...weights, ...state].map(weight => Float32Array.from(weight.dataSync())),
  };
}

/** Largest difference relative to the largest expected number. */
function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  tolerance = 1e-4,
): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = Math.max(1e-3, ...Array.from(expected, Math.abs));
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(actual[i]! - expected[i]!) <= tolerance * scale))
      expect.fail(`${what}: element ${i} is ${actual[i]} instead of ${expected[i]}`);
  }
}

function variable(values: number[] | Float32Array, shape: number[]): tf.Variable {
  const tensor = tf.tensor(values, shape);
  const made = tf.variable(tensor);
  tensor.dispose();
  return made;
}

/** The model of a case on the active backend; the same numbers on all of them. */
function setUp(test: LayerCase, name: string): Training {
  const random = new Random(5, name);
  const symbolic = test.inputs.map(shape => layers.input({shape}));
  const model = withSeed(11, () => layers.model({inputs: symbolic, outputs: test.build(symbolic)}));
  const inputs = test.inputs.map(shape => {
    const full = [BATCH, ...shape];
    const values = Float32Array.from({length: tf.util.sizeFromShape(full)}, () =>
      test.integers === undefined ? random.uniform() * 2 - 1 : random.integer(test.integers),
    );
    return variable(values, full);
  });
  const weights = model.trainableWeights.map(weight => weight.read() as tf.Variable);
  // Zeros and ones, as biases and scales start, would hide where they go.
  for (const weight of weights) {
    const noise = tf.tensor(
      Float32Array.from({length: weight.size}, () => random.uniform() * 0.4 - 0.2),
      weight.shape,
    );
    tf.tidy(() => weight.assign(tf.add(weight, noise)));
    noise.dispose();
  }
  const call = (step: number): tf.Tensor =>
    withRandomSource(
      new Random(3, name, step),
      () => model.apply(inputs.length === 1 ? inputs[0]! : inputs, {training: true}) as tf.Tensor,
    );
  const outShape = tf.tidy(() => call(0).shape);
  const target = tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(outShape)}, () => random.uniform() * 2 - 1),
    outShape,
  );
  return {
    weights,
    inputs: test.integers === undefined ? inputs : [],
    state: model.nonTrainableWeights.map(weight => weight.read() as tf.Variable),
    loss: step => {
      const y = call(step);
      // RandomWidth draws the width anew each step.
      const wanted = tf.util.arraysEqual(y.shape, outShape) ? target : tf.zerosLike(y);
      return tf.mean<tf.Scalar>(tf.square(tf.sub(y, wanted)));
    },
    dispose: () => {
      tf.dispose([target, ...inputs]);
      model.dispose();
    },
  };
}

async function runOn(backend: BackendName, test: LayerCase, name: string): Promise<Run> {
  await switchTo(backend);
  const tensors = tf.memory().numTensors;
  const data = tf.backend().numDataIds();
  const training = setUp(test, name);
  const run = train(training);
  training.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
  expect(tf.backend().numDataIds()).toBe(data);
  return run;
}

/**
 * The slope of the loss along a direction in the space of all variables, from losses alone and from gradients.
 * Central differences, extrapolated to a step of zero (Richardson 1911).
 */
function slopes({weights, inputs, loss}: Training, random: Random): {measured: number; computed: number} {
  const all = [...weights, ...inputs];
  const {value, grads} = tf.variableGrads(() => loss(0), all);
  const start = all.map(variable => Float32Array.from(variable.dataSync()));
  const gradients = all.map(variable => Float32Array.from(grads[variable.name]!.dataSync()));
  tf.dispose([value, grads]);
  // Along the gradient, with random weights, so that no part of it can hide behind the rest.
  const direction = gradients.map(gradient => gradient.map(g => g * (0.2 + random.uniform())));
  const length =
    Math.sqrt(direction.reduce((sum, part) => sum + part.reduce((s, v) => s + v * v, 0), 0)) || 1;
  const at = (h: number): number => {
    all.forEach((variable, i) => {
      const moved = start[i]!.map((v, j) => v + (h * direction[i]![j]!) / length);
      const tensor = tf.tensor(moved, variable.shape);
      variable.assign(tensor);
      tensor.dispose();
    });
    return tf.tidy(() => loss(0).dataSync()[0]!);
  };
  const central = (h: number): number => (at(h) - at(-h)) / (2 * h);
  const h = 4e-3;
  const measured = (4 * central(h) - central(2 * h)) / 3;
  at(0);
  const computed = gradients.reduce(
    (sum, gradient, i) => sum + gradient.reduce((s, g, j) => s + (g * direction[i]![j]!) / length, 0),
    0,
  );
  return {measured, computed};
}

/** The repaired backends' names in tfjs: switching by them skips the checks of `useBackend`. */
const names: Partial<Record<BackendName, string>> = {};

async function switchTo(backend: BackendName): Promise<void> {
  await tf.setBackend(names[backend]!);
}

beforeAll(async () => {
  for (const backend of ['cpu', 'wasm'] as const) names[backend] = (await useBackend(backend)).tfjsName;
});

it('every export of tfjs-layers has a case', () => {
  const known = [...Object.keys(layerCases), ...Object.keys(aliases), ...notLayers].sort();
  expect(Object.keys(layers.layers).sort()).toEqual(known);
  const exported = layers.layers as unknown as Record<string, (args: object) => layers.layers.Layer>;
  for (const [alias, name] of Object.entries(aliases)) {
    const args = {poolSize: 2};
    expect(exported[alias]!(args).getClassName()).toBe(exported[name]!(args).getClassName());
  }
});

describe.each(Object.entries(layerCases))('%s', (layer, cases) => {
  cases.forEach((test, index) => {
    const name = `${layer} ${index}`;
    it(`trains on wasm as on cpu, case ${index + 1}`, async () => {
      const expected = await runOn('cpu', test, name);
      const actual = await runOn('wasm', test, name);
      expectClose(actual.losses, expected.losses, 'losses');
      expected.gradients.forEach((gradient, i) =>
        expectClose(actual.gradients[i]!, gradient, `gradient ${i}`),
      );
      expected.finalWeights.forEach((weight, i) =>
        expectClose(actual.finalWeights[i]!, weight, `weight ${i}`),
      );
    });

    it(`has the gradient that its loss has, case ${index + 1}`, async () => {
      await switchTo('wasm');
      const training = setUp(test, name);
      const {measured, computed} = slopes(training, new Random(9, name));
      training.dispose();
      expect(Math.abs(measured - computed)).toBeLessThan(0.01 * Math.abs(computed) + 2e-4);
    });
  });
});

describe('PyTorch agrees on', () => {
  const make = layers.layers as unknown as Record<string, (config: object) => layers.layers.Layer>;
  afterAll(() => switchTo('wasm'));
  describe.each(['wasm', 'cpu'] as const)('%s', backend => {
    it.each(oracle.cases)('$name', async expected => {
      await switchTo(backend);
      expect(STEPS).toBe(oracle.steps);
      expect(RATE).toBe(oracle.rate);
      const layer = make[expected.layer]!(expected.config);
      const input = layers.input({shape: expected.x.shape.slice(1)});
      const model = layers.model({inputs: input, outputs: layer.apply(input) as layers.SymbolicTensor});
      const start = expected.weights.map(({values, shape}) => tf.tensor(values, shape));
      model.setWeights(start);
      const x = variable(expected.x.values, expected.x.shape);
      const target = tf.tensor(expected.target.values, expected.target.shape);
      const run = train({
        weights: model.trainableWeights.map(weight => weight.read() as tf.Variable),
        inputs: expected.integers ? [] : [x],
        state: model.nonTrainableWeights.map(weight => weight.read() as tf.Variable),
        loss: () =>
          tf.mean<tf.Scalar>(tf.square(tf.sub(model.apply(x, {training: true}) as tf.Tensor, target))),
        dispose: () => {},
      });
      tf.dispose([...start, x, target]);
      model.dispose();
      expectClose(run.losses, expected.losses, 'losses');
      expected.gradients.forEach(({values}, i) => expectClose(run.gradients[i]!, values, `gradient ${i}`));
      expected.finalWeights.forEach(({values}, i) =>
        expectClose(run.finalWeights[i]!, values, `weight ${i}`),
      );
    });
  });
});
