/**
 * The metrics of a trainer: which metric watches which output, under which name it is logged.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, unknownName} from '../core';
import type {StateTree} from '../core';
import type {OutputPort} from '../graph';
import {getMetric} from '../metrics';
import type {Metric} from '../metrics';
import type {Logs} from './callback';
import {elementWeights} from './objective';
import type {Objective} from './objective';
import type {MetricIdentifier, TrainerOptions} from './options';

interface Score {
  readonly logName: string;
  readonly metric: Metric;
  readonly output: number;
  readonly port: OutputPort;
  readonly weighted: boolean;
}

export class Scores {
  private readonly scores: Score[];

  /**
   * @throws ConfigurationError for an unknown name, a metric that does not suit its output, two of one name, or one
   *   object given twice.
   */
  constructor(outputs: readonly OutputPort[], objective: Objective | undefined, options: TrainerOptions) {
    this.scores = [
      ...resolve(outputs, objective, options.metrics, false),
      ...resolve(outputs, objective, options.weightedMetrics, true),
    ];
    refuseShared(this.scores);
    const names = new Set<string>();
    for (const {logName} of this.scores) {
      if (names.has(logName) || logName === 'loss') {
        throw new ConfigurationError(`Two metrics are logged as '${logName}'.`, {
          hint: 'Give one of them another name.',
        });
      }
      names.add(logName);
    }
  }

  get empty(): boolean {
    return this.scores.length === 0;
  }

  names(): string[] {
    return this.scores.map(score => score.logName);
  }

  /** Adds a batch. Disposes nothing of the caller's. */
  update(
    outputs: readonly Tensor[],
    masks: readonly (Tensor | null)[],
    targets: readonly Tensor[],
    sampleWeights: readonly (Tensor | undefined)[],
  ): void {
    for (const {metric, output, port, weighted} of this.scores) {
      const yPred = outputs[output];
      const target = targets[output];
      if (yPred === undefined || target === undefined) continue;
      const mask = masks[output] ?? null;
      const sampleWeight = weighted ? sampleWeights[output] : undefined;
      const weight =
        mask === null && sampleWeight === undefined
          ? undefined
          : tf.tidy(() => {
              const shape = yPred.rank > 1 ? yPred.shape.slice(0, -1) : yPred.shape;
              const {weights} = elementWeights(shape, mask, sampleWeight, port.name);
              return tf.broadcastTo(weights!, shape);
            });
      metric.update(target, yPred, weight);
      weight?.dispose();
    }
  }

  async read(): Promise<Logs> {
    const logs: Logs = {};
    for (const {logName, metric} of this.scores) logs[logName] = await metric.result();
    return logs;
  }

  reset(): void {
    for (const {metric} of this.scores) metric.reset();
  }

  dispose(): void {
    for (const {metric} of this.scores) metric.dispose();
  }

  getState(): StateTree {
    return Object.fromEntries(this.scores.map(({logName, metric}) => [logName, metric.getState()]));
  }

  setState(state: StateTree): void {
    const states = state as Readonly<Record<string, StateTree>>;
    for (const {logName, metric} of this.scores) {
      const own = states[logName];
      if (own !== undefined) metric.setState(own);
    }
  }
}

function resolve(
  outputs: readonly OutputPort[],
  objective: Objective | undefined,
  given: TrainerOptions['metrics'],
  weighted: boolean,
): Score[] {
  if (given === undefined) return [];
  const lists = listsByOutput(outputs, given);
  return outputs.flatMap((port, output) =>
    (lists[output] ?? []).map(identifier => {
      const loss = objective?.terms.find(term => term.output === output)?.loss.name;
      const metric = getMetric(identifier, {
        name: port.name,
        shape: port.shape,
        activation: port.activation,
        loss,
      });
      const logName = outputs.length === 1 ? metric.name : `${port.name}_${metric.name}`;
      return {logName, metric, output, port, weighted};
    }),
  );
}

/** A metric keeps counts: used in two places it would mix them. */
function refuseShared(scores: readonly Score[]): void {
  const users = new Map<Metric, string>();
  for (const {metric, port} of scores) {
    const user = users.get(metric);
    if (user !== undefined) {
      const where = user === port.name ? `twice for '${user}'` : `for both '${user}' and '${port.name}'`;
      throw new ConfigurationError(`One object of the metric '${metric.name}' is given ${where}.`, {
        hint: 'Give an object for each use, in a record by output name where there are several.',
      });
    }
    users.set(metric, port.name);
  }
}

function listsByOutput(
  outputs: readonly OutputPort[],
  given: NonNullable<TrainerOptions['metrics']>,
): (readonly MetricIdentifier[] | undefined)[] {
  if (Array.isArray(given)) {
    return outputs.map(() => given as readonly MetricIdentifier[]);
  }
  const record = given as Readonly<Record<string, MetricIdentifier | readonly MetricIdentifier[]>>;
  const known = outputs.map(output => output.name);
  for (const name of Object.keys(record)) {
    if (!known.includes(name)) throw unknownName('output in metrics', name, known);
  }
  return known.map(name => {
    const entry = record[name];
    return entry === undefined
      ? undefined
      : Array.isArray(entry)
        ? (entry as readonly MetricIdentifier[])
        : [entry as MetricIdentifier];
  });
}
