/** What a counterfactual's score shall be, and how far a score is from that. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor1D, Tensor2D} from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../core';

/**
 * What the model shall say: a class (by default with the highest score; where the model has a single score, above a
 * half for class 1 and below for class 0), a class with at least a probability, or a value of a score. A value counts as
 * reached within `tolerance`, by default a twentieth of the way from the example's own score.
 */
export type CounterfactualTarget =
  | number
  | {readonly class: number; readonly probability?: number}
  | {readonly value: number; readonly output?: number; readonly tolerance?: number};

/** One example's: its margin is `sign · (score − bar)`, which shall not be negative. */
export interface Goal {
  readonly output: number;
  readonly sign: 1 | -1;
  /** What the score is compared with; undefined: the highest of the other scores. */
  readonly bar: number | undefined;
  /** The margin shall not be above this. */
  readonly most?: number;
}

/**
 * @param scores of the example
 * @throws ConfigurationError for a target that the model does not have, or out of its range.
 */
export function goalFor(target: CounterfactualTarget | undefined, scores: Float32Array): Goal {
  const outputs = scores.length;
  const single = outputs === 1;
  if (target === undefined) {
    if (single) return {output: 0, sign: scores[0]! >= 0.5 ? -1 : 1, bar: 0.5};
    return {output: scores.indexOf(Math.max(...scores)), sign: -1, bar: undefined};
  }
  if (typeof target === 'object' && 'value' in target) {
    const {value, output = 0} = target;
    checkOutput(output, outputs);
    const score = scores[output]!;
    const {tolerance = Math.abs(value - score) / 20} = target;
    if (!Number.isFinite(value)) refuse('value', value, 'a finite number');
    if (!(tolerance >= 0)) refuse('tolerance', tolerance, 'a number that is not negative');
    const sign = score < value ? 1 : -1;
    return {output, sign, bar: value - sign * tolerance, most: 2 * tolerance};
  }
  const {class: wanted, probability}: {class: number; probability?: number} =
    typeof target === 'object' ? target : {class: target};
  checkOutput(wanted, single ? 2 : outputs);
  if (probability !== undefined && !(probability > 0 && probability <= 1)) {
    refuse('probability', probability, 'a probability above 0 and at most 1');
  }
  if (!single) return {output: wanted, sign: 1, bar: probability};
  const bar = probability ?? 0.5;
  return wanted === 1 ? {output: 0, sign: 1, bar} : {output: 0, sign: -1, bar: 1 - bar};
}

function checkOutput(output: number, outputs: number): void {
  if (Number.isInteger(output) && output >= 0 && output < outputs) return;
  refuse('class', output, `an integer from 0 to ${outputs - 1}, or no target for any other class`);
}

function refuse(name: string, found: unknown, expected: string): never {
  throw new ConfigurationError(`The ${name} of Counterfactual's target is ${String(found)}.`, {
    hint: `Give ${expected}.`,
    code: 'configuration/target',
  });
}

/** By how much scores are on the wanted side of the bar: negative where they are not. */
export function marginOf({output, sign, bar}: Goal, scores: Float32Array): number {
  const against =
    bar ?? scores.reduce((most, score, i) => (i === output ? most : Math.max(most, score)), -Infinity);
  return sign * (scores[output]! - against);
}

/** Whether a margin is what was wanted; one below `slack` might be rounding. */
export function isReached({sign, bar, most = Infinity}: Goal, margin: number, slack = 0): boolean {
  // On the bar itself stands who should reach it, but a tie is no victory.
  if (margin === 0) return bar !== undefined && (sign === 1 || most < Infinity);
  return margin > 0 && margin >= slack && margin <= most;
}

/** The margins of rows, `[rows]`, differentiable in their scores. The surrounding tidy's. */
export function marginsOf(goals: readonly Goal[], scores: Tensor2D): Tensor1D {
  const [rows, outputs] = scores.shape;
  const wanted = new Uint8Array(rows * outputs);
  goals.forEach(({output}, row) => (wanted[row * outputs + output] = 1));
  const isWanted = tf.tensor2d(wanted, [rows, outputs], 'bool');
  const own = tf.sum(tf.where(isWanted, scores, tf.zerosLike(scores)), 1);
  const bars = goals.every(({bar}) => bar !== undefined)
    ? tf.tensor1d(goals.map(({bar}) => bar!))
    : tf.max(tf.where(isWanted, tf.fill([rows, outputs], -3e38), scores), 1);
  return tf.mul(tf.sub(own, bars), tf.tensor1d(goals.map(({sign}) => sign)));
}
