import * as tf from '@tensorflow/tfjs-core';
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import type {GraphModel} from '@tensorflow/tfjs-converter';
import {describe, expect, it} from 'vitest';
import {DeepLift, InputXGradient, IntegratedGradients, Saliency} from '../../src/explain';
import {activate, BACKENDS} from '../graph/backends';
import {casesOf, expectCase, readOracle, tensorOf} from './oracle';

const oracle = readOracle('mlp');

/** The reference MLP up to its logits, as a converter writes it: a graph of TensorFlow's operations. */
async function graphModel(): Promise<GraphModel> {
  const dense = oracle.model.layers.filter(({kernel}) => kernel !== undefined);
  const weights = dense.flatMap(({name, kernel, bias}) => [
    {name: `${name}/kernel`, tensor: tensorOf(kernel!)},
    {name: `${name}/bias`, tensor: tensorOf(bias!)},
  ]);
  const type = {T: {type: 'DT_FLOAT'}, dtype: {type: 'DT_FLOAT'}};
  const node = (name: string, op: string, input: string[] = []) => ({name, op, input, attr: type});
  const modelTopology = {
    node: [
      {...node('x', 'Placeholder'), attr: {...type, shape: {shape: {dim: [{size: '-1'}, {size: '8'}]}}}},
      ...weights.map(({name}) => node(name, 'Const')),
      node('dense1', 'MatMul', ['x', 'dense1/kernel']),
      node('biased1', 'BiasAdd', ['dense1', 'dense1/bias']),
      node('relu1', 'Relu', ['biased1']),
      node('dense2', 'MatMul', ['relu1', 'logits/kernel']),
      node('logits', 'BiasAdd', ['dense2', 'logits/bias']),
    ],
    versions: {producer: 1},
  };
  const values = await Promise.all(weights.map(async ({tensor}) => [...(await tensor.data())]));
  const weightData = Float32Array.from(values.flat()).buffer;
  const weightSpecs = weights.map(({name, tensor}) => ({
    name,
    shape: tensor.shape,
    dtype: 'float32' as const,
  }));
  tf.dispose(weights.map(({tensor}) => tensor));
  return loadGraphModel({load: async () => ({modelTopology, weightSpecs, weightData})});
}

describe.each(BACKENDS)('a GraphModel on %s', backend => {
  it('is explained by its gradients', async () => {
    await activate(backend);
    const model = await graphModel();
    const x = tensorOf(oracle.inputs);
    const {targets: target} = oracle;
    const of = (method: string) => casesOf(oracle, method).find(({head}) => head === 'logits')!;
    const tensors = tf.memory().numTensors;
    expectCase(await new Saliency(model, {absolute: false}).explain(x, {target}), of('gradient'));
    expectCase(await new InputXGradient(model).explain(x, {target}), of('inputXGradient'));
    const integrated = await new IntegratedGradients(model).explain(x, {target});
    expectCase(integrated, of('integratedGradients'));
    expect(tf.memory().numTensors).toBe(tensors);
    model.dispose();
    x.dispose();
  });

  it('is explained by DeepLift as the LayersModel is', async () => {
    await activate(backend);
    const model = await graphModel();
    const x = tensorOf(oracle.inputs);
    const tensors = tf.memory().numTensors;
    const entry = casesOf(oracle, 'deepLift_rescale').find(
      ({head, baseline}) => head === 'logits' && baseline !== 'mean',
    )!;
    expectCase(await new DeepLift(model).explain(x, {target: oracle.targets}), entry);
    expect(tf.memory().numTensors).toBe(tensors);
    model.dispose();
    x.dispose();
  });
});
