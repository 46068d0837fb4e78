/**
 * Forward passes without training: evaluation and prediction.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {disposeState} from '../checkpoint';
import {Yielder} from '../core';
import type {StateTree} from '../core';
import type {ModelGraph} from '../graph';
import {disposeBatch, prepareBatch} from './batches';
import type {BatchPorts, PreparedBatch} from './batches';
import type {Logs} from './callback';
import {checkFinite, checkTargets} from './checkData';
import type {Objective} from './objective';
import {RunningMean} from './runningMean';
import {Scores} from './scores';
import {emptyError} from './source';
import type {BatchSource} from './source';
import type {TrainerCore} from './trainerCore';

/** One pass over data without training. */
export interface Pass {
  readonly source: BatchSource;
  readonly ports: BatchPorts | undefined;
  readonly seed: number;
  /** How errors call the data. */
  readonly what: string;
  readonly steps?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with each batch's index around it. */
  readonly onBatchBegin?: (index: number) => Promise<void> | undefined;
  readonly onBatchEnd?: (index: number) => Promise<void> | undefined;
}

/** Calls `visit` with every batch of a pass; disposes the batches. */
export async function forEachBatch(
  pass: Pass,
  visit: (batch: PreparedBatch, index: number) => Promise<void> | void,
): Promise<void> {
  const {source, ports, seed, what, steps = Infinity, signal} = pass;
  const yielder = new Yielder();
  const cursor = source.open({pass: 0, consumed: 0}, seed);
  let index = 0;
  try {
    for (; index < steps; index++) {
      signal?.throwIfAborted();
      const element = await cursor.next();
      if (element === undefined) break;
      const batch = prepareBatch(element, ports);
      try {
        await pass.onBatchBegin?.(index);
        await visit(batch, index);
      } finally {
        disposeBatch(batch);
      }
      await pass.onBatchEnd?.(index);
      await yielder.rest();
    }
  } finally {
    await cursor.close();
  }
  if (index === 0 && steps > 0) throw emptyError(what);
}

export interface EvaluationSetup {
  readonly graph: ModelGraph;
  readonly objective: Objective | undefined;
  readonly scores: Scores;
  readonly checkData: boolean;
}

/** What evaluates beside whatever else the trainer does: metrics given by name count anew. */
export function freshEvaluation(core: TrainerCore): EvaluationSetup {
  const {evaluation, objective, options} = core;
  return {...evaluation, scores: new Scores(evaluation.graph.outputs, objective, options)};
}

/** Loss (penalties included, as in Keras) and metrics over a pass, exact over all of it. */
export async function evaluatePass(
  {graph, objective, scores, checkData}: EvaluationSetup,
  pass: Pass,
): Promise<Logs> {
  const means = objective?.terms.map(() => new RunningMean()) ?? [];
  return withFreshScores(scores, async () => {
    try {
      await forEachBatch(pass, async batch => {
        await checkTargets(batch, objective);
        if (checkData) await checkFinite(batch, pass.ports);
        tf.tidy(() => {
          const {outputs, masks} = graph.run(batch.xs);
          objective
            ?.compute(outputs, masks, batch.ys, batch.sampleWeights)
            .forEach(({sum, count}, term) => means[term]!.add(sum, count));
          scores.update(outputs, masks, batch.ys, batch.sampleWeights);
        });
      });
      const logs: Logs = {};
      if (objective !== undefined) {
        const values = await Promise.all(means.map(mean => mean.read()()));
        const penalty = await readPenalty(graph);
        logs['loss'] = values.reduce((sum, value, i) => sum + value * objective.terms[i]!.weight, penalty);
        objective.logNames().forEach((name, i) => (logs[name] = values[i]!));
      }
      return Object.assign(logs, await scores.read());
    } finally {
      means.forEach(mean => mean.reset());
    }
  });
}

async function readPenalty(graph: ModelGraph): Promise<number> {
  const penalty = tf.tidy(() => graph.regularization() ?? tf.scalar(0));
  try {
    return (await penalty.data<'float32'>())[0]!;
  } finally {
    penalty.dispose();
  }
}

/** Runs `measure` with the metrics empty, and puts back what they had counted. */
async function withFreshScores<T>(scores: Scores, measure: () => Promise<T>): Promise<T> {
  const before = copyState(scores.getState());
  try {
    scores.reset();
    return await measure();
  } finally {
    scores.reset();
    scores.setState(before);
    disposeState(before);
  }
}

/** A copy of a state tree that shares nothing that will change; its tensors are the caller's. */
export function copyState(tree: StateTree): StateTree {
  if (tree instanceof tf.Tensor) return tf.keep(tree.clone());
  if (Array.isArray(tree)) return tree.map(entry => copyState(entry as StateTree));
  if (ArrayBuffer.isView(tree)) return tree.slice();
  if (typeof tree === 'object' && tree !== null) {
    return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, copyState(value)]));
  }
  return tree;
}

/** The model's outputs for a pass, joined along the batch axis: one tensor an output, the caller's. */
export async function predictPass(graph: ModelGraph, pass: Pass): Promise<Tensor[]> {
  const collected: Tensor[][] = graph.outputs.map(() => []);
  try {
    await forEachBatch(pass, batch => {
      const outputs = tf.tidy(() => graph.run(batch.xs).outputs);
      outputs.forEach((output, i) => collected[i]!.push(output));
    });
    return collected.map(parts => (parts.length === 1 ? parts[0]!.clone() : tf.concat(parts, 0)));
  } finally {
    tf.dispose(collected);
  }
}
