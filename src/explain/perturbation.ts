/** What methods share that look at a model from outside: at what it gives for changed examples. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {predictRows} from './explainer';
import type {Request, RowName} from './explainer';

/** What scoring takes of a request. */
export type Scoring = Pick<Request, 'model' | 'batchSize' | 'signal' | 'count'>;

/** Scores of many examples, row by row. */
export interface Scores {
  readonly data: Float32Array;
  readonly outputs: number;
}

/**
 * Scores of examples that are made a chunk at a time, so that memory does not grow with their number.
 *
 * @param build makes the inputs of rows `[first, first + size)`; they are disposed here
 * @throws DataError for a score that is not finite.
 */
export async function scoreInChunks(
  {model, batchSize, signal, count}: Scoring,
  rows: number,
  build: (first: number, size: number) => Tensor[],
  nameOf: RowName = () => 'a changed example',
): Promise<Scores> {
  let data = new Float32Array(0);
  let outputs = 1;
  for (let first = 0; first < rows; first += batchSize) {
    const size = Math.min(batchSize, rows - first);
    const inputs = build(first, size);
    try {
      const scores = await predictRows(model, inputs, batchSize, signal, nameOf);
      if (first === 0) data = new Float32Array(rows * scores.outputs);
      outputs = scores.outputs;
      data.set(scores.data, first * outputs);
    } finally {
      tf.dispose(inputs);
    }
    count(size);
  }
  return {data, outputs};
}

/** The scores of one output. */
export function scoresOf({data, outputs}: Scores, output: number): Float32Array {
  return Float32Array.from({length: data.length / outputs}, (_, i) => data[i * outputs + output]!);
}
