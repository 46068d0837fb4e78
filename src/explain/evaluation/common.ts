/** What the measures share: one input, its numbers, and scores of rows that are made as they are needed. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError, checkNames} from '../../core';
import {predictRows, readValues} from '../explainer';
import type {Explanation, Values} from '../explanation';
import {takeInputs} from '../inputs';
import type {ExplainInput} from '../inputs';
import {scoredModel} from '../model';
import type {ExplainableModel, ModelOptions, ScoredModel} from '../model';

/** What every measure of an explanation takes. */
export interface MeasureOptions extends ModelOptions {
  /** Rows that go through the model at a time. Default 100. */
  batchSize?: number;
  /** Ends the work with the signal's reason. */
  signal?: AbortSignal;
}

/** A model and the examples explained. */
export interface Measured {
  readonly model: ScoredModel;
  readonly input: Values;
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
  const {batchSize = 100, signal} = options;
  const whole = positive(caller, 'batchSize', batchSize);
  const scored = scoredModel(model, options);
  const tensors = await takeInputs(input, scored);
  try {
    const values = await readValues(tensors[0]!);
    if (tensors.length !== 1) {
      throw new ConfigurationError(`${caller} looks at models with one input; this has ${tensors.length}.`, {
        hint: 'Give a function of one input that fixes the others.',
        code: 'configuration/inputs',
      });
    }
    if (explanation !== undefined && explanation.batch !== values.shape[0]) {
      throw new ShapeError(
        `${explanation.batch} examples are explained, but ${values.shape[0]} were given.`,
        {
          hint: 'Give the examples that the explanation explains.',
          code: 'shape/explanation',
        },
      );
    }
    return {
      model: scored,
      input: values,
      size: values.data.length / values.shape[0]!,
      batchSize: whole,
      signal,
    };
  } finally {
    tf.dispose(tensors);
  }
}

/** A whole number of at least one. */
export function positive(caller: string, name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new ConfigurationError(`${name} of ${caller} is ${String(value)}.`, {
    hint: 'Give a whole number, at least 1.',
  });
}

/**
 * The scores of rows, `batchSize` at a time, each of the target of its example.
 *
 * @param write puts a row into its place, which holds zeros
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
    const part: Tensor = tf.tensor(data, [count, ...input.shape.slice(1)]);
    try {
      const found = await predictRows(model, [part], count, signal, () => 'a changed example');
      for (let i = 0; i < count; i++)
        scores[first + i] = found.data[i * found.outputs + targetOf(first + i)]!;
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
