/** What the measures share: one input, its numbers, and scores of rows that are made as they are needed. */
import * as tf from '@tensorflow/tfjs-core';
import type {DataType, Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError, asGiven, checkNames} from '../../core';
import {predictRows, readValues} from '../explainer';
import type {Explainer} from '../explainer';
import {Explanation} from '../explanation';
import type {Values} from '../explanation';
import {checkNumbers, takeInputs} from '../inputs';
import type {ExplainInput} from '../inputs';
import {checkWholeNumbers} from '../options';
import {scoredModel} from '../model';
import type {ExplainableModel, ModelOptions, ScoredModel} from '../model';
import {lookupsOf} from '../site';

/** What every measure of an explanation takes. */
export interface MeasureOptions extends ModelOptions {
  /** Rows that go through the model at a time. Default 100. */
  batchSize?: number;
  /** Ends the work with the signal's reason. */
  signal?: AbortSignal;
}

/** @throws ConfigurationError for what is no explainer. */
export function checkExplainer(caller: string, explainer: Explainer): void {
  if (typeof (explainer as Partial<Explainer> | undefined)?.explain === 'function') return;
  throw new ConfigurationError(`${caller} was given ${asGiven(explainer)} for an explainer.`, {
    hint: 'Give one that was made, such as new Saliency(model), in its place.',
    code: 'configuration/explainers',
  });
}

/** A model and the examples explained. */
export interface Measured {
  readonly model: ScoredModel;
  readonly input: Values & {readonly dtype: DataType};
  /** Whether the numbers of the input are names of something, which cannot be moved a little. */
  readonly isDiscrete: boolean;
  /** Numbers of one example. */
  readonly size: number;
  readonly batchSize: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * @throws ConfigurationError for an unknown option or a model with several inputs, ShapeError for an explanation of
 * other examples.
 */
export async function measured(
  caller: string,
  model: ExplainableModel,
  input: ExplainInput,
  options: MeasureOptions,
  own: readonly string[],
  explanation?: Explanation,
): Promise<Measured> {
  checkNames(caller, options, ['output', 'head', 'batchSize', 'signal', ...own]);
  checkWholeNumbers(caller, options);
  const {batchSize = 100, signal} = options;
  const scored = scoredModel(model, options);
  const tensors = await takeInputs(input, scored);
  try {
    if (explanation !== undefined && !(explanation instanceof Explanation)) {
      throw new ConfigurationError(`${caller} was given ${asGiven(explanation)} for an explanation.`, {
        hint: 'Give what explain() resolves to, after the model and the examples.',
      });
    }
    const [x] = tensors as [Tensor];
    const input = {...(await readValues(x)), dtype: x.dtype};
    if (tensors.length !== 1) {
      throw new ConfigurationError(`${caller} looks at models with one input; this has ${tensors.length}.`, {
        hint: 'Give a function of one input that fixes the others.',
        code: 'configuration/inputs',
      });
    }
    if (explanation !== undefined && explanation.batch !== input.shape[0]) {
      throw new ShapeError(`${explanation.batch} examples are explained, but ${input.shape[0]} were given.`, {
        hint: 'Give the examples that the explanation explains.',
        code: 'shape/explanation',
      });
    }
    return {
      model: scored,
      input,
      isDiscrete: x.dtype !== 'float32' || lookupsOf(scored).flat().length > 0,
      size: x.size / x.shape[0],
      batchSize,
      signal,
    };
  } finally {
    tf.dispose(tensors);
  }
}

/**
 * The scores of rows, `batchSize` at a time, each of the target of its example.
 *
 * @param write puts a row into its place, which holds zeros
 * @throws ConfigurationError for a target that the model does not have.
 */
export async function scoresOf(
  {model, input, size, batchSize, signal}: Measured,
  rows: number,
  targetOf: (row: number) => number,
  write: (row: number, into: Float32Array) => void,
): Promise<Float64Array> {
  const scores = new Float64Array(rows);
  for (let first = 0; first < rows; first += batchSize) {
    const count = Math.min(batchSize, rows - first);
    const data = new Float32Array(count * size);
    for (let i = 0; i < count; i++) write(first + i, data.subarray(i * size, (i + 1) * size));
    const part: Tensor = tf.tensor(data, [count, ...input.shape.slice(1)], input.dtype);
    try {
      const found = await predictRows(model, [part], count, signal, () => 'a changed example');
      for (let i = 0; i < count; i++) {
        const target = targetOf(first + i);
        if (target >= found.outputs) throw otherModel(target, found.outputs);
        scores[first + i] = found.data[i * found.outputs + target]!;
      }
    } finally {
      part.dispose();
    }
  }
  return scores;
}

/** @throws ShapeError if the attributions are not those of the input's numbers. */
export function checkSameShape(caller: string, {attributions}: Explanation, {input}: Measured): void {
  const [found] = attributions;
  if (found !== undefined && found.data.length === input.data.length) return;
  throw new ShapeError(
    `${caller} compares attributions [${found?.shape.join(', ')}] with inputs [${input.shape.join(', ')}].`,
    {hint: 'Give an explanation of the inputs themselves.', code: 'shape/explanation'},
  );
}

function otherModel(target: number, outputs: number): ConfigurationError {
  return new ConfigurationError(`Score ${target} is explained, and the model measured gives ${outputs}.`, {
    hint: 'Measure the model that was explained, at the same output.',
    code: 'configuration/target',
  });
}

/**
 * What inputs are moved by, `[samples, batch, …]`: as given, or drawn.
 *
 * @throws ShapeError for numbers that do not fit, DataError for numbers that are not finite, ConfigurationError for
 * inputs that cannot be moved.
 */
export function movesOf(
  caller: string,
  {perturbations, samples = 10}: {perturbations?: ArrayLike<number>; samples?: number},
  {input: {data, dtype}, isDiscrete}: Pick<Measured, 'input' | 'isDiscrete'>,
  draw: () => number,
): {moves: ArrayLike<number>; samples: number} {
  if (isDiscrete) {
    throw new ConfigurationError(
      `${caller} moves inputs a little, and these are ${dtype === 'float32' ? 'words that an embedding looks up' : `integers (${dtype})`}.`,
      {
        hint: 'Measure perturbationCurves(), or a function of the embedded words.',
        code: 'configuration/integers',
      },
    );
  }
  const moves = perturbations ?? Float32Array.from({length: samples * data.length}, draw);
  const rows = moves.length / data.length;
  if (!Number.isInteger(rows) || rows < 1) {
    throw new ShapeError(`There are ${moves.length} numbers of perturbations for inputs of ${data.length}.`, {
      hint: 'Give [samples, batch, …].',
      code: 'shape/perturbations',
    });
  }
  checkNumbers(moves, `The array of perturbations`);
  return {moves, samples: rows};
}
