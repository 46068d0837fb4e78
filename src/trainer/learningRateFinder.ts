/**
 * The learning-rate range test (Smith 2017, "Cyclical Learning Rates"): the rate grows exponentially batch by
 * batch, and the loss tells where training is fastest and where it breaks.
 */
import * as tf from '@tensorflow/tfjs-core';
import {disposeState} from '../checkpoint';
import {ConfigurationError, Yielder} from '../core';
import {disposeBatch, prepareBatch} from './batches';
import {checkFinite, checkTargets} from './checkData';
import {DataFeed} from './feed';
import {Hooks} from './hooks';
import {copyState} from './inference';
import {allParameters, freezeGroups, trainedParameters} from './phases';
import {emptyError} from './source';
import type {BatchSource} from './source';
import {Stepper} from './stepper';
import type {TrainerCore} from './trainerCore';

export interface FindLearningRateOptions {
  /** The first rate. Default 1e-7. */
  min?: number;
  /** The last rate. Default 10. */
  max?: number;
  /** Updates between the two. Default 100. */
  steps?: number;
  /** Samples a batch, for arrays and unbatched Datasets. Default 32. */
  batchSize?: number;
  /** How much of the running mean of the loss is kept at each step. Default 0.98, as in fastai. */
  smoothing?: number;
  /** Stops once the smoothed loss exceeds its best by this factor. Default 4. */
  divergence?: number;
  signal?: AbortSignal;
}

/** What the learning-rate test saw: one entry a batch. */
export interface LearningRateCurve {
  learningRates: number[];
  /** The loss of each batch. */
  losses: number[];
  /** Its running mean, corrected for its start. */
  smoothed: number[];
  /** A rate in the middle of the smoothed loss's fall: a good peak for OneCycle, or rate for Adam. */
  suggestion: number;
}

/** Trains on rising rates and puts weights, statistics and optimizers back as they were. */
export async function findLearningRate(
  core: TrainerCore,
  source: BatchSource,
  {min = 1e-7, max = 10, steps = 100, smoothing = 0.98, divergence = 4, signal}: FindLearningRateOptions,
): Promise<LearningRateCurve> {
  if (!(
    min > 0 &&
    max > min &&
    Number.isInteger(steps) &&
    steps >= 2 &&
    smoothing >= 0 &&
    smoothing < 1 &&
    divergence > 1
  )) {
    throw new ConfigurationError(`findLearningRate cannot go from ${min} to ${max} in ${steps} steps.`, {
      hint: 'It needs 0 < min < max, steps ≥ 2, 0 ≤ smoothing < 1 and divergence > 1.',
    });
  }
  const {graphs, phases, objective, scores, ports, seed, options} = core;
  const putBack = noteWeightsAndOptimizers(core);
  const groups = options.parameterGroups ?? [];
  const feed = new DataFeed(source, 0, {runsOn: true, signal});
  let unfreeze = (): void => undefined;
  let stepper: Stepper | undefined;
  try {
    unfreeze = freezeGroups(graphs, groups);
    stepper = new Stepper({
      graphs,
      phases,
      objective,
      scores,
      hooks: new Hooks([]),
      clipping: options,
      trained: phases.map(phase => trainedParameters(phase, graphs, groups)),
      view: noContext,
      onUpdate: () => undefined,
    });
    const curve = {learningRates: [] as number[], losses: [] as number[], smoothed: [] as number[]};
    const yielder = new Yielder();
    let mean = 0;
    let best = Infinity;
    for (let step = 0; step < steps; step++) {
      const element = await feed.next(seed);
      if (element === undefined && step === 0) throw emptyError('training data');
      if (element === undefined) break;
      const learningRate = min * (max / min) ** (step / (steps - 1));
      for (const {optimizer} of phases) {
        optimizer.learningRateFactor = 1;
        optimizer.learningRate = learningRate;
      }
      const batch = prepareBatch(element, ports);
      try {
        await checkTargets(batch, objective);
        if (options.checkData === true) await checkFinite(batch, ports);
        stepper.reset();
        await stepper.trainBatch(batch, {index: step, last: true, seed});
      } finally {
        disposeBatch(batch);
      }
      const {loss} = await stepper.logs().read();
      if (loss === undefined || !Number.isFinite(loss)) break;
      mean = smoothing * mean + (1 - smoothing) * loss;
      const smoothed = mean / (1 - smoothing ** (step + 1));
      curve.learningRates.push(learningRate);
      curve.losses.push(loss);
      curve.smoothed.push(smoothed);
      best = Math.min(best, smoothed);
      if (smoothed > divergence * best) break;
      await yielder.rest();
    }
    return {...curve, suggestion: valley(curve.learningRates, curve.smoothed)};
  } finally {
    stepper?.dispose();
    unfreeze();
    await putBack();
    await feed.close();
  }
}

/** Notes all weights and optimizers as they are, and returns what puts them back. */
function noteWeightsAndOptimizers({graphs, phases}: TrainerCore): () => Promise<void> {
  const weights = allParameters(graphs).map(({variable}) => ({variable, value: tf.keep(variable.clone())}));
  const optimizers = phases.map(({optimizer}) => ({
    optimizer,
    rate: optimizer.learningRate,
    factor: optimizer.learningRateFactor,
    state: copyState(optimizer.getState()),
  }));
  return async () => {
    for (const {variable, value} of weights) {
      variable.assign(value);
      value.dispose();
    }
    for (const {optimizer, rate, factor, state} of optimizers) {
      optimizer.dispose();
      optimizer.learningRate = rate;
      optimizer.setState(state);
      optimizer.learningRateFactor = factor;
      disposeState(state);
      await optimizer.offload();
    }
  };
}

/**
 * The middle of the valley that the smoothed loss falls into: half way down its longest decreasing run of points,
 * as fastai's default suggestion does.
 */
function valley(learningRates: readonly number[], smoothed: readonly number[]): number {
  const lengths: number[] = [];
  let end = 0;
  smoothed.forEach((loss, i) => {
    lengths[i] =
      1 + Math.max(0, ...smoothed.slice(0, i).map((before, j) => (loss < before ? lengths[j]! : 0)));
    if (lengths[i] > lengths[end]!) end = i;
  });
  const start = end - (lengths[end] ?? 1) + 1;
  return learningRates[Math.floor((start + end) / 2)] ?? NaN;
}

function noContext(): never {
  throw new Error('No callback listens to a learning-rate test.');
}
