/** Tables of numbers that explainers look at beside the examples, such as training data. */
import {Tensor} from '@tensorflow/tfjs-core';
import {DataError, ShapeError} from '../core';

/** A table, one row an example: a tensor, or nested arrays. */
export type MatrixLike = Tensor | readonly (readonly number[])[];

/** The same as plain numbers. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row by row, each rounded to float32 as the examples are, so that equal numbers are equal. */
  readonly data: Float64Array;
}

/**
 * The numbers of a table: a promise that rejects with a DataError for a number that is not finite.
 *
 * @throws at once ShapeError for what is no table, DataError for an empty one.
 */
export function readMatrix(given: MatrixLike, name: string): Promise<Matrix> {
  const shape = given instanceof Tensor ? given.shape : [given.length, given[0]?.length ?? 0];
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2 || (!(given instanceof Tensor) && given.some(row => row.length !== columns))) {
    throw new ShapeError(`${name} is no table; its shape is [${shape.join(', ')}].`, {
      hint: 'Give [examples, features].',
    });
  }
  if (rows === 0 || columns === 0) {
    throw new DataError(`${name} is empty.`, {hint: 'Give [examples, features].', code: 'data/empty'});
  }
  return read(given, [rows, columns], name);
}

async function read(given: MatrixLike, [rows, columns]: [number, number], name: string): Promise<Matrix> {
  const data = Float64Array.from(given instanceof Tensor ? await given.data() : given.flat(), Math.fround);
  const at = data.findIndex(value => !Number.isFinite(value));
  if (at < 0) return {rows, columns, data};
  throw new DataError(
    `${name} holds ${String(data[at])} in row ${Math.floor(at / columns)}, column ${at % columns}.`,
    {hint: 'Fill in what is missing first.', code: 'data/not-finite'},
  );
}

/** A column, in ascending order. */
export function sortedColumn({rows, columns, data}: Matrix, column: number): Float64Array {
  return Float64Array.from({length: rows}, (_, i) => data[i * columns + column]!).sort();
}

/** A quantile of sorted numbers, between neighbours by linear interpolation as in NumPy. */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

/** Mean and standard deviation (of the population). */
export function meanAndStd(values: ArrayLike<number>): {mean: number; std: number} {
  const count = Math.max(1, values.length);
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += values[i]! / count;
  let variance = 0;
  for (let i = 0; i < values.length; i++) variance += (values[i]! - mean) ** 2 / count;
  return {mean, std: Math.sqrt(variance)};
}
