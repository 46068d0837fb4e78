import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {ModelGraph} from '../../src/graph';
import {activate, BACKENDS} from './backends';
import {zoo} from './zoo';

const toList = (tensors: Tensor | Tensor[]): Tensor[] => (Array.isArray(tensors) ? tensors : [tensors]);

describe.each(BACKENDS)('a run in inference on %s', backend => {
  beforeAll(() => activate(backend));

  it.each(zoo)("gives what the model's own predict gives: $name", ({build, feed}) => {
    const model = build();
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = feed();
      const expected = toList(model.predict(x));
      const {outputs} = ModelGraph.of(model).run(x);
      expect(outputs).toHaveLength(expected.length);
      outputs.forEach((output, i) => {
        expect(output.shape).toEqual(expected[i]!.shape);
        expect([...output.dataSync()]).toEqual([...expected[i]!.dataSync()]);
      });
      for (const t of x) expect(t.isDisposed).toBe(false);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.each(BACKENDS)('a run in training on %s', backend => {
  beforeAll(() => activate(backend));

  const deterministic = zoo.filter(entry => entry.stochastic !== true);
  it.each(deterministic)("gives what the model's own apply gives: $name", ({build, feed}) => {
    const model = build();
    tf.tidy(() => {
      const x = feed();
      const expected = toList(model.apply(x, {training: true}) as Tensor | Tensor[]);
      const {outputs, statistics} = ModelGraph.of(model).run(x, {training: true});
      outputs.forEach((output, i) => expect([...output.dataSync()]).toEqual([...expected[i]!.dataSync()]));
      expect(statistics).toEqual([]);
    });
  });
});

describe.each(BACKENDS)('a gradient through a run on %s', backend => {
  beforeAll(() => activate(backend));

  it.each(zoo)('leaves nothing behind: $name', ({build, feed}) => {
    const model = build();
    const graph = ModelGraph.of(model);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const variables = graph
        .parameters()
        .filter(p => p.trainable)
        .map(p => p.variable);
      const loss = () =>
        tf.addN(graph.run(feed(), {training: true}).outputs.map(y => tf.sum(tf.square(y)))) as tf.Scalar;
      if (variables.length > 0) {
        const {grads} = tf.variableGrads(loss, variables);
        expect(Object.keys(grads)).toHaveLength(variables.length);
      } else loss();
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});
