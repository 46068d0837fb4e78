/** What all explainers share: options, and the frame around one explanation. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import {ConfigurationError, DataError, checkNames} from '../core';
import {Explanation} from './explanation';
import type {ClassScores, ExplanationData, Values} from './explanation';
import {resolveTargets, takeInputs} from './inputs';
import type {ExplainInput, Target} from './inputs';
import {scoredModel} from './model';
import type {ExplainableModel, ModelOptions, ScoredModel} from './model';
import {checkWholeNumbers} from './options';
import {checkSignal, nextTurn} from './turns';

/** Options that every explainer takes. */
export interface ExplainerOptions extends ModelOptions {
  /** Rows that go through the model at a time. Default 100: fewer take less memory. */
  batchSize?: number;
  /** Names of the features, where the input is a vector. */
  featureNames?: readonly string[];
}

/** What one call of `explain` takes beside the examples. */
export interface ExplainOptions {
  /** Which score to explain; by default the highest of each example. */
  target?: Target;
  /** Ends the work with the signal's reason. */
  signal?: AbortSignal;
}

/** Every explainer: `new X(model, options).explain(input, {target})`. */
export interface Explainer {
  /** @param input examples, `[batch, …]`; they stay the caller's */
  explain(input: ExplainInput, options?: ExplainOptions): Promise<Explanation>;
}

export const EXPLAINER_OPTIONS = ['output', 'head', 'batchSize', 'featureNames'];

/** One class of one call: what a method attributes. Its tensors are the frame's. */
export interface Request {
  readonly model: ScoredModel;
  readonly inputs: readonly Tensor[];
  /** The score explained, for each example. */
  readonly targets: readonly number[];
  /** The same as ones and zeros, `[batch, outputs]`: what gradients start from. */
  readonly dy: Tensor2D;
  /** The scores of the examples, `[batch]`. */
  readonly outputs: Float32Array;
  readonly batchSize: number;
  readonly signal: AbortSignal | undefined;
  /** Counts rows that go through the model. */
  readonly count: (forward: number, backward?: number) => void;
  /** Notes what the reader should know. */
  readonly warn: (message: string) => void;
}

/** What a method gives for a class; `outputs` too, where it explains them through a link. */
export type Attributed = Omit<ClassScores, 'targets' | 'outputs'> &
  Partial<Pick<ClassScores, 'outputs'>> &
  Pick<ExplanationData, 'featureNames' | 'parts' | 'arePairs'>;

/** The frame around one explanation: takes the inputs, finds the targets, and leaves nothing behind. */
export class ExplanationFrame {
  readonly model: ScoredModel;

  /** @throws ConfigurationError for an option that does not exist, or for what is no model. */
  constructor(
    private readonly method: string,
    model: ExplainableModel,
    private readonly options: ExplainerOptions,
    ownOptions: readonly string[],
    head: 'logits' | 'output',
  ) {
    checkNames(method, options, [...EXPLAINER_OPTIONS, ...ownOptions]);
    if (options.featureNames !== undefined) checkFeatureNames(options.featureNames);
    checkWholeNumbers(method, options);
    this.model = scoredModel(model, options, head);
  }

  async explain(
    input: ExplainInput,
    options: ExplainOptions = {},
    attribute: (request: Request) => Promise<Attributed>,
  ): Promise<Explanation> {
    checkNames('explain()', options, ['target', 'signal']);
    const {target, signal} = options;
    const {method, model} = this;
    const {batchSize = 100} = this.options;
    checkSignal(signal);
    const inputs = await takeInputs(input, model);
    const held: Tensor[] = [...inputs];
    try {
      const evaluations = {forward: 0, backward: 0};
      const warnings = new Set<string>();
      const scores = await predictRows(model, inputs, batchSize, signal);
      evaluations.forward += scores.rows;
      const classes: ClassScores[] = [];
      const features: Pick<ExplanationData, 'featureNames' | 'parts' | 'arePairs'> = this.options.featureNames
        ? {featureNames: this.options.featureNames}
        : {};
      for (const targets of resolveTargets(target, scores.data, scores.outputs)) {
        await nextTurn(signal);
        const dy = oneHotRows(targets, scores.outputs);
        held.push(dy);
        const outputs = Float32Array.from(targets, (of, i) => scores.data[i * scores.outputs + of]!);
        const {featureNames, parts, arePairs, ...attributed} = await attribute({
          ...{model, inputs, targets, outputs, batchSize, signal},
          dy,
          count: (forward, backward = 0) => {
            evaluations.forward += forward;
            evaluations.backward += backward;
          },
          warn: message => void warnings.add(message),
        });
        signal?.throwIfAborted();
        warnOfHoles(attributed.attributions, warnings);
        classes.push({targets, outputs, ...attributed});
        Object.assign(features, featureNames && {featureNames}, parts && {parts}, arePairs && {arePairs});
      }
      checkNameCount(features.featureNames, inputs, classes[0]!);
      return new Explanation({
        ...{method, classes, evaluations, warnings: [...warnings]},
        inputs: await Promise.all(inputs.map(readValues)),
        ...features,
      });
    } finally {
      tf.dispose(held);
    }
  }
}

/** A gradient may be infinite where the score is not: names the examples that it left without attributions. */
function warnOfHoles(attributions: readonly Values[], warnings: Set<string>): void {
  const [batch = 0] = attributions[0]!.shape;
  const holed = Array.from({length: batch}, (_, i) => i).filter(i =>
    attributions.some(({data}) => {
      const size = data.length / batch;
      return !data.subarray(i * size, (i + 1) * size).every(Number.isFinite);
    }),
  );
  if (holed.length === 0) return;
  warnings.add(
    `The attributions of example ${holed.join(', ')} are not finite: the gradient is not. Move the example or the baseline a little, or take a perturbation method.`,
  );
}

function checkFeatureNames(names: unknown): void {
  if (Array.isArray(names) && names.every(name => typeof name === 'string')) return;
  throw new ConfigurationError('featureNames is no array of texts.', {
    hint: "Give a name for each feature, ['age', 'height'].",
    code: 'configuration/feature-names',
  });
}

/** Names are of the columns of the inputs that are vectors, or of what has attributions. */
function checkNameCount(
  names: readonly string[] | undefined,
  inputs: readonly Tensor[],
  {attributions}: ClassScores,
): void {
  const columns = inputs.reduce((sum, {rank, shape}) => sum + (rank === 2 ? shape[1]! : 0), 0);
  const attributed = attributions[0]!.shape[1];
  if (names === undefined || names.length === columns || names.length === attributed) return;
  throw new ConfigurationError(
    `There are ${names.length} featureNames for ${columns || attributed} features.`,
    {
      hint: 'Give one for each.',
      code: 'configuration/feature-names',
    },
  );
}

/** `[rows, width]`, a one in each row. tf.oneHot refuses a width of one, which models with a single score have. */
function oneHotRows(places: readonly number[], width: number): Tensor2D {
  const data = new Float32Array(places.length * width);
  places.forEach((place, row) => (data[row * width + place] = 1));
  return tf.tensor2d(data, [places.length, width]);
}

/** A tensor's numbers, as float32. It stays the caller's. */
export async function readValues(tensor: Tensor): Promise<Values> {
  return {data: Float32Array.from(await tensor.data()), shape: [...tensor.shape]};
}

/** What errors call a row, or false where scores need not be finite. */
export type RowName = false | ((row: number) => string);

/**
 * Scores of all rows, a few at a time.
 *
 * @throws DataError for a score that is not finite.
 */
export async function predictRows(
  model: ScoredModel,
  inputs: readonly Tensor[],
  batchSize: number,
  signal?: AbortSignal,
  nameOf: RowName = row => `example ${row}`,
): Promise<{data: Float32Array; rows: number; outputs: number}> {
  const rows = inputs[0]!.shape[0];
  let data = new Float32Array(0);
  let outputs = 1;
  for (let first = 0; first < rows; first += batchSize) {
    await nextTurn(signal);
    const count = Math.min(batchSize, rows - first);
    const part = count === rows ? [...inputs] : inputs.map(input => sliceRows(input, first, count));
    let scores: Tensor2D | undefined;
    try {
      scores = await model.predict(part);
      checkRows(scores, count);
      outputs = scores.shape[1];
      if (first === 0) data = new Float32Array(rows * outputs);
      data.set(await scores.data(), first * outputs);
    } finally {
      scores?.dispose();
      if (count !== rows) tf.dispose(part);
    }
  }
  if (nameOf !== false) checkScores(data, row => nameOf(Math.floor(row / outputs)));
  return {data, rows, outputs};
}

/** @throws ConfigurationError unless there is a row of scores for each example. */
export function checkRows({shape: [found]}: Tensor2D, rows: number): void {
  if (found === rows) return;
  throw new ConfigurationError(`The model gives ${found} rows of scores for ${rows} examples.`, {
    hint: 'It must give [batch] or [batch, outputs].',
    code: 'configuration/model',
  });
}

/** @throws DataError for a score that is not finite. */
export function checkScores(scores: Float32Array, nameOf: (at: number) => string): void {
  const at = scores.findIndex(score => !Number.isFinite(score));
  if (at < 0) return;
  throw new DataError(`The model gives ${scores[at]} for ${nameOf(at)}.`, {
    hint: 'Only finite scores can be explained: look at what the model makes of such numbers.',
    code: 'data/not-finite',
  });
}

/** Rows `[first, first + count)` of a tensor. */
export function sliceRows(tensor: Tensor, first: number, count: number): Tensor {
  return tf.slice(tensor, [first, ...tensor.shape.slice(1).map(() => 0)], [count, ...tensor.shape.slice(1)]);
}
