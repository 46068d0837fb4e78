/**
 * One batch forward and backward: the gradients of a phase's loss, and what the forward left behind.
 */
import * as tf from '@tensorflow/tfjs-core';
import {Tensor} from '@tensorflow/tfjs-core';
import type {Scalar} from '@tensorflow/tfjs-core';
import {ConfigurationError, DataError, Random, hashKey, unknownName} from '../core';
import {StatisticsLedger, releasingTape} from '../graph';
import type {LayerRandomness, RunResult, StatisticsUpdate} from '../graph';
import type {PreparedBatch} from './batches';
import type {Objective, TermValue} from './objective';
import type {StepContext, StepOutcome} from './options';
import type {NamedGraph, Phase, TrainedParameter} from './phases';
import type {TermGradients} from './window';

/** What one batch gave. Its tensors are the caller's. */
export interface BatchGradients {
  /** For the window. */
  readonly terms: TermGradients[];
  /** For the logs: the sum and count of each loss, in the objective's order (or the step's one loss), and the step's own logs. */
  readonly losses: {sum: Scalar; count: number | Scalar}[];
  readonly logs: Record<string, Scalar>;
  /** For the metrics. */
  readonly outputs: Tensor[];
  readonly masks: (Tensor | null)[];
  readonly statistics: StatisticsUpdate[];
}

export interface GradientRequest {
  readonly phase: Phase;
  readonly graphs: readonly NamedGraph[];
  readonly trained: readonly TrainedParameter[];
  readonly objective: Objective | undefined;
  readonly batch: PreparedBatch;
  readonly randomness: LayerRandomness;
  /** Names that a step's own logs may not take: the loss and the metrics. */
  readonly reserved: readonly string[];
  /** Whether there are metrics, which want outputs. */
  readonly needsOutputs: boolean;
  /** Whether a window may hold several batches: then terms whose counts do not grow in step are kept apart. */
  readonly accumulating: boolean;
}

/** What a forward pass gave, still inside the gradient. */
interface Forward {
  readonly values: readonly {mean: Tensor; sum: Tensor; count: number | Scalar; weight: number}[];
  readonly outputs: readonly Tensor[];
  readonly masks: readonly (Tensor | null)[];
  readonly statistics: readonly StatisticsUpdate[];
  readonly logs: Readonly<Record<string, Tensor>>;
}

export function computeGradients(request: GradientRequest): BatchGradients {
  const {phase, trained, batch, accumulating} = request;
  const variables = trained.map(({parameter}) => parameter.variable);
  const keys = new Map(trained.map(({parameter}) => [parameter.variable.name, parameter.key]));
  const forward = phase.trainStep === undefined ? () => forwardLoss(request) : () => forwardStep(request);
  const kept: Tensor[] = [];
  const keep = <T extends Tensor>(tensor: T): T => {
    kept.push(tensor);
    return tf.keep(tensor);
  };

  const result: BatchGradients = {terms: [], losses: [], logs: {}, outputs: [], masks: [], statistics: []};
  try {
    let joint = true;
    const first = differentiate(variables, keys, () => {
      const {values, outputs, masks, statistics, logs} = forward();
      joint = !accumulating || values.length === 1 || values.every(({count}) => typeof count === 'number');
      for (const {sum, count} of values) {
        result.losses.push({
          sum: keep(sum) as Scalar,
          count: typeof count === 'number' ? count : keep(count),
        });
      }
      // A model that hands its input through gives the batch's own tensor, which the batch disposes.
      result.outputs.push(...outputs.map(output => keep(output.clone())));
      result.masks.push(...masks.map(mask => (mask === null ? null : keep(mask.clone()))));
      result.statistics.push(...statistics.map(update => ({...update, value: keep(update.value)})));
      for (const [name, value] of Object.entries(logs)) result.logs[name] = keep(tf.clone(value)) as Scalar;
      return joint ? weightedSum(values) : connected(weightedSum(values.slice(0, 1)), variables);
    });
    kept.push(...first.values());
    const windowCount = (i: number): number | Scalar => {
      const {count} = result.losses[i]!;
      return typeof count === 'number' ? count : keep(count.clone());
    };
    const single = result.losses.length === 1 || !joint;
    result.terms.push({gradients: first, count: single ? windowCount(0) : batch.size});
    for (let i = 1; !joint && i < result.losses.length; i++) {
      // The same draws again, so the same forward.
      const gradients = differentiate(variables, keys, () => {
        const {values} = forward();
        return connected(weightedSum([values[i]!]), variables);
      });
      kept.push(...gradients.values());
      result.terms.push({gradients, count: windowCount(i)});
    }
    return result;
  } catch (error) {
    tf.dispose(kept);
    throw error;
  }
}

function differentiate(
  variables: readonly tf.Variable[],
  keys: ReadonlyMap<string, string>,
  loss: () => Tensor,
): Map<string, Tensor> {
  const {value, grads} = releasingTape(() => tf.variableGrads(() => loss() as Scalar, [...variables]));
  value.dispose();
  const gradients = new Map<string, Tensor>();
  for (const [name, key] of keys) {
    const gradient = grads[name];
    // A weight that the loss does not depend on has none.
    if (gradient !== undefined && gradient !== null) gradients.set(key, gradient);
  }
  return gradients;
}

/** The loss with a term of zero that depends on a weight, for an output whose whole path is frozen. */
function connected(loss: Tensor, variables: readonly tf.Variable[]): Tensor {
  return tf.add(loss, tf.mul(0, tf.sum(variables[0]!)));
}

function weightedSum(values: readonly {mean: Tensor; weight: number}[]): Tensor {
  return values
    .map(({mean, weight}) => (weight === 1 ? mean : tf.mul(mean, weight)))
    .reduce((sum, mean) => tf.add(sum, mean));
}

function forwardLoss({graphs, objective, batch, randomness}: GradientRequest): Forward {
  const {outputs, masks, statistics} = graphs[0]!.graph.run(batch.xs, {training: true, random: randomness});
  const terms = objective!.compute(outputs, masks, batch.ys, batch.sampleWeights);
  const values = terms.map((term: TermValue, i) => ({...term, weight: objective!.terms[i]!.weight}));
  return {values, outputs, masks, statistics, logs: {}};
}

function forwardStep(request: GradientRequest): Forward {
  const {phase, batch} = request;
  const context = new Step(request);
  const outcome: StepOutcome = phase.trainStep!(context);
  const {
    loss,
    count = batch.size,
    outputs = [],
    logs = {},
  } = outcome instanceof Tensor ? {loss: outcome} : outcome;
  const list = outputs instanceof Tensor ? [outputs] : outputs;
  if (!(loss instanceof Tensor) || loss.size !== 1) {
    throw new ConfigurationError(
      `trainStep '${phase.name}' returned ${loss instanceof Tensor ? `a loss of shape [${loss.shape}]` : 'no loss'}.`,
      {
        hint: 'Return a scalar: the mean over the batch.',
      },
    );
  }
  checkStepLogs(request, logs);
  if (request.needsOutputs && list.length === 0) {
    throw new ConfigurationError(`trainStep '${phase.name}' returned no outputs, which the metrics need.`, {
      hint: 'Return {loss, outputs}.',
    });
  }
  const mean = tf.reshape(loss, []);
  return {
    values: [{mean, sum: tf.mul(mean, count), count, weight: 1}],
    outputs: list,
    masks: context.masksOf(list),
    statistics: context.statistics.updates(),
    logs,
  };
}

function checkStepLogs({phase, reserved}: GradientRequest, logs: Readonly<Record<string, Tensor>>): void {
  for (const [name, value] of Object.entries(logs)) {
    if (reserved.includes(name)) {
      throw new ConfigurationError(
        `trainStep '${phase.name}' logs '${name}', which the trainer logs itself.`,
        {
          hint: 'Choose another name.',
        },
      );
    }
    if (value.size !== 1) {
      throw new ConfigurationError(`trainStep '${phase.name}' logs '${name}' of shape [${value.shape}].`, {
        hint: 'Log scalars, such as a mean.',
      });
    }
  }
}

/** The context of a custom training step, good for one forward. */
class Step implements StepContext {
  readonly statistics = new StatisticsLedger();
  private readonly masks = new Map<number, Tensor | null>();
  private runs = 0;
  private draws = 0;

  constructor(private readonly request: GradientRequest) {}

  get xs(): readonly Tensor[] {
    return this.request.batch.xs;
  }

  get ys(): readonly Tensor[] {
    return this.request.batch.ys;
  }

  get x(): Tensor {
    return this.xs[0]!;
  }

  get y(): Tensor {
    const [y] = this.ys;
    if (y === undefined)
      throw new DataError('The training step asks for a target, but the data has none.', {
        hint: 'Give [x, y].',
      });
    return y;
  }

  get sampleWeights(): readonly (Tensor | undefined)[] {
    return this.request.batch.sampleWeights;
  }

  get size(): number {
    return this.request.batch.size;
  }

  get models(): StepContext['models'] {
    return Object.fromEntries(this.request.graphs.map(({name, graph}) => [name, graph.model]));
  }

  // Arrow functions, since steps take them apart: ({x, run}) => ….
  readonly run: StepContext['run'] = (inputs, options) => this.runAll(inputs, options)[0]!;

  readonly runAll: StepContext['runAll'] = (inputs, {model, training = true} = {}) => {
    const {outputs, masks}: RunResult = this.graphOf(model).graph.run(
      inputs instanceof Tensor ? [inputs] : inputs,
      {training, random: this.randomness('run', this.runs++), statistics: this.statistics},
    );
    outputs.forEach((output, i) => this.masks.set(output.id, masks[i] ?? null));
    return outputs;
  };

  readonly computeLoss: StepContext['computeLoss'] = outputs => {
    const {objective, batch} = this.request;
    if (objective === undefined) {
      throw new ConfigurationError('computeLoss needs the trainer to have a loss.', {
        hint: 'Give `loss` in the trainer options.',
      });
    }
    const list = outputs instanceof Tensor ? [outputs] : outputs;
    const values = objective.compute(list, this.masksOf(list), batch.ys, batch.sampleWeights);
    return weightedSum(values.map(({mean}, i) => ({mean, weight: objective.terms[i]!.weight})));
  };

  readonly randomNormal: StepContext['randomNormal'] = shape => {
    const {seed, step} = this.request.randomness;
    const random = new Random(seed, 'noise', this.request.phase.name, step, this.draws++);
    const size = shape.reduce((product, length) => product * length, 1);
    return tf.tensor(
      Float32Array.from({length: size}, () => random.normal()),
      [...shape],
    );
  };

  masksOf(outputs: readonly Tensor[]): (Tensor | null)[] {
    return outputs.map(output => this.masks.get(output.id) ?? null);
  }

  private randomness(...key: (string | number)[]): LayerRandomness {
    const {seed, step} = this.request.randomness;
    return {seed: hashKey(seed, this.request.phase.name, ...key), step};
  }

  private graphOf(name: string | undefined): NamedGraph {
    const {graphs, phase} = this.request;
    if (name === undefined) {
      if (graphs.length === 1) return graphs[0]!;
      return graphs.find(graph => graph.name === phase.name) ?? graphs[0]!;
    }
    const graph = graphs.find(entry => entry.name === name);
    if (graph === undefined)
      throw unknownName(
        'model',
        name,
        graphs.map(entry => entry.name),
      );
    return graph;
  }
}
