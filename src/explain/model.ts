/**
 * What can be explained, behind one face: a LayersModel, a GraphModel, or any function from tensors to tensors.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {NamedTensorMap, Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import {LayersModel} from '@tensorflow/tfjs-layers';
import {ConfigurationError, UnsupportedLayerError, asGiven, unknownName} from '../core';
import {ModelGraph} from '../graph';
import type {LayerCall, PlannedCall} from '../graph';
import {toTensor} from './inputs';
import {callInScope, callWithoutActivation, hasProbabilities} from './tfjsInternals';

/** Scores, `[batch]` or `[batch, outputs]`: a tensor, which is disposed, or arrays of numbers, as from a remote model. */
export type ScoresLike = Tensor | readonly number[] | readonly (readonly number[])[];

/** A function from the inputs (one tensor, or an array where there are several) to scores, `[batch]` or `[batch, outputs]`. */
export type ScoreFunction = (inputs: Tensor & Tensor[]) => ScoresLike | Promise<ScoresLike>;

/** What explainers need of a converter's GraphModel. */
export interface GraphModelLike {
  readonly inputs: readonly {readonly name: string}[];
  readonly outputs: readonly {readonly name: string}[];
  execute(inputs: NamedTensorMap, outputs?: string | string[]): Tensor | Tensor[];
}

/** Whatever an explainer explains. */
export type ExplainableModel =
  LayersModel | GraphModelLike | ((inputs: never) => ScoresLike | Promise<ScoresLike>);

/** How a model is looked at. */
export interface ModelOptions {
  /** Which output of a model with several: its name or place. */
  output?: string | number;
  /**
   * `'logits'` explains what goes into a final softmax or sigmoid of a LayersModel, `'output'` what the model gives.
   * Gradient methods default to logits, perturbation methods to the output; functions and GraphModels are explained as
   * they are.
   */
  head?: 'logits' | 'output';
}

export type Intercept = (call: LayerCall) => readonly Tensor[] | undefined;

/** Which call of which layer. */
export type CallId = Pick<LayerCall, 'path' | 'nodeIndex'>;

/** Whether it is that call. */
export function isCall({path, nodeIndex}: CallId, other: CallId | undefined): boolean {
  return path === other?.path && nodeIndex === other.nodeIndex;
}

/** A text for each call of its own. */
export function keyOf({path, nodeIndex}: CallId): string {
  return `${path}#${nodeIndex}`;
}

/** A model as explainers see it. */
export interface ScoredModel {
  /** The LayersModel behind it, for methods that look at its layers. */
  readonly graph: ModelGraph | undefined;
  /** The calls of layers that lead to the scores, in order; what else the model computes is nobody's concern. */
  readonly calls: readonly PlannedCall[];
  /** How many inputs it has; undefined for a function, which takes what it is given. */
  readonly inputCount: number | undefined;
  /** The call whose activation is left out, where `head` is `'logits'`. */
  readonly cutAt: CallId | undefined;
  /**
   * Scores `[rows, outputs]` of inputs `[rows, …]`, differentiably. Call it inside a tidy.
   *
   * @throws ConfigurationError for an asynchronous function.
   */
  score(inputs: readonly Tensor[], intercept?: Intercept): Tensor2D;
  /** Scores of inputs, of asynchronous functions too; the caller disposes them. */
  predict(inputs: readonly Tensor[]): Promise<Tensor2D>;
}

/**
 * @param usual what is explained where the options do not choose
 * @throws ConfigurationError for what is no model, for a model with several outputs and no choice, or where logits are
 * asked of what does not show its layers.
 */
export function scoredModel(
  model: ExplainableModel,
  options: ModelOptions = {},
  usual: 'logits' | 'output' = 'output',
): ScoredModel {
  const {output, head = usual} = options;
  if (head !== 'logits' && head !== 'output') throw unknownName('head', String(head), ['logits', 'output']);
  if (model instanceof LayersModel) return layersModel(ModelGraph.of(model), output, head);
  if (options.head === 'logits') {
    throw new ConfigurationError('Only of a LayersModel is it known what goes into its last activation.', {
      hint: 'Leave out {head}, and give a function or an output that ends in logits.',
      code: 'configuration/head',
    });
  }
  if (typeof model === 'function') return scoreFunction(model as ScoreFunction);
  if (isGraphModel(model)) return graphModel(model, output);
  throw new ConfigurationError('Nothing that can be explained was given.', {
    hint: 'Give a LayersModel, a GraphModel, or a function from tensors to a tensor of scores.',
    code: 'configuration/model',
  });
}

function isGraphModel(model: unknown): model is GraphModelLike {
  return typeof model === 'object' && model !== null && 'execute' in model && 'outputs' in model;
}

function layersModel(graph: ModelGraph, output: string | number | undefined, head: string): ScoredModel {
  const names = graph.outputs.map(({name}) => name);
  const index = choose(names, output);
  const port = graph.outputs[index]!;
  const cutsHead = head === 'logits' && hasProbabilities(port.activation);
  const cutAt = cutsHead ? graph.activationCall(index) : undefined;
  const calls = graph.callsTo(index);
  const onTheWay = new Set(calls.map(keyOf));
  const score = (inputs: readonly Tensor[], intercept?: Intercept): Tensor2D => {
    // Whoever looks on sees the last layer without its activation, and no branch to another output.
    const look: Intercept = call => {
      const outputs = isCall(call, cutAt) ? [callWithoutActivation(call)] : call.outputs;
      return (onTheWay.has(keyOf(call)) && intercept?.({...call, outputs})) || outputs;
    };
    const {outputs} = graph.run(inputs, cutAt || intercept ? {intercept: look} : {});
    return matrix(outputs[index]!);
  };
  return {
    ...{graph, calls},
    inputCount: graph.inputs.length,
    cutAt,
    score,
    predict: async inputs => tf.tidy(() => score(inputs)),
  };
}

function graphModel(model: GraphModelLike, output: string | number | undefined): ScoredModel {
  const names = model.outputs.map(({name}) => name);
  const name = names[choose(names, output)]!;
  const score = (inputs: readonly Tensor[]): Tensor2D => {
    const fed = Object.fromEntries(model.inputs.map((port, i) => [port.name, inputs[i]!]));
    return matrix(model.execute(fed, name) as Tensor);
  };
  return {
    ...{graph: undefined, calls: []},
    inputCount: model.inputs.length,
    cutAt: undefined,
    score,
    predict: async inputs => tf.tidy(() => score(inputs)),
  };
}

function scoreFunction(run: ScoreFunction): ScoredModel {
  if (run.length > 1) {
    throw new ConfigurationError(
      `The function takes ${run.length} arguments, and inputs come as one array.`,
      {
        hint: 'Write ([a, b]) => ….',
        code: 'configuration/model',
      },
    );
  }
  const call = (inputs: readonly Tensor[]): ScoresLike | Promise<ScoresLike> =>
    run((inputs.length === 1 ? inputs[0]! : [...inputs]) as Tensor & Tensor[]);
  return {
    ...{graph: undefined, calls: []},
    inputCount: undefined,
    cutAt: undefined,
    score(inputs) {
      const scores = call(inputs);
      if (!(scores instanceof tf.Tensor)) {
        const isLate = scores instanceof Promise;
        if (isLate) scores.then(late => late instanceof tf.Tensor && late.dispose()).catch(() => undefined);
        const what = isLate ? 'an asynchronous function' : `a function that gives ${asGiven(scores)}`;
        throw new ConfigurationError(`A gradient cannot be taken through ${what}.`, {
          hint: 'Give a function that returns its tensor at once, or use a perturbation method such as KernelShap.',
          code: 'configuration/async',
        });
      }
      return matrix(scores);
    },
    async predict(inputs) {
      const given = await callInScope(() => call(inputs));
      try {
        return tf.tidy(() => matrix(toTensor(given, 'What the model gives')).clone());
      } finally {
        // Neither an input nor a weight is ours to dispose.
        if (given instanceof tf.Tensor && !(given instanceof tf.Variable) && !inputs.includes(given))
          given.dispose();
      }
    },
  };
}

function choose(names: readonly string[], output: string | number | undefined): number {
  if (output === undefined) {
    if (names.length === 1) return 0;
    throw new ConfigurationError(`The model has ${names.length} outputs: ${names.join(', ')}.`, {
      hint: 'Say which one to explain: {output: name}.',
      code: 'configuration/output',
    });
  }
  const index = typeof output === 'number' ? output : names.indexOf(output);
  if (names[index] === undefined && typeof output === 'number') {
    throw new ConfigurationError(
      `The model has no output ${output}, only ${names.length}: ${names.join(', ')}.`,
      {
        hint: 'Give its name, or its place from 0 on.',
        code: 'configuration/output',
      },
    );
  }
  if (names[index] === undefined) throw unknownName('output', String(output), names);
  return index;
}

/** `[batch]` and `[batch, outputs]` as `[batch, outputs]`. */
function matrix(scores: Tensor): Tensor2D {
  if (scores.rank === 1) return tf.reshape(scores, [-1, 1]);
  if (scores.rank === 2) return scores as Tensor2D;
  throw new UnsupportedLayerError(`The model gives scores of shape [${scores.shape}].`, {
    hint: 'Explain a function that picks [batch, outputs] out of them: x => model.apply(x)….',
    code: 'layer/output-rank',
  });
}
