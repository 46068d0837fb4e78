/**
 * The reference trajectories of test/oracle/optimizers.py, and the problem that they were computed on.
 */
import {readFileSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import * as optimizers from '../../src/optimizers';
import type {Optimizer, WeightUpdate} from '../../src/optimizers';

type Values = readonly number[] | readonly Values[];

export interface Case {
  readonly optimizer: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly clip: readonly ['globalNorm' | 'norm' | 'value', number] | null;
  /** All elements of all weights, one row an update. */
  readonly weights: readonly (readonly number[])[];
}

interface Oracle {
  readonly problem: {
    readonly names: readonly string[];
    readonly shapes: readonly (readonly number[])[];
    readonly x: number[][];
    readonly y: number[][];
    readonly start: readonly Values[];
    readonly noise: readonly (readonly Values[])[];
  };
  readonly schedules: Readonly<Record<string, readonly number[]>>;
  readonly cases: readonly Case[];
}

export const oracle = JSON.parse(
  readFileSync(new URL('../oracle/optimizers.json', import.meta.url), 'utf8'),
) as Oracle;

type Constructor = new (options: Readonly<Record<string, unknown>>) => Optimizer;

/** Whether an option is given as one value an update. */
export function isScheduled(value: unknown): value is {readonly values: readonly number[]} {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'values');
}

/** The case's optimizer. Values given one an update become schedules. */
export function make({optimizer, options}: Pick<Case, 'optimizer' | 'options'>): Optimizer {
  const resolved = Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      return [name, isScheduled(value) ? (count: number) => value.values[count]! : value];
    }),
  );
  const constructor = optimizers[optimizer as 'Adam'] as Constructor;
  return new constructor(resolved);
}

/** The oracle's problem with weights of its own. */
export class Problem {
  readonly weights: readonly tf.Variable[];
  constructor() {
    this.weights = tf.tidy(() =>
      oracle.problem.start.map(start => tf.variable(tf.tensor(start as number[]))),
    );
  }

  /** The updates of step `t`, their gradients clipped as the case says. The caller disposes the gradients. */
  updates(t: number, clip: Case['clip'] = null): WeightUpdate[] {
    const gradients = tf.tidy(() => {
      const exact = exactGradients(this.weights.map(weight => weight.dataSync<'float32'>()));
      return clipped(
        exact.map((values, i) => {
          const noise = [oracle.problem.noise[t]![i]].flat(3) as number[];
          return tf.tensor(
            values.map((value, j) => value + noise[j]!),
            [...oracle.problem.shapes[i]!],
          );
        }),
        clip,
      );
    });
    return this.weights.map((variable, i) => ({
      key: `${i}`,
      name: oracle.problem.names[i]!,
      variable,
      gradient: gradients[i]!,
    }));
  }

  step(optimizer: Optimizer, t: number, clip: Case['clip'] = null): void {
    const updates = this.updates(t, clip);
    optimizer.step(updates);
    updates.forEach(({gradient}) => gradient.dispose());
  }

  /** All elements of all weights. */
  read(): number[] {
    return this.weights.flatMap(weight => [...weight.dataSync()]);
  }

  dispose(): void {
    tf.dispose([...this.weights]);
  }
}

/** Of mean (tanh(x·kernel + bias) − y)² + Σ sin(conv), in float64. */
function exactGradients([kernel, bias, conv]: readonly Float32Array[]): number[][] {
  const {x, y} = oracle.problem;
  const outputs = bias!.length;
  const dKernel = Array.from(kernel!, () => 0);
  const dBias = Array.from(bias!, () => 0);
  for (const [row, features] of x.entries()) {
    for (let j = 0; j < outputs; j++) {
      const sum = features.reduce(
        (total, feature, i) => total + feature * kernel![i * outputs + j]!,
        bias![j]!,
      );
      const output = Math.tanh(sum);
      const delta = ((2 * (output - y[row]![j]!)) / (x.length * outputs)) * (1 - output ** 2);
      features.forEach((feature, i) => (dKernel[i * outputs + j]! += feature * delta));
      dBias[j]! += delta;
    }
  }
  return [dKernel, dBias, Array.from(conv!, Math.cos)];
}

function clipped(gradients: tf.Tensor[], clip: Case['clip']): tf.Tensor[] {
  switch (clip?.[0]) {
    case 'globalNorm':
      return optimizers.clipByGlobalNorm(gradients, clip[1]).clipped;
    case 'norm':
      return optimizers.clipByNorm(gradients, clip[1]);
    case 'value':
      return optimizers.clipByValue(gradients, clip[1]);
    default:
      return gradients;
  }
}
