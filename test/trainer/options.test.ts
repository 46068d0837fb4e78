import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {ConfigurationError} from '../../src/core';
import type {GlassboxError} from '../../src/core';
import {Mean} from '../../src/metrics';
import {SGD} from '../../src/optimizers';
import {Trainer} from '../../src/trainer';
import type {Callback, StepContext, TrainerOptions} from '../../src/trainer';
import {backendUnderTest} from '../backendUnderTest';
import {linear, twoHeads} from './fixtures';

beforeAll(async () => {
  await useBackend(backendUnderTest);
});

/** Expects the trainer to be refused with words that name the thing and a remedy, and nothing to be left. */
function refused(
  words: RegExp,
  options: unknown,
  models: () => LayersModel | Record<string, LayersModel> = () => linear([[1]]),
): void {
  const given = models();
  const tensors = tf.memory().numTensors;
  let error: unknown;
  try {
    new Trainer(given, options as TrainerOptions);
  } catch (reason) {
    error = reason;
  }
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as GlassboxError).message).toMatch(words);
  expect((error as GlassboxError).hint).toBeTruthy();
  expect(tf.memory().numTensors).toBe(tensors);
}

const loss = 'meanSquaredError';

describe('a trainer refuses', () => {
  it('options that it has not, with the nearest that it has', () => {
    refused(/'metric'.*Did you mean 'metrics'/, {loss, metric: ['mae']});
    refused(/'clipnorm'.*Did you mean 'clipNorm'/, {loss, clipnorm: 1});
  });
  it('no options at all', () => refused(/no options/, undefined));

  it('loss weights that are no finite numbers', () => {
    refused(/lossWeights.*NaN/, {loss, lossWeights: NaN});
    refused(/lossWeights.*Infinity/, {loss, lossWeights: Infinity});
    refused(/lossWeights.*'b'.*NaN/, {loss, lossWeights: {a: 1, b: NaN}}, twoHeads);
    refused(/lossWeights.*'a'.*string/, {loss, lossWeights: ['1', 1]}, twoHeads);
  });

  it('callbacks that are no list of objects', () => {
    refused(/callbacks.*undefined/, {loss, callbacks: [undefined]});
    refused(/callbacks.*null/, {loss, callbacks: [{}, null]});
    refused(/callbacks.*object/, {loss, callbacks: {onEpochEnd: () => undefined}});
    class Reporter implements Callback {}
    refused(/callbacks.*Reporter.*new/, {loss, callbacks: [Reporter]});
  });

  it('one metric for two outputs, or both weighted and not, since it would mix their counts', () => {
    const metric = new Mean(tf.squaredDifference, 'spread');
    refused(/'spread'.*'a'.*'b'/, {loss, metrics: {a: metric, b: metric}}, twoHeads);
    refused(/'spread'.*'a'.*'b'/, {loss, metrics: [metric]}, twoHeads);
    refused(/'spread'/, {loss, metrics: {a: metric}, weightedMetrics: {b: metric}}, twoHeads);
    refused(/'spread'/, {loss, metrics: [metric], weightedMetrics: [metric]});
  });

  it('one optimizer for two training steps, since it keeps state', () => {
    const step = ({x}: StepContext): tf.Tensor => tf.mean(x);
    const models = (): Record<string, LayersModel> => ({a: linear([[1]]), b: linear([[1]])});
    const optimizer = new SGD({learningRate: 0.1});
    refused(/'a' and 'b'/, {trainStep: {a: step, b: step}, optimizer: {a: optimizer, b: optimizer}}, models);
  });
});

describe('a trainer takes', () => {
  it('a weight of 0 for a loss, and every option that it has', () => {
    const every: Required<TrainerOptions> = {
      loss,
      lossWeights: 0,
      optimizer: 'sgd',
      metrics: ['mae'],
      weightedMetrics: ['mse'],
      callbacks: [{}],
      parameterGroups: [],
      clipNorm: 1,
      clipTensorNorm: 1,
      clipValue: 1,
      seed: 1,
      trainStep: ({x}) => tf.mean(x),
      checkData: true,
    };
    expect(new Trainer(linear([[1]]), every).seed).toBe(1);
  });
  it('objects of a metric and of an optimizer for each of two', () => {
    const step = ({x}: StepContext): tf.Tensor => tf.mean(x);
    const metrics = {
      a: new Mean(tf.squaredDifference, 'spread'),
      b: new Mean(tf.squaredDifference, 'spread'),
    };
    expect(() => new Trainer(twoHeads(), {loss, metrics})).not.toThrow();
    expect(
      () =>
        new Trainer(
          {a: linear([[1]]), b: linear([[1]])},
          {trainStep: {a: step, b: step}, optimizer: {a: new SGD(), b: new SGD()}},
        ),
    ).not.toThrow();
  });
});
