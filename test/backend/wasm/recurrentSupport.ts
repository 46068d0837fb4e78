/** Running a recurrent layer with its gradients on a backend, to compare what backends make of it. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {expect} from 'vitest';
import {Random} from '../../../src/core';
import {useBackend} from '../../../src/backend';
import {recurrentGradients, recurrentSequence} from './recurrentReference';
import {expectNear, values} from './support';

type LayerConfig = Parameters<typeof layers.layers.lstm>[0];

/** A layer, what it is called with, and how big that is. */
export interface RecurrentCase {
  readonly type: 'lstm' | 'gru' | 'simpleRNN';
  readonly config?: Partial<LayerConfig>;
  readonly batch: number;
  readonly steps: number;
  readonly features: number;
  readonly units: number;
  /** Masks out some steps, of one example all. */
  readonly masked?: boolean;
  readonly initialState?: boolean;
  /** Weights this many times as large, so that gates saturate. */
  readonly scale?: number;
}

/** Numbers of every output, then of every gradient by name, and which kernels made them. */
export interface RecurrentRun {
  outputs: Float32Array[];
  gradients: Record<string, Float32Array>;
  kernels: string[];
}

const gates = {lstm: 4, gru: 3, simpleRNN: 1};

/** The numbers of a case, the same for every backend. */
export function numbersOf({type, batch, steps, features, units, scale = 1}: RecurrentCase) {
  const random = new Random(7, `${type} ${batch} ${steps} ${features} ${units}`);
  const scaled = (size: number, by: number) => values(random, size).map(value => value * by);
  const columns = gates[type] * units;
  return {
    x: values(random, batch * steps * features),
    kernel: scaled(features * columns, scale / Math.sqrt(features)),
    recurrentKernel: scaled(units * columns, scale / Math.sqrt(units)),
    bias: scaled(columns, scale),
    h: values(random, batch * units),
    c: values(random, batch * units),
    /** Weights of all outputs in the loss. */
    output: values(random, batch * steps * units),
    lastH: values(random, batch * units),
    lastC: values(random, batch * units),
    mask: Float32Array.from({length: batch * steps}, (_, i) =>
      Math.floor(i / steps) === 1 || random.uniform() < 0.3 ? 0 : 1,
    ),
  };
}

type CaseNumbers = ReturnType<typeof numbersOf>;

/** Calls the layer on the active backend; asserts that nothing leaks. */
export async function runRecurrent(
  test: RecurrentCase,
  numbers: CaseNumbers = numbersOf(test),
): Promise<RecurrentRun> {
  const {type, config, batch, steps, features, units} = test;
  const layer = layers.layers[type]({
    units,
    kernelInitializer: 'zeros',
    recurrentInitializer: 'zeros',
    ...config,
  });
  layer.build([batch, steps, features]);
  tf.tidy(() =>
    layer.setWeights(
      layer.weights.map((weight, i) =>
        tf.tensor([numbers.kernel, numbers.recurrentKernel, numbers.bias][i]!, weight.shape as number[]),
      ),
    ),
  );
  const before = {tensors: tf.memory().numTensors, data: tf.backend().numDataIds()};
  const variables: Record<string, tf.Variable> = {
    x: variable(numbers.x, [batch, steps, features]),
  };
  const stateNames: ('h' | 'c')[] = type === 'lstm' ? ['h', 'c'] : ['h'];
  if (test.initialState === true)
    for (const name of stateNames) variables[name] = variable(numbers[name], [batch, units]);
  const mask = test.masked === true ? tf.tensor(numbers.mask, [batch, steps]) : undefined;
  const weights = layer.weights.map(weight => weight.read() as tf.Variable);
  weights.forEach((weight, i) => (variables[['kernel', 'recurrentKernel', 'bias'][i]!] = weight));
  const call = () => {
    const initialState = test.initialState === true ? stateNames.map(name => variables[name]!) : undefined;
    const result = layer.call(variables.x!, {mask, initialState, training: true});
    return Array.isArray(result) ? result : [result];
  };
  const loss = () =>
    tf.addN(
      call().map((output, i) => {
        const coefficients = i === 0 ? numbers.output : i === 1 ? numbers.lastH : numbers.lastC;
        return tf.sum(tf.mul(output, tf.tensor(coefficients.slice(0, output.size), output.shape)));
      }),
    ) as tf.Scalar;
  const outputs = tf.tidy(() => call().map(output => Float32Array.from(output.dataSync())));
  const gradients: Record<string, Float32Array> = {};
  const {kernelNames} = await tf.profile(() => {
    const {value, grads} = tf.variableGrads(loss, Object.values(variables));
    for (const [name, {name: id}] of Object.entries(variables))
      gradients[name] = Float32Array.from(grads[id]!.dataSync());
    tf.dispose([value, grads]);
  });
  for (const name of ['x', ...stateNames]) variables[name]?.dispose();
  mask?.dispose();
  if (layer.stateful) layer.resetStates();
  expect(tf.memory().numTensors).toBe(before.tensors);
  expect(tf.backend().numDataIds()).toBe(before.data);
  for (const weight of layer.weights) weight.dispose();
  return {outputs, gradients, kernels: kernelNames};
}

function variable(numbers: Float32Array, shape: number[]): tf.Variable {
  const tensor = tf.tensor(numbers, shape);
  const made = tf.variable(tensor);
  tensor.dispose();
  return made;
}

/** Compares all outputs and gradients on the engine, by `kernel`, with those of tfjs's loop on the CPU. */
export async function expectAsOnCpu(test: RecurrentCase, kernel: string, tolerance = 1e-5): Promise<void> {
  await useBackend('cpu');
  const expected = await runRecurrent(test);
  await useBackend('wasm');
  const actual = await runRecurrent(test);
  expect(actual.kernels).toContain(kernel);
  expect(actual.kernels).not.toContain('Sigmoid');
  expect(actual.outputs.length).toBe(expected.outputs.length);
  actual.outputs.forEach((output, i) => expectNear(output, expected.outputs[i]!, tolerance));
  expect(Object.keys(actual.gradients)).toEqual(Object.keys(expected.gradients));
  for (const [name, gradient] of Object.entries(actual.gradients)) {
    try {
      expectNear(gradient, expected.gradients[name]!, tolerance);
    } catch (error) {
      throw new Error(`the gradient of ${name}`, {cause: error});
    }
  }
}

/** Compares the engine's sequence and gradients with the equations in float64, and their central differences. */
export async function expectAsInFloat64(
  test: RecurrentCase & {type: 'lstm' | 'gru'},
  recurrentActivation: 'sigmoid' | 'hardSigmoid',
): Promise<void> {
  const numbers = numbersOf(test);
  const reference = {...test, hard: recurrentActivation === 'hardSigmoid'};
  const actual = await runRecurrent({
    ...test,
    initialState: true,
    config: {returnSequences: true, recurrentActivation},
  });
  expectNear(actual.outputs[0]!, recurrentSequence(reference, numbers), 1e-6);
  const {x, kernel, recurrentKernel, bias, h, c} = numbers;
  const parts = {x, kernel, recurrentKernel, bias, h, c};
  const expected = recurrentGradients(reference, parts, numbers.output);
  for (const [name, gradient] of Object.entries(actual.gradients))
    expectNear(gradient, expected[name]!, 2e-6);
}
